/** Model files put together by hand, one field after the other. */

/** A field: a marker or text is a string, everything else says its encoding. */
export type Field = string | Uint8Array;

const number = (size: number, set: (view: DataView) => void): Uint8Array => {
  const view = new DataView(new ArrayBuffer(size));
  set(view);
  return new Uint8Array(view.buffer);
};

export const u8 = (value: number) => Uint8Array.of(value);
export const i32 = (value: number) => number(4, (view) => view.setInt32(0, value, true));
export const u32 = (value: number) => number(4, (view) => view.setUint32(0, value, true));
export const u64 = (value: number | bigint) =>
  number(8, (view) => view.setBigUint64(0, BigInt(value), true));
export const i64 = (value: number) => number(8, (view) => view.setBigInt64(0, BigInt(value), true));
export const f32 = (value: number) => number(4, (view) => view.setFloat32(0, value, true));
export const f64 = (value: number) => number(8, (view) => view.setFloat64(0, value, true));

export const bytesOf = (...fields: readonly Field[]): Uint8Array =>
  Buffer.concat(
    fields.map((field) =>
      typeof field === "string" ? Buffer.from(`${field}\0`, "utf16le") : field,
    ),
  );

export const shape = (...sizes: readonly number[]) => bytesOf(u32(sizes.length), ...sizes.map(u32));
export const bools = (...values: readonly number[]) =>
  bytesOf(u64(values.length), ...values.map(u8));

export const matrix = (rows: number, columns: number, values: readonly number[]) =>
  bytesOf(
    Buffer.from("d"),
    "BMAT",
    u64(4),
    "unnamed",
    i32(0),
    u64(rows),
    u64(columns),
    ...values.map(f32),
    "EMAT",
  );

export interface NodeBytes {
  readonly name: string;
  readonly operation: string;
  readonly body?: Uint8Array;
  readonly inputs?: readonly string[];
}

/** A LearnableParameter as version 3 and later store it. */
export const parameter = (
  name: string,
  sizes: readonly number[],
  values: readonly number[],
  multiplier = 1,
): NodeBytes => ({
  name,
  operation: "LearnableParameter",
  body: bytesOf(
    f32(multiplier),
    shape(...sizes),
    matrix(
      sizes[0] ?? 1,
      sizes.slice(1).reduce((product, size) => product * size, 1),
      values,
    ),
  ),
});

/** An InputValue as version 10 and later store it. */
export const input = (name: string, ...sizes: readonly number[]): NodeBytes => ({
  name,
  operation: "InputValue",
  body: bytesOf(u64(0), u64(0), shape(...sizes), u32(1), "", f32(0)),
});

export interface ModelBytes {
  readonly version: number;
  readonly nodes: readonly NodeBytes[];
  /** members of the five groups in the order of the file */
  readonly groups?: readonly (readonly string[])[];
}

const MARKERS = ["FeatureNodes", "LabelNodes", "CriterionNodes", "EvalNodes", "OutputNodes"];

export function modelBytes({ version, nodes, groups = [] }: ModelBytes): Uint8Array {
  return bytesOf(
    "BCN",
    ...(version > 1 ? ["BVersion", u64(version), "EVersion"] : []),
    u64(nodes.length),
    "BNodeList",
    ...nodes.flatMap(({ name, operation, body = bytesOf() }) => [
      ...(version >= 7 ? ["float"] : []),
      operation,
      name,
      body,
    ]),
    "ENodeList",
    "BRelation",
    ...nodes.flatMap(({ name, inputs = [] }) => [name, u64(inputs.length), ...inputs]),
    "ERelation",
    "BRootNodes",
    ...MARKERS.flatMap((marker, index) => [
      `B${marker}`,
      u64(groups[index]?.length ?? 0),
      ...(groups[index] ?? []),
      `E${marker}`,
    ]),
    "ERootNodes",
    "ECN",
  );
}

/** The logistic regression of model-format.md 3: version 10, 1488 bytes. */
export function logisticRegression(version: number): Uint8Array {
  const times = version >= 12 ? bytesOf(u64(1), i32(-1)) : u64(1);
  return modelBytes({
    version,
    nodes: [
      {
        ...parameter("b", [1, 1], []),
        body: bytesOf(
          f32(1),
          shape(1, 1),
          Buffer.from("d"),
          "BMAT",
          u64(4),
          "unnamed",
          i32(0),
          u64(1),
          u64(1),
          Uint8Array.of(0x71, 0x5c, 0x46, 0xc1),
          "EMAT",
        ),
      },
      { name: "err", operation: "SquareError", inputs: ["labels", "p"] },
      input("features", 2),
      input("labels", 1),
      { name: "lr", operation: "Logistic", inputs: ["labels", "p"] },
      { name: "p", operation: "Sigmoid", inputs: ["p._"] },
      { name: "p._", operation: "Plus", inputs: ["p._.PlusArgs[0]", "b"] },
      { name: "p._.PlusArgs[0]", operation: "Times", body: times, inputs: ["w", "features"] },
      parameter("w", [1, 2], [2.5, 2.56621]),
    ],
    groups: [["features", "labels"], ["labels"], ["lr"], ["err"], ["p"]],
  });
}
