/** Dictionaries of CNTK 2 put together by hand, as its protobuf files hold them. */

type Bytes = readonly number[];

function varint(value: number | bigint): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

/** A field that is a number. */
export const whole = (field: number, value: number | bigint): Bytes => [
  ...varint(field * 8),
  ...varint(value),
];

/** A field that is a text or a message. */
export const part = (field: number, content: string | Bytes): Bytes => {
  const bytes = typeof content === "string" ? [...Buffer.from(content)] : content;
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
};

/** A field of 32 or 64 bits. */
export const fixed = (field: number, size: 4 | 8, value: number): Bytes => [
  ...varint(field * 8 + (size === 4 ? 5 : 1)),
  ...floats([value], size),
];

export const floats = (values: readonly number[], size: 4 | 8 = 4): Bytes => [
  ...new Uint8Array((size === 4 ? Float32Array.from(values) : Float64Array.from(values)).buffer),
];

/** A DictionaryValue. */
export const value = (type: number, content: Bytes): Bytes => [
  ...whole(1, 1),
  ...whole(2, type),
  ...content,
];

export const none = value(0, []);
export const bool = (flag: boolean) => value(1, whole(3, flag ? 1 : 0));
export const int = (number: number) => value(2, whole(4, number));
export const size = (number: number | bigint) => value(3, whole(5, number));
export const double = (number: number) => value(5, fixed(7, 8, number));
export const text = (characters: string) => value(6, part(8, characters));
export const shapeOf = (...sizes: readonly (number | bigint)[]): Bytes =>
  part(1, sizes.flatMap(varint));
export const shape = (...sizes: readonly (number | bigint)[]) =>
  value(7, part(9, shapeOf(...sizes)));
export const axis = (index: number, isOrdered = false, name = "") =>
  value(8, part(10, [...whole(1, index), ...part(2, name), ...whole(3, isOrdered ? 1 : 0)]));
export const vector = (...values: readonly Bytes[]) =>
  value(
    9,
    part(
      11,
      values.flatMap((one) => part(1, one)),
    ),
  );
export const array = (sizes: readonly number[], values: readonly number[], type: 1 | 2 = 1) =>
  value(
    11,
    part(13, [
      ...whole(1, type),
      ...part(3, shapeOf(...sizes)),
      ...part(type + 3, part(1, floats(values, type === 1 ? 4 : 8))),
    ]),
  );

type Entries = Readonly<Record<string, Bytes>>;

const entriesOf = (entries: Entries): Bytes => [
  ...whole(1, 1),
  ...Object.entries(entries).flatMap(([key, one]) => part(2, [...part(1, key), ...part(2, one)])),
];

export const dictionary = (entries: Entries) => value(10, part(12, entriesOf(entries)));

/** The bytes of a file. */
export const file = (entries: Entries): Uint8Array => Uint8Array.from(entriesOf(entries));

/** An input, parameter (kind 2) or constant (kind 3). */
export function variable(
  uid: string,
  kind: number,
  sizes: readonly number[],
  more: Entries = {},
): Bytes {
  const count = sizes.reduce((product, one) => product * one, 1);
  const values = Array.from({ length: count }, (_, i) => i + 1);
  return dictionary({
    version: size(1),
    type: text("Variable"),
    uid: text(uid),
    kind: size(kind),
    data_type: size(1),
    shape: shape(...sizes),
    is_sparse: bool(false),
    needs_gradient: bool(kind === 2),
    dynamic_axis: vector(...(kind < 2 ? [axis(2147483647, false, "defaultBatchAxis")] : [])),
    ...(kind < 2 ? {} : { value: array(sizes, values) }),
    ...more,
  });
}

export function functionOf(
  uid: string,
  op: number,
  inputs: readonly string[],
  attributes: Entries = {},
  more: Entries = {},
): Bytes {
  return dictionary({
    version: size(7),
    type: text("PrimitiveFunction"),
    uid: text(uid),
    op: size(op),
    inputs: vector(...inputs.map(text)),
    attributes: dictionary(attributes),
    ...more,
  });
}

/** A block around a function. @param arguments_ placeholder -> uid outside */
export const block = (
  uid: string,
  root: string,
  arguments_: Readonly<Record<string, string>>,
  more: Entries = {},
): Bytes =>
  functionOf(
    uid,
    57,
    Object.values(arguments_),
    {},
    {
      block_function_composite: dictionary({ type: text("CompositeFunction"), root: text(root) }),
      block_function_composite_arguments_map_keys: vector(...Object.keys(arguments_).map(text)),
      block_function_composite_arguments_map_values: vector(...Object.values(arguments_).map(text)),
      ...more,
    },
  );

/** The bytes of a model file. */
export const composite = (
  root: string,
  inputs: readonly Bytes[],
  functions: readonly Bytes[],
  more: Entries = {},
): Uint8Array =>
  file({
    version: size(2),
    type: text("CompositeFunction"),
    uid: text("CompositeFunction16"),
    root: text(root),
    inputs: vector(...inputs),
    primitive_functions: vector(...functions),
    ...more,
  });
