/** Which sequences make up each minibatch of an epoch (readers.md 3.1 to 3.4; CNTK: BlockRandomizer, NoRandomizer). */

import {
  intervalOf,
  shuffleSweep,
  startsOf,
  type ChunkSize,
  type Randomization,
  type SweepOrder,
} from "./randomizer.js";
import type { Worker } from "./reader.js";

/** What the order depends on: sizes, no values. */
export interface Corpus {
  readonly chunks: readonly ChunkSize[];
  /** declared lengths of the sequences in the order of the file; left out where all are 1 */
  readonly lengths?: Uint32Array | undefined;
}

export interface EpochShare {
  /** counted from 0 */
  readonly epoch: number;
  /** samples; 0 stands for one sweep */
  readonly epochSize: number;
  readonly worker?: Worker | undefined;
}

/** A sequence of the data: its chunk, and its number within it. */
export interface SequencePlace {
  readonly chunk: number;
  readonly index: number;
}

/** Whole sequences. */
export interface SequenceBatch {
  readonly sequences: readonly SequencePlace[];
  /** chunks to have at hand, in the order in which they are to be read; the same array while nothing changes */
  readonly chunks: readonly number[];
}

/** The chunks needed while reading the chunks at positions `from` to `to`. */
interface ChunksAtHand {
  readonly from: number;
  readonly to: number;
  readonly chunks: readonly number[];
}

const NOTHING: ChunksAtHand = { from: -1, to: -1, chunks: [] };
const WHOLE: Worker = { rank: 0, count: 1 };

/**
 * Walks along the infinite sequence of sweeps. An epoch is a stretch of this timeline and depends on nothing but its
 * number and size; a minibatch never reaches over the end of a sweep or an epoch.
 */
export class SequenceEnumerator {
  /** samples of one sweep */
  readonly sweepSize: number;
  readonly #corpus: Corpus;
  readonly #randomization: Randomization | undefined;
  readonly #firstSequences: readonly number[];
  readonly #sequenceCount: number;

  #worker = WHOLE;
  #epochEnd = 0;
  #sweep = 0;
  #order: SweepOrder | undefined;
  /** in the order of the sweep: next sequence, first sequences of its chunks, and the samples before it */
  #next = 0;
  #chunkStarts: readonly number[] = [0];
  #samplesBefore = 0;
  /** sequences since the start of the data at the epoch's begin, counting on through ends of sweeps */
  #sequenceNumber = 0;
  readonly #positionOfChunk: Uint32Array;
  #atHand: ChunksAtHand = NOTHING;

  /** @param randomization left out: the order of the file */
  constructor(corpus: Corpus, randomization?: Randomization) {
    this.#corpus = corpus;
    this.#randomization = randomization;
    this.#positionOfChunk = new Uint32Array(corpus.chunks.length);
    this.#firstSequences = startsOf(corpus.chunks.map((chunk) => chunk.sequences));
    this.#sequenceCount = this.#firstSequences.at(-1) ?? 0;
    this.sweepSize = startsOf(corpus.chunks.map((chunk) => chunk.samples)).at(-1) ?? 0;
  }

  startEpoch({ epoch, epochSize, worker = WHOLE }: EpochShare): void {
    const size = epochSize > 0 ? epochSize : this.sweepSize;
    const begin = epoch * size;
    this.#worker = worker;
    this.#atHand = NOTHING;
    this.#epochEnd = begin + size;
    this.#startSweep(Math.floor(begin / this.sweepSize));
    // A sequence across the border of two epochs belongs to the earlier one.
    const skipped = begin % this.sweepSize;
    while (this.#samplesBefore < skipped)
      this.#advance(this.#lengthOf(this.#sequenceAt(this.#next)));
    this.#sequenceNumber = this.#next;
  }

  /**
   * The next minibatch of at most `globalSamples` samples, of which at most `localSamples` belong to this worker, but at
   * least one sequence; undefined at the end of the epoch. Empty if none of its sequences belongs to this worker.
   */
  next(globalSamples: number, localSamples: number = globalSamples): SequenceBatch | undefined {
    if (this.#samplesBefore >= this.sweepSize) this.#startSweep(this.#sweep + 1);
    const position = this.#sweep * this.sweepSize + this.#samplesBefore;
    if (position >= this.#epochEnd || this.#hasNoChunk()) return undefined;
    const limit = Math.min(
      globalSamples,
      this.#epochEnd - position,
      this.sweepSize - this.#samplesBefore,
    );
    return this.#collect(limit, localSamples);
  }

  #collect(globalLimit: number, localLimit: number): SequenceBatch {
    const sequences: SequencePlace[] = [];
    const first = this.#next;
    let global = 0;
    let local = 0;
    while (this.#next < this.#sequenceCount && local < localLimit && global < globalLimit) {
      const sequence = this.#sequenceAt(this.#next);
      const chunk = intervalOf(this.#firstSequences, sequence);
      const length = this.#lengthOf(sequence);
      const isMine = this.#isMine(chunk);
      // Shuffled data are counted for all workers alike; in file order each one waits for a sequence of its own.
      const mayStop = this.#order === undefined ? sequences.length > 0 : this.#next > first;
      if (mayStop && global + length > globalLimit) break;
      if (mayStop && isMine && local + length > localLimit) break;
      if (isMine) {
        sequences.push({ chunk, index: sequence - (this.#firstSequences[chunk] ?? 0) });
        local += length;
      }
      global += length;
      this.#advance(length);
    }
    return { sequences, chunks: this.#chunksAtHand(first) };
  }

  #startSweep(sweep: number): void {
    const { chunks } = this.#corpus;
    if (this.#randomization !== undefined && (this.#order === undefined || sweep !== this.#sweep)) {
      this.#order = shuffleSweep(chunks, this.#randomization, sweep);
      this.#atHand = NOTHING;
      const order = this.#order.chunks;
      this.#chunkStarts = startsOf(order.map((chunk) => chunks[chunk]?.sequences ?? 0));
      order.forEach((chunk, position) => (this.#positionOfChunk[chunk] = position));
    } else if (this.#order === undefined) {
      this.#chunkStarts = this.#firstSequences;
    }
    this.#sweep = sweep;
    this.#next = 0;
    this.#samplesBefore = 0;
  }

  #sequenceAt(position: number): number {
    return this.#order === undefined ? position : (this.#order.sequences[position] ?? 0);
  }

  #lengthOf(sequence: number): number {
    return this.#corpus.lengths === undefined ? 1 : (this.#corpus.lengths[sequence] ?? 1);
  }

  #advance(length: number): void {
    this.#next++;
    this.#sequenceNumber++;
    this.#samplesBefore += length;
  }

  /** Shuffled chunks are dealt out to the workers, sequences where nothing is shuffled. */
  #isMine(chunk: number): boolean {
    const { rank, count } = this.#worker;
    if (count === 1) return true;
    if (this.#order === undefined) return this.#sequenceNumber % count === rank;
    return (this.#positionOfChunk[chunk] ?? 0) % count === rank;
  }

  #hasNoChunk(): boolean {
    return this.#order !== undefined && this.#worker.rank >= this.#corpus.chunks.length;
  }

  /** Chunks for the sequences from position `first` up to the next one. */
  #chunksAtHand(first: number): readonly number[] {
    const from = intervalOf(this.#chunkStarts, first);
    const to = intervalOf(this.#chunkStarts, Math.max(first, this.#next - 1));
    if (from === this.#atHand.from && to === this.#atHand.to) return this.#atHand.chunks;
    const order = this.#order;
    const chunks: number[] = [];
    const begin = order?.windows[from]?.begin ?? from;
    const end = order?.loadedUntil[to] ?? to + 1;
    for (let position = begin; position < end; position++) {
      const chunk = order?.chunks[position] ?? position;
      if (order === undefined || this.#isMine(chunk)) chunks.push(chunk);
    }
    this.#atHand = { from, to, chunks };
    return chunks;
  }
}
