/** Primitive values of version-1 files, read with every bound checked (model-format.md 1). */

import { CntkError } from "../../../grammar/errors.js";
import type { Shape } from "../../operations/shape.js";
import type { FloatArray } from "../node.js";

/** Bytes of one matrix element: 4 is float, 8 is double. */
export type ElementSize = 4 | 8;

const MAXIMUM_RANK = 12;

/** Longer texts are cut in messages: in a damaged file a name may go on for megabytes. */
const SHOWN_LENGTH = 60;

/** A text of the file as messages show it. */
export function quoted(text: string): string {
  if (text.length <= SHOWN_LENGTH) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, SHOWN_LENGTH))}... (${text.length} characters)`;
}

/**
 * Reads little-endian values one after the other. Every method takes a word for what it reads, for messages.
 * @throws CntkError "reading" with the file's name and the byte offset
 */
export class BinaryReader {
  readonly fileName: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array, fileName: string) {
    this.fileName = fileName;
    // Not a Buffer, whose slice would be a view and not a copy.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Goes back to an offset seen before. */
  rewind(offset: number): void {
    this.#offset = offset;
  }

  /** An error about what was read at `offset`. */
  error(message: string, offset = this.#offset, hint?: string): CntkError {
    return new CntkError("reading", `${this.fileName}: byte ${offset}: ${message}`, { hint });
  }

  bool(what: string): boolean {
    const at = this.#take(1, what);
    const value = this.#view.getUint8(at);
    if (value > 1) throw this.error(`${what}: expected 0 or 1, found ${value}`, at);
    return value === 1;
  }

  /** One byte as a character. */
  character(what: string): string {
    return String.fromCharCode(this.#view.getUint8(this.#take(1, what)));
  }

  i32(what: string): number {
    return this.#view.getInt32(this.#take(4, what), true);
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true);
  }

  f32(what: string): number {
    return this.#view.getFloat32(this.#take(4, what), true);
  }

  f64(what: string): number {
    return this.#view.getFloat64(this.#take(8, what), true);
  }

  /** An unsigned 64-bit number that may use all its bits, such as the state of a generator. */
  u64Bits(what: string): bigint {
    return this.#view.getBigUint64(this.#take(8, what), true);
  }

  u64(what: string): number {
    const at = this.#offset;
    return this.#exact(this.u64Bits(what), what, at);
  }

  i64(what: string): number {
    const at = this.#take(8, what);
    return this.#exact(this.#view.getBigInt64(at, true), what, at);
  }

  /** A value of the node's precision. */
  element(size: ElementSize, what: string): number {
    return size === 4 ? this.f32(what) : this.f64(what);
  }

  /**
   * The `u64` in front of a list.
   * @param bytesEach what each entry takes at least: a count the file has no room for is refused here, before
   * anything is allocated for it
   */
  count(what: string, bytesEach: number): number {
    const at = this.#offset;
    const value = this.u64Bits(what);
    return this.#fitting(value, bytesEach, what, at);
  }

  /** UTF-16 code units up to a zero. */
  wideString(what: string): string {
    const start = this.#offset;
    let end = start;
    while (end + 1 < this.#bytes.length && this.#view.getUint16(end, true) !== 0) end += 2;
    if (end + 1 >= this.#bytes.length) {
      throw this.error(
        `${what}: expected a text ended by two zero bytes, found the end of the file`,
      );
    }
    this.#offset = end + 2;
    // Not TextDecoder: it replaces single surrogates, and the text could not be written back as it was.
    return this.#buffer(start, end).toString("utf16le");
  }

  /** Bytes up to a zero, one character each. */
  narrowString(what: string): string {
    const start = this.#offset;
    const end = this.#bytes.indexOf(0, start);
    if (end < 0) {
      throw this.error(`${what}: expected a text ended by a zero byte, found the end of the file`);
    }
    this.#offset = end + 1;
    return this.#buffer(start, end).toString("latin1");
  }

  /** Passes a marker if it stands here. */
  tryMarker(name: string): boolean {
    const bytes = Buffer.from(`${name}\0`, "utf16le");
    const end = this.#offset + bytes.length;
    if (end > this.#bytes.length || !this.#buffer(this.#offset, end).equals(bytes)) return false;
    this.#offset = end;
    return true;
  }

  marker(name: string): void {
    if (!this.tryMarker(name)) {
      throw this.error(`expected the marker "${name}", found ${this.#describeHere()}`);
    }
  }

  /** One of several spellings of a marker. */
  markerOf(names: readonly string[]): void {
    if (names.some((name) => this.tryMarker(name))) return;
    const expected = names.map((name) => `"${name}"`).join(" or ");
    throw this.error(`expected the marker ${expected}, found ${this.#describeHere()}`);
  }

  /** A tensor shape; the rank 0 that releases after 2017 write for a scalar is [1]. */
  shape(what: string): Shape {
    const at = this.#offset;
    const rank = this.u32(`${what}: rank`);
    if (rank > MAXIMUM_RANK) {
      throw this.error(`${what}: expected at most ${MAXIMUM_RANK} dimensions, found ${rank}`, at);
    }
    const shape = Array.from({ length: rank }, () => this.u32(`${what}: dimension`));
    return rank === 0 ? [1] : shape;
  }

  /** A dimension that old files store in 8 bytes; it has no more bits than a later one. */
  longDimension(what: string): number {
    const at = this.#offset;
    const size = this.u64(what);
    if (size < 2 ** 32) return size;
    throw this.error(`${what}: expected a dimension below 2^32, found ${size}`, at);
  }

  /** A shape, or in old files width, height and channels as three `u64`, standing for [C x W x H]. */
  shapeOrLegacy(what: string): Shape {
    if (this.remaining < 24 || this.#view.getUint32(this.#offset + 4, true) !== 0) {
      return this.shape(what);
    }
    const width = this.longDimension(`${what}: width`);
    const height = this.longDimension(`${what}: height`);
    const channels = this.longDimension(`${what}: channels`);
    return [channels, width, height];
  }

  /** `rows x columns` matrix elements, which the file must have room for. */
  elements(rows: number, columns: number, size: ElementSize, what: string): FloatArray {
    const total = BigInt(rows) * BigInt(columns);
    const count = this.#fitting(total, size, what, this.#offset);
    const start = this.#take(count * size, what);
    const copy = this.#bytes.slice(start, start + count * size).buffer;
    return size === 4 ? new Float32Array(copy) : new Float64Array(copy);
  }

  #take(length: number, what: string): number {
    if (this.remaining < length) {
      throw this.error(
        `${what}: expected ${length} ${length === 1 ? "byte" : "bytes"}, found ${this.remaining} before the end of the file`,
      );
    }
    const at = this.#offset;
    this.#offset += length;
    return at;
  }

  #exact(value: bigint, what: string, at: number): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) {
      throw this.error(`${what}: expected a number below 2^53, found ${value.toString()}`, at);
    }
    return number;
  }

  #fitting(count: bigint, bytesEach: number, what: string, at: number): number {
    if (count * BigInt(bytesEach) > BigInt(this.remaining)) {
      throw this.error(
        `${what}: found the count ${count.toString()}, for which the ${this.remaining} bytes left are too few`,
        at,
      );
    }
    return Number(count);
  }

  #buffer(start: number, end: number): Buffer {
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, end - start);
  }

  /** What stands here, as far as it reads as text. */
  #describeHere(): string {
    if (this.remaining === 0) return "the end of the file";
    const end = Math.min(this.#offset + 40, this.#offset + (this.remaining & ~1));
    const text = this.#buffer(this.#offset, end).toString("utf16le").split("\0")[0] ?? "";
    if (/^[\x20-\x7e]+$/.test(text)) return `"${text}"`;
    const bytes = this.#buffer(this.#offset, Math.min(this.#offset + 8, this.#bytes.length));
    return `the bytes ${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
  }
}
