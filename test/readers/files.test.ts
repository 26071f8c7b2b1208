/** Data files that are packed, that do not fit into memory, that change or vanish, and that several workers share. */

import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import type { Randomization } from "../../src/readers/randomizer.js";
import type { Reader } from "../../src/readers/reader.js";
import { epoch, errorOf, fileOf, open, shown, type Options } from "./small-texts.js";

const EVERYTHING: Randomization = { window: 128, unit: "chunks" };

/** Sequences of one to four rows, dense and sparse, some of them jagged. */
const SEQUENCES = Array.from({ length: 60 }, (_, id) =>
  Array.from({ length: 1 + ((id * 7) % 4) }, (_, row) => {
    const sparse = row === 0 || id % 3 > 0 ? ` |B ${id % 5}:${row + 0.5} 4:1` : "";
    return `${id} |A ${id} ${row}${sparse}\n`;
  }).join(""),
).join("");

const LINES = Array.from({ length: 200 }, (_, i) => `|A ${i} 0.5 |B ${i % 5}:1\n`).join("");

/** All minibatches of three sweeps. */
function sweeps(reader: Reader): object[] {
  const found: object[] = [];
  for (let number = 0; number < 3; number++) {
    reader.startEpoch({ minibatchSize: 7, epoch: number, epochSize: 0 });
    for (let batch = reader.nextMinibatch(); batch; batch = reader.nextMinibatch())
      found.push(shown(batch));
  }
  return found;
}

describe("data larger than memory", () => {
  it.each<[string, string, Options]>([
    ["lines", LINES, { randomization: EVERYTHING }],
    ["lines in the order of the file", LINES, {}],
    ["lines, shuffled in a small window", LINES, { randomization: { ...EVERYTHING, window: 3 } }],
    ["lines without the last line feed", LINES.trimEnd(), { randomization: EVERYTHING }],
    ["lines with a byte order mark", `\ufeff${LINES}`, { randomization: EVERYTHING }],
    ["sequences", SEQUENCES, { randomization: EVERYTHING }],
    [
      "sequences, shuffled by samples",
      SEQUENCES,
      { randomization: { window: 30, unit: "samples" } },
    ],
    ["sequences without the last line feed", SEQUENCES.trimEnd(), { randomization: EVERYTHING }],
  ])("come in the same minibatches: %s", (_, text, options) => {
    const all = { ...options, chunkSizeInBytes: 100 };
    const expected = sweeps(open(text, "A:2 B:5s", all));
    for (const memoryBudget of [0, 700])
      expect(sweeps(open(text, "A:2 B:5s", { ...all, memoryBudget }))).toEqual(expected);
  });

  it.each<[string, string, string, number]>([
    ["lines", LINES.replace("|A 150 0.5", "|A 150 x"), "|A 150 x |B 0:1", 151],
    ["sequences", SEQUENCES.replace("|A 37 0", "|A 37 x"), "37 |A 37 x |B 2:0.5 4:1", 92],
  ])("have mistakes at the same place: %s", (_, text, line, number) => {
    const file = fileOf(text);
    const mistakeWith = (memoryBudget: number) => {
      const options = { file, chunkSizeInBytes: 100, randomization: EVERYTHING, memoryBudget };
      return errorOf(() => epoch(open("", "A:2 B:5s", options))).format();
    };
    expect(mistakeWith(0)).toBe(mistakeWith(1e9));
    expect(mistakeWith(0)).toContain(`${file}:${number}:`);
    expect(mistakeWith(0)).toContain(`${number} | ${line}\n`);
  });
});

describe("packed data", () => {
  it.each<[string, string | Uint8Array]>([
    ["one part", gzipSync(LINES)],
    ["two parts", Buffer.concat([gzipSync(LINES.slice(0, 999)), gzipSync(LINES.slice(999))])],
  ])("are unpacked: %s", (_, bytes) => {
    const options = { chunkSizeInBytes: 100, randomization: EVERYTHING, memoryBudget: 500 };
    const file = `${fileOf("")}.gz`;
    writeFileSync(file, bytes);
    const expected = sweeps(open(LINES, "A:2 B:5s", options));
    expect(sweeps(open("", "A:2 B:5s", { ...options, file }))).toEqual(expected);
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ["not packed", LINES, /: incorrect header check$/],
    ["cut off", gzipSync(LINES).subarray(0, -20), /: unexpected end of file$/],
    ["damaged", gzipSync(LINES).fill(7, 100, 120), /: invalid .*$/],
    ["of nothing", gzipSync(""), /: the file is empty$/],
  ])("are errors where they are %s", (_, bytes, message) => {
    const file = `${fileOf("")}.gz`;
    writeFileSync(file, bytes);
    const error = errorOf(() => open("", "A:2 B:5s", { file }));
    expect([error.phase, error.message]).toEqual(["reading", expect.stringMatching(message)]);
    expect(error.message).toContain(file);
  });

  it("may not change either", () => {
    const file = `${fileOf("")}.gz`;
    writeFileSync(file, gzipSync(LINES));
    const reader = open("", "A:2 B:5s", { file, chunkSizeInBytes: 100 });
    reader.startEpoch({ minibatchSize: 1, epoch: 0, epochSize: 0 });
    appendFileSync(file, "more");
    expect(errorOf(() => reader.nextMinibatch()).message).toBe(
      `${file}: the file changed while it was being read`,
    );
  });
});

describe("a data file that is gone wrong after the first minibatch", () => {
  it.each<[string, (file: string) => void, RegExp]>([
    ["it grows", (file) => appendFileSync(file, "|A 1 1 |B 1:1\n"), /: the file changed while it/],
    [
      "it shrinks",
      (file) => truncateSync(file, 900),
      /: the file changed while it was being read$/,
    ],
    [
      "it is written anew, as long as before",
      (file) => writeFileSync(file, readFileSync(file, "utf8").replaceAll("1", "2")),
      /: the file changed while it was being read$/,
    ],
    [
      "it is replaced",
      (file) => renameSync(fileOf("|A 1 1 |B 1:1\n"), file),
      /: the file changed while it was being read$/,
    ],
    ["it vanishes", (file) => rmSync(file), /: the file vanished while it was being read: ENOENT/],
  ])("%s", async (_, spoil, message) => {
    for (const memoryBudget of [0, 1e9]) {
      const file = fileOf(LINES);
      const options = { file, chunkSizeInBytes: 100, memoryBudget };
      const reader = open("", "A:2 B:5s", options);
      reader.startEpoch({ minibatchSize: 1, epoch: 0, epochSize: 0 });
      expect(reader.nextMinibatch()?.samples).toBe(1);
      // the system's clock for files is coarse
      await new Promise((resolve) => setTimeout(resolve, 20));
      spoil(file);
      const error = errorOf(() => {
        while (reader.nextMinibatch() !== undefined);
      });
      expect([error.phase, error.message]).toEqual(["reading", expect.stringMatching(message)]);
    }
  });

  it("does no harm to what is in memory", () => {
    const file = fileOf(LINES);
    const reader = open("", "A:2 B:5s", { file, keepDataInMemory: true, chunkSizeInBytes: 100 });
    const expected = epoch(reader, 7);
    rmSync(file);
    expect(epoch(reader, 7)).toEqual(expected);
  });
});

describe("several workers", () => {
  // readers.md 3.3: five chunks of two one-sample sequences, minibatches of 4, sweep 0
  const text = Array.from({ length: 10 }, (_, i) => `|A ${i}\n`).join("");

  it.each<[number, Randomization | undefined, string[]]>([
    [2, EVERYTHING, ["6|5 9|4 7|8", "3|1 0|2 -"]],
    [3, EVERYTHING, ["3 9|2 8", "1|5 0|4 -", "6 - 7"]],
    [2, undefined, ["0|2 4|6 8", "1|3 5|7 9"]],
  ])("%i of them, shuffled by %j", (count, randomization, expected) => {
    const options = { chunkSizeInBytes: 10, randomization };
    const shares = Array.from({ length: count }, (_, rank) => {
      const reader = open(text, "A:1", options);
      reader.startEpoch({ minibatchSize: 4, epoch: 0, epochSize: 0, worker: { rank, count } });
      const batches: string[] = [];
      for (let batch = reader.nextMinibatch(); batch; batch = reader.nextMinibatch()) {
        const values = batch.streams.get("A")?.values.join("|");
        batches.push(batch.samples === 0 ? "-" : (values ?? ""));
      }
      return batches.join(" ");
    });
    expect(shares).toEqual(expected);
  });
});
