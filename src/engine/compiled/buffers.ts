/** Buffers of a schedule: stretches of floats that get their places when all calls are known. */

/** A part of a minibatch: the schedule is compiled once for its size and linked for each part. */
export interface Piece {
  /** which thread runs it, counted from 0 */
  readonly rank: number;
  /** position among all pieces of the minibatch */
  readonly index: number;
  /** its first column in the minibatch */
  readonly first: number;
  /** where the working memory of its thread begins */
  readonly working: number;
}

/** The whole minibatch as one piece. */
export const WHOLE: Piece = { rank: 0, index: 0, first: 0, working: 0 };

export interface Buffer {
  readonly floats: number;
  /** byte offset for a piece; left out for working memory, which the plan places */
  readonly locate?: (piece: Piece) => number;
  /** true for a sum of which every piece leaves a part, one behind the other: the host adds them up */
  readonly isSum?: boolean;
}

const FLOAT = 4;

/** Working memory: nothing of it outlasts a run. */
export const workingBuffer = (floats: number): Buffer => ({ floats });

/** The same place for every piece. */
export const fixedBuffer = (floats: number, offset: number): Buffer => ({
  floats,
  locate: () => offset,
});

/** A piece's columns of a tensor that holds the whole minibatch. */
export const columnsBuffer = (floats: number, floatsOfColumn: number, offset: number): Buffer => ({
  floats,
  locate: ({ first }) => offset + first * floatsOfColumn * FLOAT,
});

/** A place of its own for every piece. */
export const buffersOfPieces = (floats: number, offset: number, isSum: boolean): Buffer => ({
  floats,
  isSum,
  locate: ({ index }) => offset + index * floats * FLOAT,
});

/** A place of its own for every thread. */
export const buffersOfRanks = (floats: number, offsets: readonly number[]): Buffer => ({
  floats,
  locate: ({ rank }) => offsets[rank] ?? NaN,
});
