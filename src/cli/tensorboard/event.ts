/**
 * TensorBoard's events as bytes: the few fields of the protocol buffers `Event` and `Summary` that scalars need, and the
 * record around them (TensorFlow: event.proto, summary.proto, record_writer.cc).
 */

import { maskedCrc32c } from "./crc32c.js";

/** One number that TensorBoard draws over the steps. */
export interface Scalar {
  /** names of the same group have a prefix before a slash */
  readonly tag: string;
  readonly value: number;
}

/** Field of a message: its number, and its value as the kind of encoding asks for. */
type Field =
  | { readonly number: number; readonly kind: "varint"; readonly value: number }
  | { readonly number: number; readonly kind: "double" | "float"; readonly value: number }
  | { readonly number: number; readonly kind: "bytes"; readonly value: Uint8Array };

const WIRE_TYPES = { varint: 0, double: 1, bytes: 2, float: 5 } as const;

/** Seven bits in each byte, the lowest first. @param value an integer of 0 or more */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Buffer.from([...bytes, value]);
}

function encodeValue(field: Field): Buffer {
  switch (field.kind) {
    case "varint":
      return varint(field.value);
    case "double": {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(field.value);
      return bytes;
    }
    case "float": {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(field.value);
      return bytes;
    }
    case "bytes":
      return Buffer.concat([varint(field.value.length), field.value]);
  }
}

const message = (...fields: readonly Field[]): Buffer =>
  Buffer.concat(
    fields.flatMap((field) => [
      varint(field.number * 8 + WIRE_TYPES[field.kind]),
      encodeValue(field),
    ]),
  );

const text = (value: string) => Buffer.from(value, "utf8");

/** The first event of a file: `brain.Event:2`. @param wallTime seconds since 1970 */
export const versionEvent = (wallTime: number): Buffer =>
  message(
    { number: 1, kind: "double", value: wallTime },
    { number: 3, kind: "bytes", value: text("brain.Event:2") },
  );

/** An event with scalars. @param step where TensorBoard draws them */
export function scalarsEvent(wallTime: number, step: number, scalars: readonly Scalar[]): Buffer {
  const values = scalars.map(({ tag, value }): Field => {
    const encoded = message(
      { number: 1, kind: "bytes", value: text(tag) },
      { number: 2, kind: "float", value },
    );
    return { number: 1, kind: "bytes", value: encoded };
  });
  return message(
    { number: 1, kind: "double", value: wallTime },
    { number: 2, kind: "varint", value: step },
    { number: 5, kind: "bytes", value: message(...values) },
  );
}

/** Length and data, each followed by its checksum. */
export function record(data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, checksum(length), data, checksum(data)]);
}

function checksum(data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(maskedCrc32c(data));
  return bytes;
}
