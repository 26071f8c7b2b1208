/** Networks around one node of each operation, with settings unlike the defaults. */

import { createNode } from "../../../src/network/construct-node.js";
import { loadedParameter } from "../../../src/network/model-file/leaf-bodies.js";
import type { ComputationNetwork } from "../../../src/network/network.js";
import { operations } from "../../../src/operations/index.js";
import type { Operation } from "../../../src/operations/operation.js";
import type { Encoding, Setting } from "../../../src/operations/settings.js";

/** A value unlike the defaults, for each encoding; of a choice the last one. */
const VALUES: Readonly<Record<Encoding, unknown>> = {
  bool: true,
  i32: -2,
  i64: -(2 ** 40),
  u32: 2 ** 32 - 1,
  u64: 2 ** 50,
  f32: 0.5,
  f64: 0.1,
  wstr: "é \ud800",
  shape: [3, 2, 2],
  bools: [true, false, true],
  record: {},
  choice: undefined,
};

/** Values that have to mean something to be read. */
const SPECIAL: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ReduceElements: { axis: 2, reductionOp: "LogSum" },
  TransposeDimensions: { axis1: 3, axis2: 1 },
  NCEBasedCrossEntropyWithSoftmax: { evalMode: 2 },
  BatchNormalization: { useCntkEngine: false },
  Pooling: { pool: "average" },
  MaxUnpooling: { pool: "max" },
  // an element of the node's precision
  PastValue: { defaultHiddenActivation: 0.25 },
  FutureValue: { defaultHiddenActivation: 0.25 },
  LegacyReshape: { numRows: 40 },
  Trace: {
    format: {
      type: "sparse",
      transpose: false,
      labelMappingFile: "m",
      prologue: "<",
      epilogue: ">",
    },
  },
};

/** What version 19 does not store has the value it would get there. */
function valueOf(setting: Setting<unknown>, version: number): unknown {
  if ((setting.since ?? 1) > version || setting.recordOnly === true)
    return setting.absent ?? setting.default;
  if (setting.encoding === "choice") return setting.choices?.at(-1);
  return VALUES[setting.encoding];
}

/** The node `n` between inputs. @param version of files that store all its settings */
export function networkOf(operation: Operation, version: number): ComputationNetwork {
  const find = (name: string) => operations.get(name) ?? operation;
  const count = operation.inputs.length;
  const inputs = Array.from({ length: count }, (_, i) =>
    createNode({
      name: `i${i}`,
      operation: find(i === 1 ? "SparseInputValue" : "InputValue"),
      shape: [5, 4, 2],
      dynamicAxis: i === 2 ? "axis" : "*",
      ranges: [],
    }),
  );
  const axis = createNode({ name: "axis", operation: find("DynamicAxis"), ranges: [] });
  const settings = Object.fromEntries(
    Object.entries(operation.settings).map(([key, one]) => [key, valueOf(one, version)]),
  );
  const random =
    operation.isRandom === true ? { randomSeed: 2n ** 64n - 1n, randomOffset: 5n } : {};
  const isStatistic = ["Mean", "InvStdDev"].includes(operation.name);
  const hasValue = operation.leaf === "parameter" || isStatistic;
  const node = createNode({
    name: "n",
    operation,
    settings: { ...settings, ...random, ...SPECIAL[operation.name] },
    inputs,
    shape: isStatistic ? [6] : [3, 2],
    ...(operation.leaf === "input" ? { dynamicAxis: "axis" } : {}),
    ...(hasValue
      ? { parameter: loadedParameter(Float64Array.of(1, -2, 3.5, 0, -0, 1e9), 0.5) }
      : {}),
    ranges: [],
  });
  const groups = { feature: inputs, label: [], criterion: [], evaluation: [node], output: [node] };
  return { nodes: [node, axis, ...inputs], groups };
}

/** Once each, without the older names. */
export const allOperations = [
  ...new Map([...operations.values()].map((one) => [one.name, one])).values(),
];
