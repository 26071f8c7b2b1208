/** What a reader delivers: minibatches of plain arrays, in CNTK's sample order (readers.md 3). */

import type { FloatArray } from "./float-array.js";

/** One stream of a minibatch, sample after sample. */
export type StreamData = DenseData | SparseData;

export interface DenseData {
  readonly kind: "dense";
  readonly dimension: number;
  readonly values: FloatArray;
  /** where a reader keeps the samples: `writeSamples` copies them once only, `values` are a copy of their own */
  readonly rows?: SampleRows;
}

/** Samples as rows of larger arrays. */
export interface SampleRows {
  readonly sources: readonly (Uint8Array | FloatArray)[];
  /** of each sample: the number of its array, and its number within it */
  readonly sourceOf: Int32Array;
  readonly numbers: Int32Array;
}

export interface SparseData {
  readonly kind: "sparse";
  readonly dimension: number;
  readonly values: FloatArray;
  /** row index of each value */
  readonly indices: Int32Array;
  /** where each sample's values begin; one more entry than samples */
  readonly starts: Int32Array;
}

export interface Minibatch {
  /** columns of the minibatch: the samples of its longest stream; 0 where a worker has nothing to do in this one */
  readonly samples: number;
  readonly streams: ReadonlyMap<string, StreamData>;
  /**
   * Where the sequences begin in each stream, counted in samples; one more entry than sequences. Left out where every
   * sequence has one sample in every stream.
   */
  readonly sequenceStarts?: ReadonlyMap<string, Int32Array>;
}

/** One of several processes or threads that share the data (readers.md 3.3). */
export interface Worker {
  /** counted from 0 */
  readonly rank: number;
  readonly count: number;
}

export interface EpochRequest {
  readonly minibatchSize: number;
  /** counted from 0; the position on the infinite timeline is epoch x epochSize */
  readonly epoch: number;
  /** samples; 0 stands for one sweep */
  readonly epochSize: number;
  /** whose share to deliver; left out, all of it */
  readonly worker?: Worker;
}

export interface Reader {
  /** samples of one pass over the data */
  readonly sweepSize: number;
  /** names and dimensions of the streams */
  readonly streams: ReadonlyMap<string, { readonly dimension: number; readonly isSparse: boolean }>;
  startEpoch(request: EpochRequest): void;
  /** the next minibatch of the epoch; undefined at its end */
  nextMinibatch(): Minibatch | undefined;
}
