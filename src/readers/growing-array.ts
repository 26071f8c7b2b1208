/** A typed array that grows at its end. */

type NumberArray = Uint8Array | Int32Array | Uint32Array | Float32Array | Float64Array;

/** Doubles its memory when it is full. */
export class GrowingArray<A extends NumberArray> {
  readonly #make: (length: number) => A;
  #values: A;
  #length = 0;

  /** @param make such as `(length) => new Float32Array(length)` */
  constructor(make: (length: number) => A, capacity = 16) {
    this.#make = make;
    this.#values = make(Math.max(1, capacity));
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    this.reserve(1);
    this.#values[this.#length++] = value;
  }

  /** The memory with room for at least `count` more values; write from `length` on, then call `extend`. */
  reserve(count: number): A {
    if (this.#length + count > this.#values.length) {
      const larger = this.#make(Math.max(2 * this.#values.length, this.#length + count));
      larger.set(this.#values);
      this.#values = larger;
    }
    return this.#values;
  }

  /** Counts `count` values written into the reserved room. */
  extend(count: number): void {
    this.#length += count;
  }

  truncate(length: number): void {
    this.#length = length;
  }

  /** The values; the array itself is not to be used any more. */
  finish(): A {
    // Room that was never touched costs nothing: a copy pays only if most of it is spare.
    if (2 * this.#length >= this.#values.length) {
      // a stretch of an array has the type of the array
      return this.#values.subarray(0, this.#length) as A;
    }
    const exact = this.#make(this.#length);
    exact.set(this.#values.subarray(0, this.#length));
    return exact;
  }
}
