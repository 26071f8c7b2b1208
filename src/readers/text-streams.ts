/** The streams of a chunk while its text is parsed: samples are appended one by one. */

import type { DenseChunkStream, SparseChunkStream } from "./chunks.js";
import { GrowingArray } from "./growing-array.js";

const float32 = (length: number) => new Float32Array(length);
const uint32 = (length: number) => new Uint32Array(length);
const int32 = (length: number) => new Int32Array(length);
const uint8 = (length: number) => new Uint8Array(length);

/** Counts the samples of each sequence. */
class SequenceCounter {
  readonly #starts = new GrowingArray(uint32, 256);
  samples = 0;
  #begin = 0;

  constructor() {
    this.#starts.push(0);
  }

  get samplesInSequence(): number {
    return this.samples - this.#begin;
  }

  endSequence(): void {
    this.#begin = this.samples;
    this.#starts.push(this.samples);
  }

  finish(): Uint32Array {
    return this.#starts.finish();
  }
}

/** A dense stream; its values are kept as bytes as long as all of them fit. */
export class DenseColumns {
  readonly kind = "dense";
  /** the sample being read: write it to both arrays and say whether the bytes are true to it, then call `append` */
  readonly sample: Float32Array;
  readonly sampleBytes: Uint8Array;
  sampleFitsBytes = true;
  readonly #counter = new SequenceCounter();
  readonly #dimension: number;
  readonly #capacity: number;
  readonly #bytes: GrowingArray<Uint8Array>;
  #floats: GrowingArray<Float32Array> | undefined;

  /** @param expectedSamples a guess, to get memory once only */
  constructor(dimension: number, expectedSamples: number) {
    this.#dimension = dimension;
    this.sample = new Float32Array(dimension);
    this.sampleBytes = new Uint8Array(dimension);
    this.#capacity = dimension * expectedSamples;
    this.#bytes = new GrowingArray(uint8, this.#capacity);
  }

  /** @param count values of the sample; those missing are zeros */
  append(count: number): void {
    if (count < this.#dimension) {
      this.sample.fill(0, count);
      this.sampleBytes.fill(0, count);
    }
    if (this.#floats === undefined && !this.sampleFitsBytes) this.#floats = this.#widened();
    if (this.#floats === undefined) {
      this.#bytes.reserve(this.#dimension).set(this.sampleBytes, this.#bytes.length);
      this.#bytes.extend(this.#dimension);
    } else {
      this.#floats.reserve(this.#dimension).set(this.sample, this.#floats.length);
      this.#floats.extend(this.#dimension);
    }
    this.#counter.samples++;
  }

  get samplesInSequence(): number {
    return this.#counter.samplesInSequence;
  }

  endSequence(): void {
    this.#counter.endSequence();
  }

  finish(): DenseChunkStream {
    return {
      kind: "dense",
      dimension: this.#dimension,
      values: (this.#floats ?? this.#bytes).finish(),
      sequenceStarts: this.#counter.finish(),
    };
  }

  #widened(): GrowingArray<Float32Array> {
    const bytes = this.#bytes.finish();
    const floats = new GrowingArray(float32, this.#capacity);
    floats.reserve(bytes.length).set(bytes);
    floats.extend(bytes.length);
    return floats;
  }
}

/** A sparse stream. */
export class SparseColumns {
  readonly kind = "sparse";
  readonly #counter = new SequenceCounter();
  readonly #dimension: number;
  readonly #values = new GrowingArray(float32, 1024);
  readonly #indices = new GrowingArray(int32, 1024);
  readonly #sampleStarts = new GrowingArray(uint32, 256);
  #sampleBegin = 0;
  #sequenceBegin = 0;

  constructor(dimension: number) {
    this.#dimension = dimension;
    this.#sampleStarts.push(0);
  }

  addValue(index: number, value: number): void {
    this.#indices.push(index);
    this.#values.push(value);
  }

  /** entries of the current sequence, those of the sample being read included */
  get entriesInSequence(): number {
    return this.#values.length - this.#sequenceBegin;
  }

  append(): void {
    this.#sampleBegin = this.#values.length;
    this.#sampleStarts.push(this.#sampleBegin);
    this.#counter.samples++;
  }

  /** Forgets the sample being read. */
  drop(): void {
    this.#values.truncate(this.#sampleBegin);
    this.#indices.truncate(this.#sampleBegin);
  }

  get samplesInSequence(): number {
    return this.#counter.samplesInSequence;
  }

  endSequence(): void {
    this.#counter.endSequence();
    this.#sequenceBegin = this.#values.length;
  }

  finish(): SparseChunkStream {
    return {
      kind: "sparse",
      dimension: this.#dimension,
      values: this.#values.finish(),
      indices: this.#indices.finish(),
      sampleStarts: this.#sampleStarts.finish(),
      sequenceStarts: this.#counter.finish(),
    };
  }
}
