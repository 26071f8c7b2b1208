/** Parsed data by chunk, and what is kept of it. */

import type { Corpus, SequencePlace } from "./enumerator.js";
import type { FloatArray } from "./float-array.js";

/** One stream of a chunk, sample after sample. `sequenceStarts` counts samples and has one more entry than sequences. */
export type ChunkStream = DenseChunkStream | SparseChunkStream;

export interface DenseChunkStream {
  readonly kind: "dense";
  readonly dimension: number;
  /** bytes where all values are integers from 0 to 255 */
  readonly values: Uint8Array | FloatArray;
  readonly sequenceStarts: Uint32Array;
}

export interface SparseChunkStream {
  readonly kind: "sparse";
  readonly dimension: number;
  readonly values: FloatArray;
  /** row of each value; may be unsorted, and rows that occur twice add up */
  readonly indices: Int32Array;
  /** where each sample's values begin; one more entry than samples */
  readonly sampleStarts: Uint32Array;
  readonly sequenceStarts: Uint32Array;
}

/** The streams of a chunk in the order of the reader's streams. */
export type Chunk = readonly ChunkStream[];

/** A source of sequences that is read chunk by chunk; the order is not its business (CNTK: DataDeserializer). */
export interface ChunkSource extends Corpus {
  /** in the order of the streams of a chunk */
  readonly streams: readonly StreamDescription[];
  /** bytes of a chunk before it is parsed */
  sizeOf(chunk: number): number;
  readChunk(chunk: number): Chunk;
  /** Reads single sequences, in this order, as one chunk. */
  readSequences(places: readonly SequencePlace[]): Chunk;
}

export interface StreamDescription {
  readonly name: string;
  readonly dimension: number;
  readonly isSparse: boolean;
}

/** A sequence in memory. */
export interface LocatedSequence {
  readonly data: Chunk;
  readonly index: number;
}

/** Parsed data up to this many bytes stay in memory, so that small data are parsed once only. */
const KEPT_BYTES = 192 * 2 ** 20;

/**
 * Reads chunks when they are needed and forgets them when memory runs short. Sequences of chunks for which there is no
 * room, because all that fit are needed themselves, are read one by one.
 */
export class ChunkCache {
  readonly #source: ChunkSource;
  readonly #limit: number;
  readonly #kept = new Map<number, Chunk>();
  #bytes = 0;
  #needed: readonly number[] = [];
  /** largest number of bytes in memory for a byte of the source so far */
  #growth = 0;

  /** @param limit bytes of parsed data to keep */
  constructor(source: ChunkSource, keepAll: boolean, limit = KEPT_BYTES) {
    this.#source = source;
    this.#limit = keepAll ? Infinity : limit;
  }

  /**
   * The sequences at these places.
   * @param chunks to have at hand for this minibatch and the next ones, in the order in which they are to be read
   */
  locate(places: readonly SequencePlace[], chunks: readonly number[]): LocatedSequence[] {
    this.#require(chunks);
    const missing = places.filter(({ chunk }) => !this.#kept.has(chunk));
    const single = missing.length === 0 ? [] : this.#source.readSequences(missing);
    let next = 0;
    return places.map(({ chunk, index }) => {
      const data = this.#kept.get(chunk);
      return data === undefined ? { data: single, index: next++ } : { data, index };
    });
  }

  #require(chunks: readonly number[]): void {
    if (chunks === this.#needed) return;
    this.#needed = chunks;
    const needed = new Set(chunks);
    for (const chunk of chunks) {
      if (this.#kept.has(chunk) || !this.#makeRoom(chunk, needed)) continue;
      const data = this.#source.readChunk(chunk);
      const bytes = bytesOf(data);
      this.#kept.set(chunk, data);
      this.#bytes += bytes;
      this.#growth = Math.max(this.#growth, bytes / Math.max(1, this.#source.sizeOf(chunk)));
    }
  }

  /** Forgets chunks that are not needed until there is room for another one. @returns whether there is */
  #makeRoom(chunk: number, needed: ReadonlySet<number>): boolean {
    const wanted = this.#growth * this.#source.sizeOf(chunk);
    for (const [other, data] of this.#kept) {
      if (this.#bytes + wanted <= this.#limit) return true;
      if (needed.has(other)) continue;
      this.#kept.delete(other);
      this.#bytes -= bytesOf(data);
    }
    return this.#bytes + wanted <= this.#limit;
  }
}

export function bytesOf(chunk: Chunk): number {
  let bytes = 0;
  for (const stream of chunk) {
    bytes += stream.values.byteLength + stream.sequenceStarts.byteLength;
    if (stream.kind === "sparse")
      bytes += stream.indices.byteLength + stream.sampleStarts.byteLength;
  }
  return bytes;
}
