/** Parsed data by chunk, and what is kept of it. */

import type { Corpus } from "./enumerator.js";

/** One stream of a chunk, sample after sample. `sequenceStarts` counts samples and has one more entry than sequences. */
export type ChunkStream = DenseChunkStream | SparseChunkStream;

export interface DenseChunkStream {
  readonly kind: "dense";
  readonly dimension: number;
  /** bytes where all values are integers from 0 to 255 */
  readonly values: Uint8Array | Float32Array;
  readonly sequenceStarts: Uint32Array;
}

export interface SparseChunkStream {
  readonly kind: "sparse";
  readonly dimension: number;
  readonly values: Float32Array;
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
  readChunk(chunk: number): Chunk;
}

export interface StreamDescription {
  readonly name: string;
  readonly dimension: number;
  readonly isSparse: boolean;
}

/** Chunks no longer needed stay in memory up to this many bytes, so that small data are parsed once only. */
const KEPT_BYTES = 2 ** 30;

/** Reads chunks when they are needed and forgets them when memory runs short. */
export class ChunkCache {
  readonly #source: ChunkSource;
  readonly #limit: number;
  readonly #kept = new Map<number, Chunk>();
  #bytes = 0;
  #needed: readonly number[] = [];

  constructor(source: ChunkSource, keepAll: boolean, limit = KEPT_BYTES) {
    this.#source = source;
    this.#limit = keepAll ? Infinity : limit;
  }

  /** Reads those of these chunks that are missing, in this order. */
  require(chunks: readonly number[]): void {
    if (chunks === this.#needed) return;
    this.#forgetAllBut(chunks);
    for (const chunk of chunks) {
      if (this.#kept.has(chunk)) continue;
      const data = this.#source.readChunk(chunk);
      this.#kept.set(chunk, data);
      this.#bytes += bytesOf(data);
    }
    this.#needed = chunks;
  }

  get(chunk: number): Chunk {
    return this.#kept.get(chunk) ?? [];
  }

  #forgetAllBut(chunks: readonly number[]): void {
    if (this.#bytes <= this.#limit) return;
    const needed = new Set(chunks);
    for (const [chunk, data] of this.#kept) {
      if (needed.has(chunk)) continue;
      this.#kept.delete(chunk);
      this.#bytes -= bytesOf(data);
    }
  }
}

function bytesOf(chunk: Chunk): number {
  let bytes = 0;
  for (const stream of chunk) {
    bytes += stream.values.byteLength + stream.sequenceStarts.byteLength;
    if (stream.kind === "sparse")
      bytes += stream.indices.byteLength + stream.sampleStarts.byteLength;
  }
  return bytes;
}
