/** The streams of a chunk while its text is parsed: samples are appended one by one, or whole sequences at once. */

import type { ElementType } from "../random/distributions.js";
import type { DenseChunkStream, SparseChunkStream } from "./chunks.js";
import { newFloatArray, type FloatArray } from "./float-array.js";
import { GrowingArray } from "./growing-array.js";
import type { TextFormatSettings } from "./settings.js";

/** A stream that is being parsed. */
export interface ParsedStream {
  readonly name: string;
  /** its name in the file */
  readonly alias: Uint8Array;
  readonly dimension: number;
  readonly columns: DenseColumns | SparseColumns;
}

/**
 * The streams of a text, without samples yet.
 * @param samples how many there will be at most
 * @param bytes of the text
 */
export function newStreams(
  { streams, precision = "float" }: Pick<TextFormatSettings, "streams" | "precision">,
  samples: number,
  bytes: number,
): ParsedStream[] {
  return streams.map(({ name, alias, dimension, format }) => {
    // A value takes two bytes at least; the last ones of a sample may be missing.
    const most = Math.min(samples, Math.ceil(bytes / 2 / dimension));
    const columns =
      format === "sparse"
        ? new SparseColumns(dimension, precision)
        : new DenseColumns(dimension, precision, most);
    return { name, alias: Buffer.from(alias), dimension, columns };
  });
}

const floatsOf = (precision: ElementType) => (length: number) => newFloatArray(precision, length);
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

  /** @param ends samples up to the end of each sequence */
  appendSequences(ends: Int32Array): void {
    const before = this.samples;
    for (const end of ends) this.#starts.push(before + end);
    this.samples = this.#begin = before + (ends.at(-1) ?? 0);
  }

  finish(): Uint32Array {
    return this.#starts.finish();
  }
}

/** A dense stream; its values are kept as bytes as long as all of them fit. */
export class DenseColumns {
  readonly kind = "dense";
  readonly precision: ElementType;
  /** the sample being read: write it to both arrays and say whether the bytes are true to it, then call `append` */
  readonly sample: FloatArray;
  readonly sampleBytes: Uint8Array;
  sampleFitsBytes = true;
  readonly #counter = new SequenceCounter();
  readonly #dimension: number;
  readonly #capacity: number;
  readonly #bytes: GrowingArray<Uint8Array>;
  #floats: GrowingArray<FloatArray> | undefined;

  /** @param expectedSamples a guess, to get memory once only */
  constructor(dimension: number, precision: ElementType, expectedSamples: number) {
    this.#dimension = dimension;
    this.precision = precision;
    this.sample = newFloatArray(precision, dimension);
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
    if (!this.sampleFitsBytes) this.widen();
    if (this.#floats === undefined) {
      this.#bytes.reserve(this.#dimension).set(this.sampleBytes, this.#bytes.length);
      this.#bytes.extend(this.#dimension);
    } else {
      this.#floats.reserve(this.#dimension).set(this.sample, this.#floats.length);
      this.#floats.extend(this.#dimension);
    }
    this.#counter.samples++;
  }

  get holdsBytes(): boolean {
    return this.#floats === undefined;
  }

  /** Keeps floats from now on. */
  widen(): void {
    this.#floats ??= this.#widened();
  }

  /**
   * @param values bytes as long as the stream holds bytes
   * @param ends samples up to the end of each sequence
   */
  appendSequences(values: Uint8Array | FloatArray, ends: Int32Array): void {
    const to = this.#floats ?? this.#bytes;
    to.reserve(values.length).set(values, to.length);
    to.extend(values.length);
    this.#counter.appendSequences(ends);
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

  #widened(): GrowingArray<FloatArray> {
    const bytes = this.#bytes.finish();
    const floats = new GrowingArray(floatsOf(this.precision), this.#capacity);
    floats.reserve(bytes.length).set(bytes);
    floats.extend(bytes.length);
    return floats;
  }
}

/** Entries of whole samples. */
interface SparseEntries {
  readonly values: FloatArray;
  readonly indices: Int32Array;
  /** entries up to the end of each sample */
  readonly sampleEnds: Int32Array;
}

/** A sparse stream. */
export class SparseColumns {
  readonly kind = "sparse";
  readonly precision: ElementType;
  readonly #counter = new SequenceCounter();
  readonly #dimension: number;
  readonly #values: GrowingArray<FloatArray>;
  readonly #indices = new GrowingArray(int32, 1024);
  readonly #sampleStarts = new GrowingArray(uint32, 256);
  #sampleBegin = 0;
  #sequenceBegin = 0;

  constructor(dimension: number, precision: ElementType) {
    this.#dimension = dimension;
    this.precision = precision;
    this.#values = new GrowingArray(floatsOf(precision), 1024);
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

  /** @param ends samples up to the end of each sequence */
  appendSequences({ values, indices, sampleEnds }: SparseEntries, ends: Int32Array): void {
    const before = this.#values.length;
    const count = values.length;
    this.#values.reserve(count).set(values, before);
    this.#indices.reserve(count).set(indices, before);
    this.#values.extend(count);
    this.#indices.extend(count);
    for (const end of sampleEnds) this.#sampleStarts.push(before + end);
    this.#sampleBegin = this.#sequenceBegin = before + count;
    this.#counter.appendSequences(ends);
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
