/** The values of CNTK 2's dictionaries, as its protobuf files hold them (model-format.md 8.1). */

import type { FloatArray } from "../../node.js";
import { WireReader, type Field } from "./wire.js";

export type Dictionary = ReadonlyMap<string, DictionaryValue>;

export interface Axis {
  readonly staticIndex: number;
  readonly name: string;
  readonly isOrdered: boolean;
}

export interface ArrayView {
  /** 1 float, 2 double, others are of later releases */
  readonly dataType: number;
  readonly shape: readonly number[];
  readonly values: FloatArray;
}

/** What a value is, by its kind. */
export interface Values {
  readonly bool: boolean;
  /** whole, float or double */
  readonly number: number;
  /** an unsigned number that may use all its 64 bits */
  readonly size: bigint;
  readonly string: string;
  readonly shape: readonly number[];
  readonly axis: Axis;
  readonly vector: readonly DictionaryValue[];
  readonly dictionary: Dictionary;
  readonly array: ArrayView;
}

export interface ValueOfKind<K extends keyof Values> {
  readonly kind: K;
  readonly value: Values[K];
}

export type DictionaryValue =
  { readonly kind: "none" } | { [K in keyof Values]: ValueOfKind<K> }[keyof Values];

/** Deeper nesting than any network needs; the stack must not decide. */
const DEEPEST = 100;

/**
 * Reads a file that is one dictionary.
 * @throws CntkError "reading" with the byte offset
 */
export function readDictionary(bytes: Uint8Array, fileName: string): Dictionary {
  return dictionary(new WireReader(bytes, fileName), 0);
}

function dictionary(reader: WireReader, depth: number): Dictionary {
  if (depth > DEEPEST) throw reader.error(`dictionaries are nested more than ${DEEPEST} deep`);
  const entries = new Map<string, DictionaryValue>();
  for (const field of reader.fields()) {
    if (field.number !== 2) continue;
    const entry = reader.within(field);
    let key = "";
    let value: DictionaryValue = { kind: "none" };
    for (const part of entry.fields()) {
      if (part.number === 1) key = text(entry, part);
      if (part.number === 2) value = dictionaryValue(entry.within(part), depth + 1);
    }
    entries.set(key, value);
  }
  return entries;
}

/** Types of values by their number, with the value that stands for a field the file leaves out. */
const ABSENT: readonly DictionaryValue[] = [
  { kind: "none" },
  { kind: "bool", value: false },
  { kind: "number", value: 0 },
  { kind: "size", value: 0n },
  { kind: "number", value: 0 },
  { kind: "number", value: 0 },
  { kind: "string", value: "" },
  { kind: "shape", value: [] },
  { kind: "axis", value: { staticIndex: 0, name: "", isOrdered: false } },
  { kind: "vector", value: [] },
  { kind: "dictionary", value: new Map() },
  { kind: "array", value: { dataType: 0, shape: [], values: new Float32Array() } },
];

/** How the field of each number is read; the type of the value is that number less 2. */
const READERS: Readonly<
  Record<number, (reader: WireReader, field: Field, depth: number) => DictionaryValue>
> = {
  3: (reader, field) => ({ kind: "bool", value: reader.bitsOf(field) !== 0n }),
  4: (reader, field) => ({ kind: "number", value: int32(reader, field) }),
  5: (reader, field) => ({ kind: "size", value: reader.bitsOf(field) }),
  6: (reader, field) => ({ kind: "number", value: reader.floatOf(field, 4) }),
  7: (reader, field) => ({ kind: "number", value: reader.floatOf(field, 8) }),
  8: (reader, field) => ({ kind: "string", value: text(reader, field) }),
  9: (reader, field) => ({ kind: "shape", value: shape(reader.within(field)) }),
  10: (reader, field) => ({ kind: "axis", value: axis(reader.within(field)) }),
  11: (reader, field, depth) => ({ kind: "vector", value: vector(reader.within(field), depth) }),
  12: (reader, field, depth) => ({
    kind: "dictionary",
    value: dictionary(reader.within(field), depth),
  }),
  13: (reader, field) => ({ kind: "array", value: arrayView(reader.within(field)) }),
};

function dictionaryValue(reader: WireReader, depth: number): DictionaryValue {
  let type = 0;
  let value: DictionaryValue | undefined;
  let typeOfValue = 0;
  for (const field of reader.fields()) {
    if (field.number === 2) type = Number(reader.bitsOf(field));
    const read = READERS[field.number];
    if (read === undefined) continue;
    value = read(reader, field, depth);
    typeOfValue = field.number - 2;
  }
  // A type to come is nothing that could be used.
  return value !== undefined && typeOfValue === type ? value : (ABSENT[type] ?? { kind: "none" });
}

const text = (reader: WireReader, field: Field): string =>
  Buffer.from(reader.bytesOf(field)).toString("utf8");

const int32 = (reader: WireReader, field: Field): number =>
  Number(BigInt.asIntN(32, reader.bitsOf(field)));

function shape(reader: WireReader): readonly number[] {
  const sizes: number[] = [];
  for (const field of reader.fields()) {
    if (field.number !== 1) continue;
    if (field.value.kind === "varint") sizes.push(Number(field.value.bits));
    else for (const list = reader.within(field); !list.isAtEnd;) sizes.push(Number(list.varint()));
  }
  return sizes;
}

function axis(reader: WireReader): Axis {
  let [staticIndex, name, isOrdered] = [0, "", false];
  for (const field of reader.fields()) {
    if (field.number === 1) staticIndex = int32(reader, field);
    if (field.number === 2) name = text(reader, field);
    if (field.number === 3) isOrdered = reader.bitsOf(field) !== 0n;
  }
  return { staticIndex, name, isOrdered };
}

function vector(reader: WireReader, depth: number): readonly DictionaryValue[] {
  if (depth > DEEPEST) throw reader.error(`vectors are nested more than ${DEEPEST} deep`);
  const values: DictionaryValue[] = [];
  for (const field of reader.fields()) {
    if (field.number === 1) values.push(dictionaryValue(reader.within(field), depth + 1));
  }
  return values;
}

/** Elements of the dense formats. */
function arrayView(reader: WireReader): ArrayView {
  let dataType = 0;
  let sizes: readonly number[] = [];
  let values: FloatArray = new Float32Array();
  for (const field of reader.fields()) {
    if (field.number === 1) dataType = Number(reader.bitsOf(field));
    if (field.number === 2 && reader.bitsOf(field) !== 0n) {
      throw reader.error("expected a dense array, found a sparse one", field.offset);
    }
    if (field.number === 3) sizes = shape(reader.within(field));
    if (field.number === 4) values = numbers(reader.within(field), 4);
    if (field.number === 5) values = numbers(reader.within(field), 8);
  }
  return { dataType, shape: sizes, values };
}

/** A list of numbers: packed, or each in a field of its own. */
function numbers(reader: WireReader, size: 4 | 8): FloatArray {
  const parts: FloatArray[] = [];
  for (const field of reader.fields()) {
    if (field.number !== 1) continue;
    if (field.value.kind === "fixed") {
      const number = reader.floatOf(field, size);
      parts.push(size === 4 ? Float32Array.of(number) : Float64Array.of(number));
      continue;
    }
    const bytes = reader.bytesOf(field);
    if (bytes.length % size !== 0) {
      throw reader.error(`expected numbers of ${size} bytes, found ${bytes.length} bytes`);
    }
    const copy = Uint8Array.from(bytes).buffer;
    parts.push(size === 4 ? new Float32Array(copy) : new Float64Array(copy));
  }
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const all = parts.flatMap((part) => [...part]);
  return size === 4 ? Float32Array.from(all) : Float64Array.from(all);
}
