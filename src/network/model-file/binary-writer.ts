/** Primitive values of version-1 files, written one after the other (model-format.md 1). */

import assert from "node:assert/strict";
import type { Shape } from "../../operations/shape.js";
import type { FloatArray } from "../node.js";
import type { ElementSize } from "./binary-reader.js";

/** Collects little-endian values in memory. */
export class BinaryWriter {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Everything written so far. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  bool(value: boolean): void {
    this.#view.setUint8(this.#reserve(1), value ? 1 : 0);
  }

  character(value: string): void {
    this.#append(Buffer.from(value, "latin1"));
  }

  i32(value: number): void {
    assert(Number.isInteger(value) && value === (value | 0), `${value} is no 32-bit integer`);
    this.#view.setInt32(this.#reserve(4), value, true);
  }

  u32(value: number): void {
    assert(Number.isInteger(value) && value === value >>> 0, `${value} is no unsigned integer`);
    this.#view.setUint32(this.#reserve(4), value, true);
  }

  f32(value: number): void {
    this.#view.setFloat32(this.#reserve(4), value, true);
  }

  f64(value: number): void {
    this.#view.setFloat64(this.#reserve(8), value, true);
  }

  u64(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, `${value} is no unsigned integer`);
    this.u64Bits(BigInt(value));
  }

  u64Bits(value: bigint): void {
    this.#view.setBigUint64(this.#reserve(8), value, true);
  }

  i64(value: number): void {
    assert(Number.isSafeInteger(value), `${value} is no integer`);
    this.#view.setBigInt64(this.#reserve(8), BigInt(value), true);
  }

  element(value: number, size: ElementSize): void {
    if (size === 4) this.f32(value);
    else this.f64(value);
  }

  wideString(text: string): void {
    this.#append(Buffer.from(`${text}\0`, "utf16le"));
  }

  narrowString(text: string): void {
    this.#append(Buffer.from(`${text}\0`, "latin1"));
  }

  marker(name: string): void {
    this.wideString(name);
  }

  /** A shape; rank 0, which CNTK of 2017 cannot read back, is written as [1]. */
  shape(shape: Shape): void {
    const sizes = shape.length === 0 ? [1] : shape;
    this.u32(sizes.length);
    for (const size of sizes) this.u32(size);
  }

  elements(values: FloatArray, size: ElementSize): void {
    const stored = size === 4 ? Float32Array.from(values) : Float64Array.from(values);
    this.#append(new Uint8Array(stored.buffer));
  }

  #append(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  #reserve(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}
