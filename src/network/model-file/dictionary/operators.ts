/** CNTK 2's functions as nodes: names, settings and the order of inputs (model-format.md 9). */

import type { Settings } from "../../../operations/settings.js";
import { axisSteps, permutationSteps } from "../axis-steps.js";
import type { Entries } from "./attributes.js";
import type { Axis } from "./values.js";

/** A leaf among the inputs of a function. */
export interface OperatorContext {
  readonly attributes: Entries;
  /** of the function, to name what it makes */
  readonly uid: string;
  /** sizes of an input that is a parameter, constant or input of the network; undefined for others */
  readonly leafShape: (input: number) => readonly number[] | undefined;
  /** the value of an input that is a constant of one element */
  readonly scalar: (input: number) => number | undefined;
}

/** The node that a function becomes. */
export interface OperatorNode {
  /** those of the node last; the others are of nodes of the same operation on the way to it */
  readonly steps: readonly Settings[];
  /** which inputs of the function the node has, in its order; left out: all in the same order */
  readonly inputs?: readonly number[];
}

export interface Operator {
  /** of the node; undefined for a function that only passes its inputs on */
  readonly node?: string;
  /** left out for functions without attributes */
  readonly convert?: (context: OperatorContext) => OperatorNode;
}

const LARGEST_INT = 2147483647;
const ALL_STATIC_AXES = LARGEST_INT - 1;
const ALL_AXES = LARGEST_INT - 4;

/** The number of an axis in version-1 files: from 1 on, or one of the special numbers. */
function axisNumber({ staticIndex, isOrdered }: Axis, attributes: Entries): number {
  if (staticIndex >= 0 && staticIndex < ALL_AXES) return staticIndex + 1;
  if (staticIndex === ALL_STATIC_AXES) return 0;
  if (staticIndex === ALL_AXES) return -1;
  if (staticIndex === LARGEST_INT && isOrdered) return -2;
  throw attributes.error(`the axis with the number ${staticIndex} is not supported`);
}

/** One axis, or in later releases a list. */
function axes(attributes: Entries): number[] {
  const found = attributes.has("axisVec")
    ? attributes.list("axisVec", "axis")
    : [attributes.axis("axis")];
  return found.map((axis) => axisNumber(axis, attributes));
}

const one = (settings: Settings, ...inputs: readonly number[]): OperatorNode =>
  inputs.length === 0 ? { steps: [settings] } : { steps: [settings], inputs };

const exchanged = (node: string, ...inputs: readonly number[]): Operator => ({
  node,
  convert: () => one({}, ...inputs),
});

const slice = ({ attributes }: OperatorContext): OperatorNode => {
  const isList = attributes.has("axisVec");
  const numbers = (key: string, absent?: readonly never[]) =>
    isList ? attributes.list(`${key}Vec`, "number", absent) : [attributes.number(key, absent && 1)];
  const [begins, ends] = [numbers("beginIndex"), numbers("endIndex")];
  const step = numbers("sliceStrides", []).find((stride) => stride !== 1);
  if (step !== undefined) throw attributes.error(`a step of ${step} is not supported`);
  const steps = axes(attributes).map((axis, i) => ({
    beginIndex: begins[i] ?? 0,
    endIndex: ends[i] ?? 0,
    axis,
  }));
  return { steps };
};

const reduceElements = ({ attributes }: OperatorContext): OperatorNode => {
  const reductionOp = attributes.string("reductionOpName");
  const numbers = axes(attributes);
  const dropped = numbers.find((axis) => axis > 0);
  // Where all axes are reduced together the result is a scalar either way.
  if (dropped !== undefined && !attributes.bool("reductionKeepDimensions", true)) {
    throw attributes.error("a reduction that drops its axis is not supported");
  }
  return { steps: axisSteps(numbers, reductionOp, (message) => attributes.error(message)) };
};

const transposeAxes = ({ attributes }: OperatorContext): OperatorNode => {
  if (!attributes.has("axisVec")) {
    const [axis1, axis2] = ["axis1", "axis2"].map((key) =>
      axisNumber(attributes.axis(key), attributes),
    );
    return one({ axis1, axis2 });
  }
  const order = attributes.list("axisVec", "axis").map(({ staticIndex }) => staticIndex);
  return { steps: permutationSteps(order, (message) => attributes.error(message)) };
};

const reshape = ({ attributes }: OperatorContext): OperatorNode => {
  const shape = attributes.shape("newShape");
  const bound = (key: string) => {
    if (!attributes.has(key)) return 0;
    const axis = attributes.axis(key);
    // the axis behind the last one
    const isEnd = axis.staticIndex === LARGEST_INT - 3 && key === "endAxis";
    return isEnd ? 0 : axisNumber(axis, attributes);
  };
  return one({ beginAxis: bound("beginAxis"), endAxis: bound("endAxis"), shape });
};

/** What convolution and pooling have in common. */
function windowSettings(attributes: Entries, kernelShape: readonly number[]): Settings {
  return {
    kernelShape,
    strideShape: attributes.shape("strides"),
    dimPadding: attributes.list("autoPadding", "bool"),
    dimPadLower: attributes.shape("lowerPad", [0]),
    dimPadUpper: attributes.shape("upperPad", [0]),
    imageLayout: "CHW",
  };
}

const convolution = ({ attributes, leafShape }: OperatorContext): OperatorNode => {
  const weights = leafShape(0);
  if (weights === undefined) {
    throw attributes.error("a convolution whose weights are computed is not supported");
  }
  const groups = attributes.number("groups", 1);
  if (groups !== 1) throw attributes.error(`${groups} groups are not supported`);
  if (attributes.bool("sequential", false)) {
    throw attributes.error("a convolution along the sequence is not supported");
  }
  const kernelShape = attributes.shape("kernelShape", weights.slice(0, -1));
  const dilation = attributes.shape("dilation", [1]);
  return one({
    ...windowSettings(attributes, kernelShape),
    mapCount: [weights.at(-1) ?? 1],
    dimSharing: attributes.list("sharing", "bool", []),
    maxTempMemSizeInSamples: attributes.number("maxTempMemSizeInSamples", 0),
    transpose: attributes.bool("transpose", false),
    outputShape: attributes.shape("outputShape", [0]),
    convolution2D: false,
    dilation: dilation.every((size) => size === 1) ? [1] : dilation,
  });
};

const POOLS = ["max", "average"];

const pooling = ({ attributes }: OperatorContext): OperatorNode =>
  one({
    ...windowSettings(attributes, attributes.shape("poolingWindowShape")),
    pool: POOLS[attributes.number("poolingType")],
    ceilOutDim: attributes.bool("ceilOutDim", false),
    includePad: attributes.bool("includePad", false),
  });

const unpooling = ({ attributes }: OperatorContext): OperatorNode =>
  one({
    ...windowSettings(attributes, attributes.shape("unpoolingWindowShape")),
    pool: POOLS[attributes.number("poolingType")],
    transpose: true,
  });

const batchNormalization = ({ attributes }: OperatorContext): OperatorNode =>
  one({
    spatial: attributes.bool("spatial"),
    normalizationTimeConstant: attributes.number("normalizationTimeConstant"),
    blendTimeConstant: attributes.number("blendTimeConstant"),
    epsilon: attributes.number("epsilon"),
    useCntkEngine: !attributes.bool("useCuDNNEngine", false),
    imageLayout: "CHW",
  });

/** A state of one number is the node's own; any other one is an input. */
const delay = ({ attributes, scalar }: OperatorContext): OperatorNode => {
  const timeStep = attributes.number("offset");
  const initial = scalar(1);
  return initial === undefined
    ? one({ timeStep, defaultHiddenActivation: 0 })
    : one({ timeStep, defaultHiddenActivation: initial }, 0);
};

const randomState = (attributes: Entries): Settings => ({
  randomSeed: attributes.bits("rngSeed"),
  randomOffset: attributes.bits("rngOffset"),
});

const sampling = ({ attributes }: OperatorContext): OperatorNode =>
  one({
    allowDuplicates: attributes.bool("allowDuplicates"),
    sizeOfSampledSet: attributes.number("numSamples"),
    ...randomState(attributes),
  });

/** The dynamic axis of a sequence that became one sample is that of inputs without sequence. */
export const NO_SEQUENCE_AXIS = "__noSequenceAxis";

const where = ({ attributes, uid }: OperatorContext): OperatorNode => {
  const axisList = attributes.list("newDynamicAxes", "axis", []);
  const hasSequence = axisList.some(({ isOrdered }) => isOrdered) || axisList.length === 0;
  return one({ dynamicAxisName: hasSequence ? `${uid}.axis` : NO_SEQUENCE_AXIS });
};

const times = ({ attributes }: OperatorContext): OperatorNode =>
  one({
    outputRank: attributes.number("outputRank", 1),
    inferInputRankToMap: attributes.number("inferInputRankToMap", -1),
  });

const editDistanceError = ({ attributes }: OperatorContext): OperatorNode =>
  one({
    subPen: attributes.number("SubstitutionPenalty", 0),
    delPen: attributes.number("DeletionPenalty", 0),
    insPen: attributes.number("InsertionPenalty", 0),
    squashInputs: attributes.bool("SquashInputs", false),
    tokensToIgnore: attributes.list("TokensToIgnore", "size", []).map(Number),
  });

const optimizedRnnStack = ({ attributes }: OperatorContext): OperatorNode =>
  one(
    {
      bidirectional: attributes.bool("bidirectional"),
      numLayers: attributes.number("numLayers"),
      hiddenDims: attributes.number("hiddenSize"),
      recurrentOp: attributes.string("recurrentOp"),
      axis: -1,
    },
    1,
    0,
  );

const splice = ({ attributes }: OperatorContext): OperatorNode =>
  one({ axis: axisNumber(attributes.axis("axis"), attributes) });

const roiPooling = ({ attributes }: OperatorContext): OperatorNode =>
  one({
    roiOutputShape: attributes.shape("roiOutputShape"),
    ...(attributes.has("poolingType") ? { pool: POOLS[attributes.number("poolingType")] } : {}),
    ...(attributes.has("spatialScale") ? { spatialScale: attributes.number("spatialScale") } : {}),
  });

const forwardBackward = ({ attributes }: OperatorContext): OperatorNode =>
  one({
    blankTokenId: attributes.number("BlankTokenId"),
    delayConstraint: attributes.number("DelayConstraint", -1),
  });

const plain = (node: string): Operator => ({ node });
const passesOn: Operator = {};

/** By number; what CNTK 2017 and this program do not have stands there with its own name. */
export const OPERATORS: readonly Operator[] = [
  ...["Negate", "Sigmoid", "Tanh"].map(plain),
  plain("RectifiedLinear"),
  ...["Exp", "Log", "Sqrt", "Floor", "Abs", "Reciprocal", "Softmax", "Hardmax"].map(plain),
  { node: "TransposeDimensions", convert: transposeAxes },
  { node: "Where", convert: where },
  { node: "Slice", convert: slice },
  { node: "Dropout", convert: ({ attributes }) => one(randomState(attributes)) },
  { node: "Reshape", convert: reshape },
  { node: "Pooling", convert: pooling },
  ...["SumElements", "Plus", "Minus", "ElementTimes", "Equal", "NotEqual", "Less"].map(plain),
  ...["LessEqual", "Greater", "GreaterEqual", "PackedIndex"].map(plain),
  exchanged("GatherPacked", 1, 0),
  exchanged("ScatterPacked", 2, 1, 0),
  { node: "Times", convert: times },
  { node: "TransposeTimes", convert: times },
  { node: "Convolution", convert: convolution },
  plain("SquareError"),
  exchanged("CrossEntropyWithSoftmax", 1, 0),
  exchanged("ClassificationError", 1, 0, 2),
  { node: "PastValue", convert: delay },
  { node: "FutureValue", convert: delay },
  { node: "ReduceElements", convert: reduceElements },
  { node: "BatchNormalization", convert: batchNormalization },
  exchanged("Clip", 1, 2, 0),
  plain("If"),
  { node: "RowStack", convert: splice },
  passesOn, // Combine
  { node: "RandomSample", convert: sampling },
  { node: "RandomSampleInclusionFrequency", convert: sampling },
  { node: "ROIPooling", convert: roiPooling },
  exchanged("Logistic", 1, 0, 2),
  { node: "OptimizedRNNStack", convert: optimizedRnnStack },
  ...["ReconcileDynamicAxis", "LogSoftmax", "LogPlus", "CosDistance", "Sin"].map(plain),
  plain("Cosine"),
  plain("Pass"),
  passesOn, // Block: what is inside is connected by the importer
  { node: "MaxUnpooling", convert: unpooling },
  exchanged("LambdaRank", 1, 0, 2),
  exchanged("NDCG1Eval", 1, 0, 2),
  { node: "EditDistanceError", convert: editDistanceError },
  passesOn, // NoOp
  ...["LabelsToGraph", "StopGradient"].map(plain),
  plain("ELU"),
  { node: "ForwardBackward", convert: forwardBackward },
  plain("CosDistanceWithNegativeSamples"),
  ...["OneHot", "Pow", "ToSequence", "ToSequenceLike", "UnpackSequence"].map(plain),
  ...["Assign", "Gather"].map(plain),
  plain("Sigmoid"), // StableSigmoid
  ...["RandomDistribution", "Sinh", "Cosh", "UnpackBatch", "ToBatch", "Asin", "Acos"].map(plain),
  plain("Pad"),
  { node: "Crop", convert: crop },
  ...["Atanh", "Asinh", "TopK", "Squeeze", "ConstantOp"].map(plain),
  plain("LatticeSequenceWithSoftmax"),
  passesOn, // Cast: the run has one precision
  ...["EyeLikeOp", "CustomProxyOp", "StraightThrough", "Tan", "Atan"].map(plain),
  plain("ConvolutionSequenceShape"),
];

function crop({ attributes }: OperatorContext): OperatorNode {
  const [xOffset, yOffset] = attributes.list("offset", "size", []).map(Number);
  const automatic = Number.MAX_VALUE;
  return one({ xOffset: xOffset ?? automatic, yOffset: yOffset ?? automatic });
}
