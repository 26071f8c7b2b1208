/** Epochs, minibatches and workers (readers.md 3.1 to 3.4). */

import { describe, expect, it } from "@jest/globals";
import { SequenceEnumerator, type Corpus, type EpochShare } from "../../src/readers/enumerator.js";
import type { Randomization } from "../../src/readers/randomizer.js";

const ALL: Randomization = { window: 128, unit: "chunks" };

/** Chunks of sequences, given by their lengths. */
function corpusOf(...chunks: number[][]): Corpus {
  return {
    chunks: chunks.map((lengths) => ({
      sequences: lengths.length,
      samples: lengths.reduce((sum, length) => sum + length, 0),
    })),
    lengths: Uint32Array.from(chunks.flat()),
  };
}

const ones = (...sizes: number[]): Corpus => ({
  chunks: sizes.map((size) => ({ sequences: size, samples: size })),
});

interface Case {
  corpus: Corpus;
  randomization?: Randomization;
  minibatchSize: number;
  share: EpochShare;
}

/** The sequences of each minibatch of an epoch, numbered in the order of the file. */
function minibatches({ corpus, randomization, minibatchSize, share }: Case): number[][] {
  const first = corpus.chunks.map((_, chunk) =>
    corpus.chunks.slice(0, chunk).reduce((sum, { sequences }) => sum + sequences, 0),
  );
  const enumerator = new SequenceEnumerator(corpus, randomization);
  enumerator.startEpoch(share);
  const found: number[][] = [];
  for (let batch = enumerator.next(minibatchSize); batch; batch = enumerator.next(minibatchSize)) {
    const { sequences, chunks } = batch;
    expect(sequences.filter(({ chunk }) => !chunks.includes(chunk))).toEqual([]);
    found.push(sequences.map(({ chunk, index }) => index + (first[chunk] ?? 0)));
  }
  return found;
}

const shown = (batches: number[][]) => batches.map((batch) => `[${batch.join(" ")}]`).join("");

const TEN = ones(2, 2, 2, 2, 2);
const MIXED = corpusOf([1, 2, 3], [4, 1, 2], [3, 4, 1]);

describe("one worker", () => {
  it.each<[string, Case, string]>([
    ...(
      [
        [0, "[6 3 1][5 9 0][4]"],
        [1, "[2 7 8][3 0 8][4]"],
        [2, "[7 5 2][9 1 6][6]"],
      ] as const
    ).map(([epoch, expected]): [string, Case, string] => [
      `ten samples, epochs of 7, epoch ${epoch}`,
      { corpus: TEN, randomization: ALL, minibatchSize: 3, share: { epoch, epochSize: 7 } },
      expected,
    ]),
    ...(
      [
        [0, 0, "[7][3][4 0 5][8 2][6][1]"],
        [1, 0, "[4][3][0 2][6][5 8][7][1]"],
        [0, 21, "[7][3][4 0 5][8 2][6][1]"],
        [0, 7, "[7][3]"],
        [1, 7, "[4 0 5][8][2]"],
        [2, 7, "[6][1]"],
      ] as const
    ).map(([epoch, epochSize, expected]): [string, Case, string] => [
      `sequences of several samples, epochs of ${epochSize}, epoch ${epoch}`,
      { corpus: MIXED, randomization: ALL, minibatchSize: 4, share: { epoch, epochSize } },
      expected,
    ]),
    [
      "an epoch of several sweeps: no minibatch over the end of a sweep",
      { corpus: ones(4), minibatchSize: 3, share: { epoch: 1, epochSize: 6 } },
      "[2 3][0 1 2][3]",
    ],
    [
      "order of the file, epochs of 7, epoch 1",
      { corpus: TEN, minibatchSize: 4, share: { epoch: 1, epochSize: 7 } },
      "[7 8 9][0 1 2 3]",
    ],
    [
      "order of the file, a sequence across the border of two epochs",
      { corpus: MIXED, minibatchSize: 4, share: { epoch: 1, epochSize: 8 } },
      "[4 5][6]",
    ],
    [
      "a sequence longer than the minibatch comes alone",
      { corpus: corpusOf([1, 5, 1]), minibatchSize: 2, share: { epoch: 0, epochSize: 0 } },
      "[0][1][2]",
    ],
  ])("%s", (_, given, expected) => {
    expect(shown(minibatches(given))).toBe(expected);
  });
});

describe("several workers", () => {
  it.each<[string, Randomization | undefined, number, string[]]>([
    ["shuffled, 2 workers", ALL, 2, ["[6 5][9 4][7 8]", "[3 1][0 2][]"]],
    ["shuffled, 3 workers", ALL, 3, ["[3][9 2][8]", "[1 5][0 4][]", "[6][][7]"]],
    ["order of the file, 2 workers", undefined, 2, ["[0 2][4 6][8]", "[1 3][5 7][9]"]],
  ])("%s", (_, randomization, count, expected) => {
    const found = expected.map((__, rank) => {
      const share = { epoch: 0, epochSize: 0, worker: { rank, count } };
      const given = { corpus: TEN, minibatchSize: 4, share };
      return shown(minibatches(randomization === undefined ? given : { ...given, randomization }));
    });
    expect(found).toEqual(expected);
  });

  it("gives nothing to a worker beyond the number of chunks", () => {
    const share = { epoch: 0, epochSize: 0, worker: { rank: 1, count: 2 } };
    expect(minibatches({ corpus: ones(10), randomization: ALL, minibatchSize: 4, share })).toEqual(
      [],
    );
  });

  const MNIST = ones(17998, 18011, 18013, 5978);
  it.each([
    [0, 0, 37, "46290 42396 47927 25650 43576 35305 51842 29592 51007 27387", 36024],
    [
      1,
      0,
      27,
      "6105 7054 8249 9810 6638 4462 14007 10911 11762 5381 8994 7948 59146 12086 1106 55266 11956 10207 2502 59950 " +
        "14559 8366 1516 10180 6895 58686 14999",
      23976,
    ],
    [0, 1, undefined, "", 23976],
    [0, 2, undefined, "", 36009],
    [1, 1, undefined, "", 36024],
    [1, 2, undefined, "", 23991],
  ])("MNIST, rank %i of 2, sweep %i", (rank, epoch, size, first, owned) => {
    const share = { epoch, epochSize: 60000, worker: { rank, count: 2 } };
    const given: Case = { corpus: MNIST, randomization: ALL, minibatchSize: 64, share };
    const found = minibatches(given);
    expect(found.flat().length).toBe(owned);
    if (size === undefined) return;
    expect(found[0]?.length).toBe(size);
    const expected = first.split(" ").map(Number);
    expect(found[0]?.slice(0, expected.length)).toEqual(expected);
  });
});

describe("chunks at hand", () => {
  it("are those of the window, in the order of the sweep", () => {
    const enumerator = new SequenceEnumerator(ones(3, 3, 3, 3, 3, 3), {
      window: 2,
      unit: "chunks",
    });
    enumerator.startEpoch({ epoch: 0, epochSize: 0 });
    const chunks = Array.from({ length: 6 }, () => enumerator.next(3)?.chunks);
    expect(chunks).toEqual([
      [3, 2],
      [3, 2, 1],
      [2, 1, 0],
      [1, 0, 4],
      [0, 4, 5],
      [4, 5],
    ]);
  });

  it("are only the current one in the order of the file", () => {
    const enumerator = new SequenceEnumerator(ones(2, 2, 2));
    enumerator.startEpoch({ epoch: 0, epochSize: 0 });
    expect([enumerator.next(3)?.chunks, enumerator.next(3)?.chunks]).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });
});

it("MNIST in minibatches of 64: 937 full ones and one of 32", () => {
  const share = { epoch: 3, epochSize: 60000 };
  const sizes = minibatches({
    corpus: ones(18008, 18021, 18022, 5949),
    randomization: ALL,
    minibatchSize: 64,
    share,
  }).map((batch) => batch.length);
  expect(sizes.length).toBe(938);
  expect(sizes.slice(0, 937).every((size) => size === 64)).toBe(true);
  expect(sizes.at(-1)).toBe(32);
});
