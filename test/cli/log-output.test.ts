import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { dateAndTime, LogOutput, progressText, timestamp } from "../../src/cli/log-output.js";

function captured(columns?: number) {
  let text = "";
  const output = new LogOutput({ write: (more) => (text += more), columns });
  return { output, text: () => text };
}

const PROGRESS = { epoch: 2, epochs: 3, samples: 15000, total: 60000, samplesPerSecond: 1000 };

describe("LogOutput", () => {
  it("stamps lines only where asked to", () => {
    const { output, text } = captured();
    output.stamped("one");
    output.setTimestamps(true);
    output.line("two");
    output.stamped("\nthree");
    expect(text().replace(/\d/g, "9")).toBe("one\ntwo\n99/99/9999 99:99:99: \nthree\n");
  });

  it("appends to a file once redirected, without progress", () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), "tscntk-"));
    try {
      const file = path.join(directory, "new", "log.txt");
      const { output, text } = captured(80);
      expect(output.progress).toBeDefined();
      output.redirectTo(file);
      expect(output.progress).toBeUndefined();
      output.line("one");
      output.close();
      const again = captured();
      again.output.redirectTo(file);
      again.output.line("two");
      again.output.close();
      expect(text()).toBe(`Redirecting stderr to file ${file}\n`);
      expect(readFileSync(file, "utf8")).toBe("one\ntwo\n");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  const full = "/dev/full";
  if (!existsSync(full)) console.warn(`skipped: there is no ${full}`);
  (existsSync(full) ? it : it.skip)(
    "says so if the disk of the log is full, and goes on without it",
    () => {
      const { output, text } = captured();
      output.redirectTo(full);
      expect(() => {
        output.line("one");
      }).toThrow("cannot write to the log file: ENOSPC: no space left on device");
      output.line("two");
      expect(text()).toBe(`Redirecting stderr to file ${full}\ntwo\n`);
    },
  );

  it("shows progress on a terminal and wipes it before the next line", () => {
    const { output, text } = captured(30);
    output.progress?.(PROGRESS);
    output.line("done");
    output.line("more");
    expect(text()).toBe("\r\u001b[KEpoch 2 of 3: 25 %, 1000 samp\r\u001b[Kdone\nmore\n");
  });

  it("shows no progress where the log is not a terminal", () => {
    expect(captured().output.progress).toBeUndefined();
  });
});

describe("progressText", () => {
  it.each([
    [PROGRESS, "Epoch 2 of 3: 25 %, 1000 samples/s, 1:45 left"],
    [{ ...PROGRESS, samplesPerSecond: 10 }, "Epoch 2 of 3: 25 %, 10 samples/s, 2:55:00 left"],
    [{ ...PROGRESS, samplesPerSecond: 0 }, "Epoch 2 of 3: 25 %, 0 samples/s"],
    [{ ...PROGRESS, epoch: 3, samples: 60000 }, "Epoch 3 of 3: 100 %, 1000 samples/s, 0:00 left"],
  ])("%j", (progress, expected) => {
    expect(progressText(progress)).toBe(expected);
  });
});

describe("time", () => {
  const time = new Date(2017, 0, 8, 5, 46, 7);

  it("stamps lines as CNTK does", () => {
    expect(timestamp(time)).toBe("01/08/2017 05:46:07");
    expect(dateAndTime(time)).toBe("2017/01/08 05:46:07");
  });
});
