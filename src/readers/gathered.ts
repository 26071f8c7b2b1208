/** Dense samples that stay where they are, in the chunks of the reader, until they are copied to where they are needed. */

import type { ElementType } from "../random/distributions.js";
import { newFloatArray, type FloatArray } from "./float-array.js";
import type { DenseData, SampleRows } from "./reader.js";

/** A dense stream whose `values` are made when somebody asks for them. */
export class GatheredStream implements DenseData {
  readonly kind = "dense";
  readonly dimension: number;
  readonly rows: SampleRows;
  readonly #precision: ElementType;
  #values: FloatArray | undefined;

  constructor(dimension: number, rows: SampleRows, precision: ElementType) {
    this.dimension = dimension;
    this.rows = rows;
    this.#precision = precision;
  }

  get values(): FloatArray {
    if (this.#values !== undefined) return this.#values;
    const samples = this.rows.numbers.length;
    const values = newFloatArray(this.#precision, samples * this.dimension);
    writeSamples(this, { first: 0, last: samples }, values);
    return (this.#values = values);
  }
}

/** Copies the samples from `first` up to `last` to the beginning of an array of floats, each value once. */
export function writeSamples(
  stream: DenseData,
  { first, last }: { readonly first: number; readonly last: number },
  to: FloatArray,
): void {
  const { dimension, rows } = stream;
  if (rows === undefined) {
    to.set(stream.values.subarray(first * dimension, last * dimension));
    return;
  }
  const { sources, sourceOf, numbers } = rows;
  for (let sample = first, at = 0; sample < last; sample++, at += dimension) {
    const begin = (numbers[sample] ?? 0) * dimension;
    const source = sources[sourceOf[sample] ?? 0];
    // `set` is twice as fast as a loop over the values
    if (source !== undefined) to.set(source.subarray(begin, begin + dimension), at);
  }
}
