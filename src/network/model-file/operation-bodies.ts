/** Bodies that are more, or something else, than the list of the operation's settings (model-format.md 4.5 to 4.12). */

import type { Settings } from "../../operations/settings.js";
import type { Body, BodyFormat, BodySource, BodyTarget } from "./body.js";
import { axisSteps, permutationSteps } from "./axis-steps.js";
import { batchNormalization } from "./batch-normalization.js";
import { convolution, pooling } from "./convolution-body.js";
import { delay, input, learnableParameter, precomputed } from "./leaf-bodies.js";
import {
  asBoolean,
  asNumber,
  asShape,
  asString,
  defaultSettings,
  readSettings,
  writeSettings,
} from "./settings-body.js";
import { trace } from "./trace-body.js";

/** How a body with these settings is read and written; settings the format does not mention keep their defaults. */
function format(
  read: (source: BodySource, what: string) => Settings,
  write: (target: BodyTarget) => void,
): BodyFormat {
  return {
    read(source) {
      const settings = read(source, `node '${source.nodeName}'`);
      return { settings: { ...defaultSettings(source.operation.settings), ...settings } };
    },
    write,
  };
}

/** The body of every operation without an entry of its own below. */
const plain: BodyFormat = {
  read({ reader, operation, version, nodeName }) {
    return { settings: readSettings(reader, operation.settings, version, nodeName) };
  },
  write({ writer, version, node }) {
    writeSettings(writer, version, node.operation.settings, node.settings);
  },
};

/** A body of which later releases store a list: all but the last entry are nodes in front of this one. */
function inSteps(
  read: (source: BodySource, what: string) => readonly Settings[],
  write: (target: BodyTarget) => void,
): BodyFormat {
  return {
    read(source) {
      const steps = read(source, `node '${source.nodeName}'`);
      const defaults = defaultSettings(source.operation.settings);
      const complete = steps.map((settings) => ({ ...defaults, ...settings }));
      const settings = complete.at(-1) ?? defaults;
      return complete.length > 1 ? { settings, before: complete.slice(0, -1) } : { settings };
    },
    write,
  };
}

/** The number of axes, which later versions store in front of them. */
function countOfAxes({ reader }: BodySource, what: string, bytesEach: number): number {
  const at = reader.offset;
  const count = reader.i32(`${what}: number of axes`);
  if (count >= 1 && count * bytesEach <= reader.remaining) return count;
  throw reader.error(`${what}: expected a number of axes, found ${count}`, at);
}

/** The file has the length in place of the end; both ends may count from the end of the axis. */
const slice = inSteps(
  (source, what) => {
    const { reader, version } = source;
    const count = version >= 22 ? countOfAxes(source, what, 20) : 1;
    return Array.from({ length: count }, () => {
      const beginIndex = reader.i64(`${what}: beginIndex`);
      const endIndex = beginIndex + reader.i64(`${what}: length`);
      const axis = version >= 3 ? reader.i32(`${what}: axis`) : 1;
      const stepAt = reader.offset;
      const step = version >= 27 ? reader.i32(`${what}: step`) : 1;
      if (step !== 1) throw reader.error(`${what}: a step of ${step} is not supported`, stepAt);
      return { beginIndex, endIndex, axis };
    });
  },
  ({ writer, version, node: { settings } }) => {
    if (version >= 22) writer.i32(1);
    const beginIndex = asNumber(settings.beginIndex, "beginIndex");
    writer.i64(beginIndex);
    writer.i64(asNumber(settings.endIndex, "endIndex") - beginIndex);
    writer.i32(asNumber(settings.axis, "axis"));
  },
);

const reduceElements = inSteps(
  (source, what) => {
    const { reader, version } = source;
    const at = reader.offset;
    const count = version >= 27 ? countOfAxes(source, what, 4) : 1;
    const axes = Array.from({ length: count }, () => reader.i32(`${what}: axis`));
    const name = reader.wideString(`${what}: reduction`);
    const keepAt = reader.offset;
    const keepsDimensions = version < 24 || reader.bool(`${what}: keepDimensions`);
    // Where all axes are reduced together the result is a scalar either way.
    if (!keepsDimensions && axes.some((axis) => axis > 0)) {
      throw reader.error(`${what}: a reduction that drops its axis is not supported`, keepAt);
    }
    const reductionOp = name === "Plus" ? "Sum" : name;
    return axisSteps(axes, reductionOp, (message) => reader.error(`${what}: ${message}`, at));
  },
  ({ writer, node: { settings } }) => {
    writer.i32(asNumber(settings.axis, "axis"));
    writer.wideString(asString(settings.reductionOp, "reductionOp"));
  },
);

const transposeDimensions = inSteps(({ reader, version }, what) => {
  if (version < 3) return [{ axis1: 1, axis2: 2 }];
  const at = reader.offset;
  const axis1 = reader.i32(`${what}: axis1`);
  const axis2 = reader.i32(`${what}: axis2`);
  if (version < 25 || axis1 !== 0 || axis2 !== 0) return [{ axis1, axis2 }];
  const count = reader.count(`${what}: permutation`, 8);
  const order = Array.from({ length: count }, () => reader.u64(`${what}: axis`));
  return permutationSteps(order, (message) => reader.error(`${what}: ${message}`, at));
}, plain.write);

/** In old files the four recurrences had other names. */
const OLD_RECURRENCES: Readonly<Record<string, string>> = {
  LSTM: "lstm",
  GRU: "gru",
  RNN_RELU: "rnnReLU",
  RNN_TANH: "rnnTanh",
};

const optimizedRnnStack = format(
  ({ reader, version }, what) => {
    const bidirectional = reader.u64(`${what}: bidirectional`) !== 0;
    const numLayers = reader.u64(`${what}: numLayers`);
    const hiddenDims = reader.u64(`${what}: hiddenDims`);
    const name = reader.wideString(`${what}: recurrentOp`);
    const axis = version >= 14 ? reader.i32(`${what}: axis`) : -1;
    return {
      bidirectional,
      numLayers,
      hiddenDims,
      recurrentOp: OLD_RECURRENCES[name] ?? name,
      axis,
    };
  },
  ({ writer, node: { settings } }) => {
    writer.u64(asBoolean(settings.bidirectional, "bidirectional") ? 1 : 0);
    writer.u64(asNumber(settings.numLayers, "numLayers"));
    writer.u64(asNumber(settings.hiddenDims, "hiddenDims"));
    writer.wideString(asString(settings.recurrentOp, "recurrentOp"));
    writer.i32(asNumber(settings.axis, "axis"));
  },
);

/** First version in which every writer stores the options of the next two; CNTK of 2017 stores none. */
const WITH_OPTIONS = 20;

const editDistanceError = format(
  ({ reader, version }, what) => {
    if (version < WITH_OPTIONS) return {};
    const subPen = reader.f32(`${what}: subPen`);
    const delPen = reader.f32(`${what}: delPen`);
    const insPen = reader.f32(`${what}: insPen`);
    const squashInputs = reader.bool(`${what}: squashInputs`);
    const count = reader.count(`${what}: tokensToIgnore`, 8);
    const tokensToIgnore = Array.from({ length: count }, () => reader.u64(`${what}: token`));
    return { subPen, delPen, insPen, squashInputs, tokensToIgnore };
  },
  ({ writer, version, node: { settings } }) => {
    if (version < WITH_OPTIONS) return;
    for (const key of ["subPen", "delPen", "insPen"]) writer.f32(asNumber(settings[key], key));
    writer.bool(asBoolean(settings.squashInputs, "squashInputs"));
    const tokens = asShape(settings.tokensToIgnore, "tokensToIgnore");
    writer.u64(tokens.length);
    for (const token of tokens) writer.u64(token);
  },
);

const forwardBackward = format(
  ({ reader, version }, what) => {
    if (version < WITH_OPTIONS) return {};
    const delayConstraint = reader.i32(`${what}: delayConstraint`);
    return { delayConstraint, blankTokenId: reader.u64(`${what}: blankTokenId`) };
  },
  ({ writer, version, node: { settings } }) => {
    if (version < WITH_OPTIONS) return;
    writer.i32(asNumber(settings.delayConstraint, "delayConstraint"));
    writer.u64(asNumber(settings.blankTokenId, "blankTokenId"));
  },
);

/** Old networks only: the target's rows, and its shape, which may be in the legacy form. */
const legacyReshape = format(
  ({ reader }, what) => {
    const numRows = reader.u64(`${what}: numRows`);
    return { numRows, targetShape: reader.shapeOrLegacy(`${what}: shape`) };
  },
  ({ writer, node: { settings } }) => {
    const { numRows, targetShape, imageChannels, imageWidth, imageHeight } = settings;
    const rows = asNumber(numRows, "numRows");
    writer.u64(rows);
    const image = [imageChannels, imageWidth, imageHeight];
    const isImage = image.every((size) => typeof size === "number" && size > 0);
    writer.shape(asShape(targetShape ?? (isImage ? image : [rows]), "shape"));
  },
);

/** Very old files lack the mode; what stands there instead is then no number of a mode. */
const noiseContrastiveEstimation: BodyFormat = {
  ...plain,
  read(source) {
    const { reader, operation } = source;
    const at = reader.offset;
    const mode = reader.i32(`node '${source.nodeName}': evalMode`);
    reader.rewind(at);
    if (mode > 2 || mode < 0) return { settings: defaultSettings(operation.settings) };
    return plain.read(source);
  },
};

const formats: Readonly<Record<string, BodyFormat>> = {
  Mean: precomputed,
  InvStdDev: precomputed,
  Convolution: convolution,
  Pooling: pooling,
  MaxUnpooling: pooling,
  BatchNormalization: batchNormalization,
  Slice: slice,
  ReduceElements: reduceElements,
  TransposeDimensions: transposeDimensions,
  OptimizedRNNStack: optimizedRnnStack,
  EditDistanceError: editDistanceError,
  ForwardBackward: forwardBackward,
  NCEBasedCrossEntropyWithSoftmax: noiseContrastiveEstimation,
  LegacyReshape: legacyReshape,
  Trace: trace,
};

/** State of the generator of a node that draws random numbers, after its settings; Dropout, sampling. */
function readRandomState({ reader, version, nodeName }: BodySource): Settings {
  if (version < 16) return {};
  const what = `node '${nodeName}': state of the random numbers`;
  const at = reader.offset;
  const longSeed = reader.u64Bits(what);
  // Version 16 wrote the seed as the machine's `long`: 4 bytes on Windows. What follows the state tells which.
  const state = { randomSeed: longSeed, randomOffset: reader.u64Bits(what) };
  if (version > 16 || nodeFollows(reader)) return state;
  reader.rewind(at);
  const shortSeed = BigInt(reader.u32(what));
  const shortState = { randomSeed: shortSeed, randomOffset: reader.u64Bits(what) };
  if (nodeFollows(reader)) return shortState;
  reader.rewind(at + 16);
  return state;
}

function nodeFollows(reader: BodySource["reader"]): boolean {
  const at = reader.offset;
  const follows = ["float", "double", "ENodeList"].some((name) => reader.tryMarker(name));
  reader.rewind(at);
  return follows;
}

function writeRandomState({ writer, node: { settings } }: BodyTarget): void {
  const { randomSeed, randomOffset } = settings;
  writer.u64Bits(typeof randomSeed === "bigint" ? randomSeed : 0n);
  writer.u64Bits(typeof randomOffset === "bigint" ? randomOffset : 0n);
}

function formatOf({ leaf, hasDelayedInputs, name }: BodySource["operation"]): BodyFormat {
  if (leaf === "parameter") return learnableParameter;
  if (leaf === "input") return input;
  if (hasDelayedInputs === true) return delay;
  return formats[name] ?? plain;
}

/** Reads what the file stores of a node. @throws CntkError "reading" */
export function readBody(source: BodySource): Body {
  const body = formatOf(source.operation).read(source);
  if (source.operation.isRandom !== true) return body;
  return { ...body, settings: { ...body.settings, ...readRandomState(source) } };
}

/** Writes it in the layout of the version this program writes. */
export function writeBody(target: BodyTarget): void {
  formatOf(target.node.operation).write(target);
  if (target.node.operation.isRandom === true) writeRandomState(target);
}
