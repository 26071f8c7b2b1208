/** Event files, as bytes and as they come out of a training. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { runProgram } from "../../../src/cli/program.js";
import { crc32c } from "../../../src/cli/tensorboard/crc32c.js";
import { record, scalarsEvent } from "../../../src/cli/tensorboard/event.js";
import { readEvents } from "./read-events.js";

const directory = mkdtempSync(path.join(os.tmpdir(), "tscntk-events-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

describe("crc32c", () => {
  // RFC 3720, B.4
  it.each([
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 ones", new Uint8Array(32).fill(255), 0x62a8ab43],
    ["ascending", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["descending", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ["the usual digits", Buffer.from("123456789"), 0xe3069283],
  ])("%s", (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});

describe("scalarsEvent", () => {
  it("is read as it was written", () => {
    const scalars = [
      { tag: "epoch/ce", value: 0.25 },
      { tag: "epoch/Größe", value: -3e-8 },
    ];
    const [event] = readEvents(record(scalarsEvent(1234.5, 70000, scalars)));
    expect(event).toEqual({
      wallTime: 1234.5,
      step: 70000,
      version: undefined,
      scalars: new Map([
        ["epoch/ce", 0.25],
        ["epoch/Größe", Math.fround(-3e-8)],
      ]),
    });
  });
});

const CONFIG = `
command = first:second ; maxEpochs = 2 ; minibatchSize = 4 ; learningRatesPerSample = 0.1
numMBsToShowResult = 2
reader = { readerType = CNTKTextFormatReader ; file = "${directory}/data.txt" ; input = { x = { dim = 1 ; format = dense } ; y = { dim = 1 ; format = dense } } }
BrainScriptNetworkBuilder = {
  x = Input {1} ; y = Input {1}
  w = ParameterTensor {1, initValue = 0}
  square = SquareError (y, w .* x)
  featureNodes = (x) ; labelNodes = (y) ; criterionNodes = (square)
}
first = { action = train ; modelPath = "${directory}/first" ; SGD = {} ; cvReader = $reader$ }
second = { action = train ; modelPath = "${directory}/second" ; SGD = {} }
`;

/** Trains, with the log on a terminal of that width or in a file. */
async function train(columns: number | undefined, ...more: readonly string[]) {
  const config = path.join(directory, "train.cntk");
  writeFileSync(config, CONFIG);
  writeFileSync(
    path.join(directory, "data.txt"),
    Array.from({ length: 16 }, (_, i) => `|x ${i % 3} |y ${2 * (i % 3)}\n`).join(""),
  );
  let log = "";
  const status = await runProgram(
    ["--backend=cpu", `configFile=${config}`, "makeMode=false", ...more],
    { stdout: () => undefined, stderr: { write: (text) => (log += text), columns } },
  );
  return { status, log };
}

function eventsIn(folder: string) {
  const files = readdirSync(path.join(directory, folder));
  expect(files).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d{10}\../)]);
  return readEvents(readFileSync(path.join(directory, folder, files[0] ?? "")));
}

describe("--tensorboard", () => {
  it("writes what training reports, a run for each command", async () => {
    const { status, log } = await train(undefined, "--tensorboard", path.join(directory, "tb"));
    expect(status).toBe(0);
    expect(readdirSync(path.join(directory, "tb")).sort()).toEqual(["first", "second"]);
    const [version, ...events] = eventsIn("tb/first");
    expect(version?.version).toBe("brain.Event:2");
    expect(events.map(({ step, scalars }) => [step, ...scalars.keys()])).toEqual(
      [1, 2].flatMap((epoch) => [
        ...[1, 2].map((shown) => [
          16 * (epoch - 1) + 8 * shown,
          ...["minibatch/square", "minibatch/learningRatePerSample", "minibatch/samplesPerSecond"],
        ]),
        [epoch, "epoch/square", "epoch/learningRatePerSample", "epoch/samplesPerSecond"],
        [epoch, "validation/square"],
      ]),
    );
    const logged = [...log.matchAll(/^Finished Epoch.*\[Training\] square = (\S+) /gm)];
    const epochs = events.flatMap(({ scalars }) => scalars.get("epoch/square") ?? []);
    expect(epochs).toHaveLength(2);
    epochs.forEach((value, i) => expect(value).toBeCloseTo(Number(logged[i]?.[1]), 6));
    for (const { wallTime } of events)
      expect(Math.abs(wallTime - Date.now() / 1000)).toBeLessThan(60);
  });

  it("says what is wrong with the folder", async () => {
    writeFileSync(path.join(directory, "file"), "");
    const { status, log } = await train(undefined, `--tensorboard=${path.join(directory, "file")}`);
    expect(status).toBe(1);
    expect(log).toMatch(/running: cannot write TensorBoard's events: E\w+: .*\n {2}hint: choose/);
  });

  it("asks for a folder", async () => {
    const { status, log } = await train(undefined, "--tensorboard");
    expect(status).toBe(1);
    expect(log).toContain("--tensorboard: expected a folder for TensorBoard's event files");
  });
});

describe("the plot at the end", () => {
  it("is shown on a terminal and never in a file", async () => {
    expect((await train(80)).log).toContain("\nsquare over 2 epochs\n");
    expect((await train(undefined)).log).not.toContain("over 2 epochs");
    const stderr = path.join(directory, "log.txt");
    expect((await train(80, `stderr=${stderr}`)).log).not.toContain("over 2 epochs");
    expect(readFileSync(stderr, "utf8")).not.toContain("over 2 epochs");
  });
});
