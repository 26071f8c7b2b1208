/** Damaged text files, read in different ways. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CntkError } from "../../grammar/errors.js";
import type { MersenneTwister } from "../../src/random/mersenne-twister.js";
import type { TextFormatSettings } from "../../src/readers/settings.js";
import { CNTKTextFormatReader } from "../../src/readers/text-format.js";
import { fuzz, generatorOf, mutate, type Outcome, type Pieces } from "./mutations.js";

const INTACT = [
  "|A 1 2.5 |B 3:1 0:-2e3\n|A -4 5 |B 1:1\n|A 6. 7e-2 |B\n|B 4:0.5|A 255 0\n",
  "0 |A 1 2 |B 1:1\n0 |B 2:1 3:1\n0 |# comment |A 3 4\n17 |A 5 6|B 0:1\r\n17\t|A 7\n18 |B 2:2 |A 8 9",
  "\ufeff|A 1 2 |B 3:4 |other 5 6\n|C x |A 3 4 |B\n",
  Array.from({ length: 40 }, (_, i) => `${i >> 1} |A ${i} ${i / 4} |B ${i % 5}:${i}\n`).join(""),
].map((text) => Buffer.from(text));

const PIECES: Pieces = [
  ...[
    "|",
    "||",
    "|#",
    "|A ",
    "|B ",
    "|A",
    "|AB 1",
    ":",
    "1:",
    ":1",
    "5:1",
    "99999999999999999999:1",
  ],
  ...["\n", "\n\n", "\r\n", "\t", " ", "\0", "\ufeff", "é", "\u00ff", "\u007f"],
  ...["1e400", "1e", "1e+", "-", "+", ".", "1.", "1.e1", ".5", "inf", "nan", "0x1", "1-2", "1,2"],
  ...["18446744073709551616", "18446744073709551617 |A 1\n", "007 ", "4\n", "17 "],
  "9".repeat(400),
  "|A 1 2 ".repeat(30),
].map((text) => Buffer.from(text));

const STREAMS: TextFormatSettings["streams"] = [
  { name: "A", alias: "A", dimension: 2, format: "dense" },
  { name: "B", alias: "B", dimension: 5, format: "sparse" },
];

const choice = <T>(random: MersenneTwister, ...values: readonly [T, ...T[]]): T =>
  values[random.below(values.length)] ?? values[0];

/** All minibatches of two sweeps. */
function readAll(file: string, random: MersenneTwister): void {
  const window = choice(random, 0, 1, 3, 128);
  const reader = CNTKTextFormatReader(
    {
      file,
      streams: STREAMS,
      randomization:
        window === 0 ? undefined : { window, unit: choice(random, "chunks", "samples") },
      chunkSizeInBytes: choice(random, 33554432, 64, 1),
      keepDataInMemory: false,
      frameMode: choice(random, false, false, true),
      skipSequenceIds: choice(random, false, false, true),
      maxErrors: choice(random, 0, 3, 1000),
      traceLevel: choice(random, 0, 1, 2),
    },
    () => undefined,
    choice(random, 0, 200, 2 ** 28),
  );
  const minibatchSize = choice(random, 1, 3, 1000);
  for (let epoch = 0; epoch < 2; epoch++) {
    reader.startEpoch({ minibatchSize, epoch, epochSize: choice(random, 0, 5) });
    while (reader.nextMinibatch() !== undefined);
  }
}

/** Reads damaged texts. */
export function fuzzTexts(runs: number, seed: number): Outcome {
  const folder = mkdtempSync(path.join(tmpdir(), "fuzz-"));
  const file = path.join(folder, "text");
  try {
    return fuzz(
      runs,
      (run) => {
        const random = generatorOf(seed, run);
        const intact = INTACT[random.below(INTACT.length)] ?? new Uint8Array();
        writeFileSync(file, mutate(intact, random, PIECES));
        readAll(file, random);
      },
      (error) => error instanceof CntkError,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
