/** The wire format of protocol buffers: fields of a message, read with every bound checked (model-format.md 8.1). */

import { CntkError } from "../../../../grammar/errors.js";

/** A field of a message, read but for the meaning of its value. */
export interface Field {
  readonly number: number;
  /** of the field, in the file */
  readonly offset: number;
  readonly value: FieldValue;
}

export type FieldValue =
  | { readonly kind: "varint"; readonly bits: bigint }
  | { readonly kind: "fixed"; readonly bytes: Uint8Array }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

/** Wire types; 3 and 4, groups, are not in use any more. */
const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/** A stretch of the file that holds one message, or a list of packed numbers. */
export class WireReader {
  readonly fileName: string;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  #position = 0;

  /** @param start offset of the bytes in the file */
  constructor(bytes: Uint8Array, fileName: string, start = 0) {
    this.#bytes = bytes;
    this.fileName = fileName;
    this.#start = start;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  get offset(): number {
    return this.#start + this.#position;
  }

  /** The message in a field of this one. */
  within(field: Field): WireReader {
    const bytes = this.bytesOf(field);
    return new WireReader(bytes, this.fileName, this.offsetOf(bytes));
  }

  error(message: string, offset = this.offset, hint?: string): CntkError {
    return new CntkError("reading", `${this.fileName}: byte ${offset}: ${message}`, { hint });
  }

  /** The fields in the order of the file. @throws CntkError "reading" */
  *fields(): Generator<Field> {
    while (!this.isAtEnd) {
      const offset = this.offset;
      const tag = this.varint();
      const [number, type] = [Number(tag >> 3n), Number(tag & 7n)];
      if (number === 0 || tag >> 35n !== 0n) {
        throw this.error(`expected the number of a field, found ${tag.toString()}`, offset);
      }
      yield { number, offset, value: this.#value(type, offset) };
    }
  }

  #value(type: number, offset: number): FieldValue {
    switch (type) {
      case VARINT:
        return { kind: "varint", bits: this.varint() };
      case FIXED_64:
        return { kind: "fixed", bytes: this.#take(8) };
      case FIXED_32:
        return { kind: "fixed", bytes: this.#take(4) };
      case BYTES: {
        const at = this.offset;
        const length = this.varint();
        if (length > BigInt(this.#bytes.length - this.#position)) {
          throw this.error(
            `found the length ${length.toString()}, for which the ${this.#bytes.length - this.#position} bytes left are too few`,
            at,
          );
        }
        return { kind: "bytes", bytes: this.#take(Number(length)) };
      }
      default:
        throw this.error(`expected a type of field (0, 1, 2 or 5), found ${type}`, offset);
    }
  }

  /** At most 64 bits, seven in each byte, the lowest first. */
  varint(): bigint {
    const at = this.offset;
    let bits = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#position++];
      if (byte === undefined) throw this.error("expected a number, found the end", at);
      bits |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, bits);
    }
    throw this.error("expected a number of at most ten bytes, found a longer one", at);
  }

  #take(length: number): Uint8Array {
    if (this.#bytes.length - this.#position < length) {
      throw this.error(
        `expected ${length} bytes, found ${this.#bytes.length - this.#position} before the end`,
      );
    }
    const begin = this.#position;
    this.#position += length;
    return this.#bytes.subarray(begin, this.#position);
  }

  bytesOf({ value, number, offset }: Field): Uint8Array {
    if (value.kind === "bytes") return value.bytes;
    throw this.error(`field ${number}: expected a text or a message, found a number`, offset);
  }

  bitsOf({ value, number, offset }: Field): bigint {
    if (value.kind === "varint") return value.bits;
    throw this.error(`field ${number}: expected a whole number, found something else`, offset);
  }

  /** 4 bytes are a float, 8 a double. */
  floatOf({ value, number, offset }: Field, size: 4 | 8): number {
    if (value.kind === "fixed" && value.bytes.length === size) {
      const view = new DataView(value.bytes.buffer, value.bytes.byteOffset, size);
      return size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
    }
    throw this.error(`field ${number}: expected ${size * 8} bits, found something else`, offset);
  }

  /** Where bytes of this message are in the file. */
  offsetOf(part: Uint8Array): number {
    return this.#start + part.byteOffset - this.#bytes.byteOffset;
  }
}
