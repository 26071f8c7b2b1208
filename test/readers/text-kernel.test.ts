/** The kernel that reads texts: it leaves to the parser what is unusual, and reads all else exactly like it. */

import { describe, expect, it } from "@jest/globals";
import { MersenneTwister } from "../../src/random/mersenne-twister.js";
import { openTextKernel } from "../../src/readers/text-kernel.js";
import { newStreams } from "../../src/readers/text-streams.js";
import { epoch, open, streamsOf, type Options } from "./small-texts.js";

const kernel = openTextKernel();
if (kernel === undefined) console.warn("skipped: the kernels have not been built (npm run build)");
const withKernel = kernel === undefined ? describe.skip : describe;

const MISSING = { read: -1, again: false };

/** How many of the sequences of a text the kernel reads before one that it leaves alone. */
function readByKernel(text: string, description: string, lengths: readonly number[]): number {
  const bytes = Buffer.from(text);
  const settings = { streams: streamsOf(description) };
  const rows = lengths.reduce((sum, length) => sum + length, 0);
  const streams = newStreams(settings, rows, bytes.length);
  const block = { streams, lengths: Uint32Array.from(lengths), bytes: bytes.length };
  const inKernel = kernel?.enter(block);
  inKernel?.text.set(bytes);
  const whole = text.endsWith("\n") ? lengths.length : lengths.length - 1;
  let done = 0;
  for (;;) {
    const starts = startsOf(text, lengths);
    const { read, again } = inKernel?.read(done, whole, starts[done] ?? 0) ?? MISSING;
    done += read;
    if (!again) return done;
  }
}

/** Where each sequence begins. */
function startsOf(text: string, lengths: readonly number[]): number[] {
  const lines = text.split(/(?<=\n)/);
  let line = 0;
  return lengths.map((length) => {
    const start = lines.slice(0, line).join("").length;
    line += length;
    return start;
  });
}

withKernel("the kernel reads", () => {
  const ones = [1, 1, 1];
  it.each<[string, string, string, readonly number[], number]>([
    ["dense rows", "|A 1 2\n|A 3 4\n|A 5 6\n", "A:2", ones, 3],
    ["streams in any order, ids", "|A 1 |B 2\n7|B 2|A 1\n8 |B 1 |A 3\n", "A:1 B:1", ones, 3],
    ["comments and carriage returns", "|# x |A 1\r\n|A 1|#\n|A 1 |# |A\n", "A:1", [1, 1], 2],
    ["what is no byte", "|A 1\n|A 256\n|A -0\n", "A:1", ones, 3],
    ["sparse rows", "|B 1:2 0:3.5\n|B\n|B 4:1 4:2 \n", "B:5s", ones, 3],
    ["names that no stream has", "|C 5 |AA 1\n|AA 2|CC x\n|AA 3\n", "A=AA:1", ones, 3],
    ["sequences of several rows", "0|A 1|B 1\n0|A 1\n1|A 2|B 1\n", "A:1 B:1", [2, 1], 2],
  ])("%s", (_, text, streams, lengths, expected) => {
    expect(readByKernel(text, streams, lengths)).toBe(expected);
  });
});

withKernel("the kernel stops before", () => {
  it.each<[string, string, string]>([
    ["too few values", "|A 1", "A:2"],
    ["no values", "|A", "A:2"],
    ["too many values", "|A 1 2 3", "A:2"],
    ["too many values, zeros", "|A 0 0 0 0 0 0 0", "A:2"],
    ["an empty name", "| A 1 2", "A:2"],
    ["a longer name", "|A 1 2 |AB 1", "A:2"],
    ["a blank row", "", "A:2"],
    ["a row without samples", "|# |A", "A:2"],
    ["a stream without samples", "|A 1 2", "A:2 B:1"],
    ["two samples in a row", "|A 1 2 |A 1 2", "A:2"],
    ["more samples than streams", "|A 1 2 |A 1 2 |B 1", "A:2 B:1"],
    ["text before a name", "x |A 1 2", "A:2"],
    ["a word", "|A 1 x", "A:2"],
    ["a sign alone", "|A 1 -", "A:2"],
    ["a point first", "|A 1 .5", "A:2"],
    ["an exponent without digits", "|A 1 1e+", "A:2"],
    ["an exponent after a point", "|A 1 1.e1", "A:2"],
    ["a comma", "|A 1,2", "A:2"],
    ["an index that is too large", "|B 5:1", "B:5s"],
    ["an index that is far too large", "|B 99999999999999999999:1", "B:5s"],
    ["no index", "|B :1", "B:5s"],
    ["no colon", "|B 1", "B:5s"],
    ["no value", "|B 1:", "B:5s"],
    ["an end without line feed", "|A 1 2", "A:2"],
  ])("%s", (name, row, streams) => {
    const plain = streams.startsWith("B") ? "|B 1:2" : "|A 1 2 |B 1";
    const text = `${streams.includes(" ") ? plain : plain.replace(" |B 1", "")}\n${row}`;
    const end = name.includes("without line feed") ? "" : "\n";
    expect(readByKernel(text + end, streams, [1, 1])).toBe(1);
  });
});

/** A number in any of the notations of the format. */
function randomNumber(random: MersenneTwister): string {
  const digits = (most: number) =>
    Array.from({ length: 1 + random.below(most) }, () => random.below(10)).join("");
  const sign = ["", "", "-", "+"][random.below(4)] ?? "";
  const long = random.below(20) === 0 ? 30 : 6;
  const fraction = random.below(2) === 0 ? "" : `.${digits(long)}`;
  const exponents = ["", "", `e${digits(1)}`, `E+${digits(2)}`, `e-${digits(2)}`, `e-${digits(4)}`];
  return sign + digits(long) + fraction + (exponents[random.below(6)] ?? "");
}

/** Rows of dense and sparse samples, a few of them unusual. */
function randomRows(rows: number, seed: number): string[] {
  const random = new MersenneTwister(seed);
  const dense = (count: number) =>
    Array.from({ length: count }, () => randomNumber(random)).join(" ");
  const small = (count: number) =>
    Array.from({ length: count }, () => random.below(300) % 256).join(" ");
  const sparse = () =>
    Array.from({ length: random.below(4) }, () => `${random.below(9)}:${dense(1)}`);
  const unusual = [
    "|A 1",
    "|A 1 2 3 4 |A 1 2 3 4",
    "|B",
    "|# nothing",
    "",
    "|A 1 . 2 3",
    "|C 10:1",
  ];
  return Array.from({ length: rows }, () => {
    const row = `|A ${dense(4)} |B ${small(3)}\t|C ${sparse().join(" ")}`;
    return random.below(50) === 0 ? `${row} ${unusual[random.below(7)] ?? ""}` : row;
  });
}

withKernel("with and without the kernel", () => {
  // Notes are told of every sequence at traceLevel 2, so that the parser reads all of them.
  const streams = "A:4 B:3 C:9s";
  const reading = (text: string, options: Options) => {
    const log: string[] = [];
    const told = { ...options, maxErrors: 1e6, log: (line: string) => log.push(line) };
    const batches = epoch(open(text, streams, told), 100);
    return { batches, log: log.filter((line) => !line.startsWith("INFO")) };
  };

  it.each<[string, Options]>([
    ["float", {}],
    ["double", { precision: "double" }],
    [
      "shuffled in small chunks",
      { chunkSizeInBytes: 3000, randomization: { window: 3, unit: "chunks" } },
    ],
    ["sequences with ids", {}],
  ])("the same minibatches and warnings: %s", (name, options) => {
    const rows = randomRows(1500, 7);
    const idOf = (row: number) => (name.includes("ids") ? `${Math.floor(row / 3)} ` : "");
    const text = rows.map((row, i) => `${idOf(i)}${row}\n`).join("");
    const withParser = reading(text, { ...options, traceLevel: 2 });
    const withKernelToo = reading(text, { ...options, traceLevel: 1 });
    expect(withKernelToo.log.map(withoutFile)).toEqual(withParser.log.map(withoutFile));
    expect(withKernelToo.batches.length).toBe(withParser.batches.length);
    withParser.batches.forEach((batch, i) => {
      const other = withKernelToo.batches[i];
      expect(other?.sequenceStarts).toEqual(batch.sequenceStarts);
      for (const [stream, data] of batch.streams) {
        const found = other?.streams.get(stream);
        expect(found?.values).toEqual(data.values);
        if (data.kind === "sparse") expect(found).toEqual(data);
      }
    });
  });
});

const withoutFile = (line: string) => line.replace(/ of \S+$/, "");
