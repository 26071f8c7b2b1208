/** How minibatches are cut into pieces of whole sequences. */

import { describe, expect, it } from "@jest/globals";
import type { Minibatch, StreamData } from "../../src/readers/reader.js";
import { subMinibatchCount, subMinibatches } from "../../src/train/sub-minibatches.js";

const dense = (dimension: number, ...values: readonly number[]): StreamData => ({
  kind: "dense",
  dimension,
  values: new Float32Array(values),
});

/** Samples `[index:index]`, sample after sample. */
const sparse = (...indices: readonly (readonly number[])[]): StreamData => ({
  kind: "sparse",
  dimension: 9,
  values: new Float32Array(indices.flat()),
  indices: new Int32Array(indices.flat()),
  starts: new Int32Array([0, ...indices.map((_, i) => indices.slice(0, i + 1).flat().length)]),
});

describe("subMinibatchCount", () => {
  it.each([
    [1, Infinity, 100, 1],
    [4, Infinity, 100, 4],
    [4, 10, 100, 4],
    [1, 30, 100, 4],
    [1, 100, 100, 1],
  ])("numSubminibatches %d, maxSamplesInRAM %d, minibatch %d", (count, most, size, expected) => {
    expect(subMinibatchCount({ numSubminibatches: count, maxSamplesInRAM: most }, size)).toBe(
      expected,
    );
  });
});

describe("subMinibatches", () => {
  it("cuts samples evenly, dense and sparse ones", () => {
    const minibatch: Minibatch = {
      samples: 3,
      streams: new Map([
        ["x", dense(2, 1, 2, 3, 4, 5, 6)],
        ["w", sparse([1], [], [2, 3])],
      ]),
    };
    expect(subMinibatches(minibatch, 2)).toEqual([
      {
        samples: 1,
        streams: new Map([
          ["x", dense(2, 1, 2)],
          ["w", sparse([1])],
        ]),
      },
      {
        samples: 2,
        streams: new Map([
          ["x", dense(2, 3, 4, 5, 6)],
          ["w", sparse([], [2, 3])],
        ]),
      },
    ]);
    expect(subMinibatches(minibatch, 7)).toHaveLength(3);
    expect(subMinibatches(minibatch, 1)).toEqual([minibatch]);
  });

  it("never cuts inside a sequence", () => {
    const minibatch: Minibatch = {
      samples: 6,
      streams: new Map([
        ["words", dense(1, 1, 2, 3, 4, 5, 6)],
        ["label", dense(1, 10, 20, 30)],
      ]),
      sequenceStarts: new Map([
        ["words", new Int32Array([0, 3, 4, 6])],
        ["label", new Int32Array([0, 1, 2, 3])],
      ]),
    };
    expect(subMinibatches(minibatch, 2)).toEqual([
      {
        samples: 3,
        streams: new Map([
          ["words", dense(1, 1, 2, 3)],
          ["label", dense(1, 10)],
        ]),
        sequenceStarts: new Map([
          ["words", new Int32Array([0, 3])],
          ["label", new Int32Array([0, 1])],
        ]),
      },
      {
        samples: 3,
        streams: new Map([
          ["words", dense(1, 4, 5, 6)],
          ["label", dense(1, 20, 30)],
        ]),
        sequenceStarts: new Map([
          ["words", new Int32Array([0, 1, 3])],
          ["label", new Int32Array([0, 1, 2])],
        ]),
      },
    ]);
  });
});
