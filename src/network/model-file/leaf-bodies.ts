/** Bodies with numbers or shapes in them: parameters, statistics, inputs, delays (model-format.md 4.1, 4.2, 4.7, 4.9). */

import { CntkError } from "../../../grammar/errors.js";
import { elementCount, printShape, type Shape } from "../../operations/shape.js";
import type { ComputationNode, FloatArray, ParameterState } from "../node.js";
import type { Body, BodyFormat, BodySource } from "./body.js";
import { readMatrix, toPrecision, writeMatrix, type Matrix } from "./matrix.js";
import { asNumber, defaultSettings } from "./settings-body.js";

/** Rows of a parameter in matrix form: its first dimension. */
export function rowsOf(shape: Shape): number {
  return shape[0] ?? 1;
}

/** Columns of a parameter in matrix form: the product of its other dimensions. */
export function columnsOf(shape: Shape): number {
  return elementCount(shape.slice(1));
}

/** A parameter with this value, as it comes from a file. */
export function loadedParameter(value: FloatArray, learningRateMultiplier: number): ParameterState {
  return {
    learningRateMultiplier,
    initialization: { kind: "loaded" },
    value,
    gradient: undefined,
  };
}

function readValue({ reader, elementSize, nodeName, precision }: BodySource, shape: Shape) {
  const at = reader.offset;
  const { rows, columns, values } = readMatrix(reader, elementSize, `parameter '${nodeName}'`);
  if (rows !== rowsOf(shape) || columns !== columnsOf(shape) || values.length === 0) {
    throw reader.error(
      `parameter '${nodeName}': expected a matrix of ${rowsOf(shape)} x ${columnsOf(shape)} for the shape [${printShape(shape)}], found ${rows} x ${columns}`,
      at,
    );
  }
  return toPrecision(values, precision);
}

export const learnableParameter: BodyFormat = {
  read(source): Body {
    const { reader, version, nodeName } = source;
    const what = `parameter '${nodeName}'`;
    const multiplier =
      version >= 3
        ? reader.f32(`${what}: learning rate multiplier`)
        : Number(reader.bool(`${what}: needs an update`));
    const shape = version >= 3 ? reader.shape(what) : shapeBefore3(source);
    const parameter = loadedParameter(readValue(source, shape), multiplier);
    return { settings: defaultSettings(source.operation.settings), shape, parameter };
  },

  write({ writer, node, elementSize }) {
    writer.f32(node.parameter?.learningRateMultiplier ?? 0);
    writer.shape(node.shape);
    writeMatrix(writer, matrixOf(node), elementSize);
  },
};

function shapeBefore3({ reader, nodeName }: BodySource): Shape {
  const what = `parameter '${nodeName}'`;
  const rows = reader.longDimension(`${what}: rows`);
  const columns = reader.longDimension(`${what}: columns`);
  if (rows !== 0) return [rows, columns];
  const shape = reader.shapeOrLegacy(what);
  return columns > 1 ? [...shape, columns] : shape;
}

/** A parameter as the matrix that files store. @throws CntkError "running" if it has no value yet */
export function matrixOf(node: ComputationNode): Matrix {
  const values = node.parameter?.value;
  const fail = (found: string) =>
    new CntkError(
      "running",
      `cannot save the parameter '${node.name}' [${printShape(node.shape)}]: it has ${found}`,
    );
  if (values === undefined) throw fail("no value");
  if (values.length !== elementCount(node.shape)) throw fail(`${values.length} values`);
  return { rows: rowsOf(node.shape), columns: columnsOf(node.shape), values };
}

/**
 * Mean and InvStdDev: a vector computed before training. It is kept as the node's parameter state, without value as
 * long as it is not computed.
 */
export const precomputed: BodyFormat = {
  read(source): Body {
    const { reader, elementSize, nodeName, precision } = source;
    const hasComputed = reader.bool(`node '${nodeName}': has been computed`);
    const matrix = readMatrix(reader, elementSize, `node '${nodeName}'`);
    const parameter = loadedParameter(toPrecision(matrix.values, precision), 0);
    if (!hasComputed) parameter.value = undefined;
    const shape = [matrix.values.length];
    return { settings: defaultSettings(source.operation.settings), shape, parameter };
  },

  write({ writer, node, elementSize }) {
    const values = node.parameter?.value;
    writer.bool(values !== undefined);
    const stored = values ?? new Float64Array(elementCount(node.shape));
    writeMatrix(writer, { rows: stored.length, columns: 1, values: stored }, elementSize);
  },
};

/** The default dynamic axis: `*` in the network, no name in the file. */
const DEFAULT_AXIS = "*";

/** InputValue and SparseInputValue. */
export const input: BodyFormat = {
  read(source): Body {
    const { reader, version, nodeName, operation } = source;
    const what = `input '${nodeName}'`;
    const rows = reader.longDimension(`${what}: rows`);
    reader.longDimension(`${what}: columns`);
    const stored = reader.shapeOrLegacy(what);
    const shape = rows !== 0 && rows !== elementCount(stored) ? [rows] : stored;
    const axisName = version >= 8 ? readAxisName(source) : "";
    if (version >= 10) reader.f32(`${what}: learning rate multiplier`);
    const dynamicAxis = axisName === "" ? DEFAULT_AXIS : axisName;
    return { settings: defaultSettings(operation.settings), shape, dynamicAxis };
  },

  write({ writer, node }) {
    writer.u64(0);
    writer.u64(0);
    writer.shape(node.shape);
    writer.u32(1);
    writer.wideString(node.dynamicAxis === DEFAULT_AXIS ? "" : (node.dynamicAxis ?? ""));
    writer.f32(0);
  },
};

function readAxisName({ reader, nodeName }: BodySource): string {
  const at = reader.offset;
  const count = reader.u32(`input '${nodeName}': number of dynamic axes`);
  if (count > 1) {
    throw reader.error(
      `input '${nodeName}': expected at most one dynamic axis, found ${count}`,
      at,
    );
  }
  return count === 0 ? "" : reader.wideString(`input '${nodeName}': dynamic axis`);
}

/** PastValue and FutureValue: the value before the sequence begins has the precision of the node. */
export const delay: BodyFormat = {
  read(source): Body {
    const { reader, version, nodeName, operation, elementSize } = source;
    const what = `node '${nodeName}'`;
    const timeStep = reader.i32(`${what}: timeStep`);
    const shape = version >= 4 ? reader.shape(what) : shapeBefore4(source);
    const defaultHiddenActivation =
      version >= 2 ? reader.element(elementSize, `${what}: initial activation`) : 0.1;
    const settings = { ...defaultSettings(operation.settings), timeStep, defaultHiddenActivation };
    return { settings, shape };
  },

  write({ writer, node, elementSize }) {
    writer.i32(asNumber(node.settings.timeStep, "timeStep"));
    writer.shape(node.shape);
    const initial = asNumber(node.settings.defaultHiddenActivation, "defaultHiddenActivation");
    writer.element(initial, elementSize);
  },
};

function shapeBefore4({ reader, nodeName }: BodySource): Shape {
  const rows = reader.longDimension(`node '${nodeName}': rows`);
  reader.u64(`node '${nodeName}': columns`);
  return [rows];
}
