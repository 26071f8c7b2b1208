/** The order of the sequences in one sweep over the data (readers.md 2; CNTK: ChunkRandomizer, SequenceRandomizer). */

import { MersenneTwister } from "../random/mersenne-twister.js";

/** Sizes of a chunk, a stretch of the data that is read as one. */
export interface ChunkSize {
  readonly sequences: number;
  /** sum of the declared lengths of its sequences */
  readonly samples: number;
}

/** How far a sequence may travel: all sequences of a window of chunks are shuffled with one another. */
export interface Randomization {
  /** at least 1, may be Infinity */
  readonly window: number;
  readonly unit: "chunks" | "samples";
}

/** The order of one sweep. "Position" counts in the shuffled order, everything else in the order of the file. */
export interface SweepOrder {
  /** sequence at each position */
  readonly sequences: Uint32Array;
  /** chunk at each position of the list of chunks */
  readonly chunks: readonly number[];
  /** positions of the chunks whose sequences may stand in the chunk at each position: from `begin` up to `end` */
  readonly windows: readonly ChunkWindow[];
  /** for each chunk position: the end of the chunk positions that are read before its first sequence is delivered */
  readonly loadedUntil: readonly number[];
}

export interface ChunkWindow {
  readonly begin: number;
  readonly end: number;
}

/** Running totals: the first entry is 0, the last one the sum. */
export function startsOf(sizes: readonly number[]): number[] {
  let total = 0;
  return [0, ...sizes.map((size) => (total += size))];
}

/** The interval that holds `value`, given the starts of all intervals and the end of the last one. */
export function intervalOf(starts: readonly number[], value: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** The order of sweep `sweep`, which depends on nothing but the sizes, the window and the sweep's number. */
export function shuffleSweep(
  sizes: readonly ChunkSize[],
  randomization: Randomization,
  sweep: number,
): SweepOrder {
  const chunks = shuffleChunks(sizes.length, sweep);
  const windows =
    randomization.unit === "chunks"
      ? windowsInChunks(sizes.length, randomization.window)
      : windowsInSamples(
          chunks.map((chunk) => sizes[chunk]?.samples ?? 0),
          randomization.window,
        );
  return {
    sequences: shuffleSequences({ sizes, chunks, windows }, sweep),
    chunks,
    windows,
    loadedUntil: loadingSteps(windows),
  };
}

/** Not Fisher-Yates: every place is swapped with any other one. */
function shuffleChunks(count: number, sweep: number): number[] {
  const random = new MersenneTwister(sweep % 4294967296);
  const order = Array.from({ length: count }, (_, chunk) => chunk);
  for (let i = 0; i < count; i++) {
    const j = random.below(count);
    const moved = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = moved;
  }
  return order;
}

function windowsInChunks(count: number, window: number): ChunkWindow[] {
  const half = Math.floor(window / 2);
  const size = Math.max(window, 1);
  return Array.from({ length: count }, (_, position) => {
    const begin = position > half ? position - half : 0;
    if (begin + size <= count) return { begin, end: begin + size };
    return { begin: count > size ? count - size : 0, end: count };
  });
}

/** @param samples of the chunk at each position */
function windowsInSamples(samples: readonly number[], window: number): ChunkWindow[] {
  const half = Math.floor(window / 2);
  const starts = startsOf(samples);
  const start = (position: number) => starts[position] ?? 0;
  let begin = 0;
  let end = 1;
  return samples.map((_, position) => {
    while (start(position) - start(begin) > half) begin++;
    begin = Math.min(begin, position);
    end = Math.max(end, position + 1);
    while (end < samples.length && start(end + 1) - start(position) < half) end++;
    return { begin, end };
  });
}

/**
 * CNTK shuffles in steps, each when reading reaches the next chunk: all chunks whose window reaches back to that chunk,
 * for which everything in their windows is read first. The draws do not depend on the steps, what is read does.
 */
function loadingSteps(windows: readonly ChunkWindow[]): number[] {
  return windows.map(({ end }, current) => {
    let next = end;
    while (next < windows.length && (windows[next]?.begin ?? 0) <= current) next++;
    return windows[next - 1]?.end ?? 0;
  });
}

interface ShufflePlan {
  readonly sizes: readonly ChunkSize[];
  readonly chunks: readonly number[];
  readonly windows: readonly ChunkWindow[];
}

/** Swaps the sequence at each position with another one of its window whose own window reaches this position. */
function shuffleSequences(plan: ShufflePlan, sweep: number): Uint32Array {
  const { sizes, chunks, windows } = plan;
  const random = new MersenneTwister(sweep);
  const inFile = startsOf(sizes.map((size) => size.sequences));
  const shuffled = startsOf(chunks.map((chunk) => sizes[chunk]?.sequences ?? 0));
  const order = inOrderOfChunks(chunks, inFile);
  const positionOfChunk = new Uint32Array(chunks.length);
  chunks.forEach((chunk, position) => (positionOfChunk[chunk] = position));
  const homeOf = (sequence: number) => positionOfChunk[intervalOf(inFile, sequence)] ?? 0;
  const mayStandIn = (sequence: number, window: ChunkWindow | undefined) => {
    const home = homeOf(sequence);
    return window !== undefined && home >= window.begin && home < window.end;
  };
  const everywhere = windows.every(({ begin, end }) => begin === 0 && end === chunks.length);
  windows.forEach((window, position) => {
    const low = shuffled[window.begin] ?? 0;
    const width = (shuffled[window.end] ?? 0) - low;
    const end = shuffled[position + 1] ?? 0;
    for (let t = shuffled[position] ?? 0; t < end; t++) {
      const moved = order[t] ?? 0;
      let j = low + random.below(width);
      while (
        !everywhere &&
        !(mayStandIn(order[j] ?? 0, window) && mayStandIn(moved, windows[intervalOf(shuffled, j)]))
      ) {
        j = low + random.below(width);
      }
      order[t] = order[j] ?? 0;
      order[j] = moved;
    }
  });
  return order;
}

function inOrderOfChunks(chunks: readonly number[], starts: readonly number[]): Uint32Array {
  const order = new Uint32Array(starts.at(-1) ?? 0);
  let position = 0;
  for (const chunk of chunks) {
    const end = starts[chunk + 1] ?? 0;
    for (let sequence = starts[chunk] ?? 0; sequence < end; sequence++)
      order[position++] = sequence;
  }
  return order;
}
