/** Convolution, plain and transposed (nodes.md 6). CNTK: ConvolutionalNodes.h. */

import { CntkError } from "../../grammar/errors.js";
import {
  correlate,
  correlateInput,
  correlateWeights,
  prepareCorrelation,
  type Correlation,
} from "./correlation.js";
import { operation, type ShapeContext } from "./operation.js";
import { setting, type SettingsOf } from "./settings.js";
import { elementCount, isKnown, printShape, type Shape } from "./shape.js";
import { tf } from "./tensors.js";
import { expectChannelsFirst, imageLayout, tentatively } from "./window-settings.js";
import {
  describeGeometry,
  layTransposedWindows,
  layWindows,
  windowPositions,
  type Geometry,
} from "./windows.js";

// In the order of the model file (model-format.md 4.5).
const settings = {
  kernelShape: setting.shape(),
  mapCount: setting.shape({ default: [0] }),
  strideShape: setting.shape({ default: [1] }),
  dimSharing: setting.bools({ default: [true] }),
  dimPadding: setting.bools({ default: [false] }),
  dimPadLower: setting.shape({ default: [0] }),
  dimPadUpper: setting.shape({ default: [0] }),
  pool: setting.choice(["none", "max", "average"], { default: "none", fileOnly: true }),
  imageLayout,
  maxTempMemSizeInSamples: setting.u64({ default: 0 }),
  transpose: setting.bool({ default: false, since: 9, absent: false }),
  outputShape: setting.shape({ default: [0], since: 20, absent: [0] }),
  ceilOutDim: setting.bool({ default: false, since: 21, absent: false, fileOnly: true }),
  includePad: setting.bool({ default: false, since: 23, absent: false, fileOnly: true }),
  convolution2D: setting.bool({ default: false, fileOnly: true }),
  dilation: setting.shape({ default: [1], since: 18, absent: [1], fileOnly: true }),
};

type ConvolutionSettings = SettingsOf<typeof settings>;

/** The geometry; `maps` is what the weights say where mapCount leaves it open. */
function geometryOf(settings: ConvolutionSettings, input: Shape, maps: number): Geometry {
  expectChannelsFirst("Convolution", settings.imageLayout);
  if (settings.dilation.some((step) => step !== 1))
    throw new CntkError(
      "validating",
      `Convolution: dilation [${printShape(settings.dilation)}] is not supported`,
      { hint: "only kernels without gaps, dilation 1, are" },
    );
  return settings.transpose
    ? layTransposedWindows(settings, input, settings.outputShape)
    : layWindows("convolution", settings, input, maps);
}

/** Maps that weights of a known shape hold; weights are told apart by their number only. */
function mapsOfWeights(settings: ConvolutionSettings, input: Shape, weights: Shape): number {
  if (elementCount(settings.mapCount) > 0) return elementCount(settings.mapCount);
  const last = weights[weights.length === 2 ? 0 : weights.length - 1] ?? 0;
  if (!isKnown(weights)) return last;
  const maps = elementCount(weights) / kernelSize(settings, input);
  return Number.isInteger(maps) ? maps : last;
}

const kernelSize = ({ kernelShape }: ConvolutionSettings, input: Shape) =>
  elementCount([...kernelShape, ...input.slice(kernelShape.length)]);

/** Completes unknown weights, checks known ones (6.4), returns the result's shape. */
function convolutionShape(context: ShapeContext<"weights" | "input", ConvolutionSettings>): Shape {
  const { settings, shapes } = context;
  const { input } = shapes;
  const maps = mapsOfWeights(settings, input, shapes.weights);
  const geometry = geometryOf(settings, input, maps);
  const kernel = geometry.completed.kernelShape;
  const size = elementCount(kernel);
  // Whatever its shape, a weight parameter is read in memory order; the rank-2 form is nominal.
  const offered =
    shapes.weights.length === 2
      ? [geometry.maps, size]
      : [...kernel, ...geometry.completed.mapCount];
  const weights = isKnown(shapes.weights) ? shapes.weights : context.infer(0, offered);
  const result = settings.transpose ? geometry.input : geometry.output;
  if (isKnown(weights) && elementCount(weights) === size * geometry.maps && geometry.maps > 0)
    return result;
  const dimension = "[(filter shape) x (input channels) x (output channels)]";
  const wanted = printShape([...kernel, geometry.maps]);
  throw new CntkError(
    "validating",
    `Convolution weight matrix ${context.names[0] ?? ""} should have dimension ${dimension}`,
    {
      hint:
        `found [${printShape(weights)}], expected [${wanted}]` +
        (settings.transpose ? ": the last size is the number of channels of the input" : ""),
    },
  );
}

/** Tensors of the correlation: its large side is the input, or the result if transposed. */
const tensorShape = (columns: number, shape: Shape) => [columns, ...shape.toReversed()];

/**
 * Cross-correlation of the input with a bank of kernels; with `transpose` its reverse, which spreads every input cell
 * over a window of the result.
 *
 * Shapes: weights [kW x kH x C x K], input [W x H x C x *] -> [W' x H' x K x *], any number of axes.
 * Transposed: weights [kW x kH x K' x C], input [W x H x C x *] -> [W' x H' x K' x *].
 * CNTK: ConvolutionNode. Unlike there, the input's gradient of a transposed convolution is added to what is already
 * there, not written over it (6.6).
 */
export const Convolution = operation({
  inputs: ["weights", "input"],
  settings,
  shape(context) {
    if (context.isFinal && context.hasDynamicAxis[0] === true)
      throw new CntkError("validating", "Convolution: the weights must not have a dynamic axis", {
        hint: `the first input, ${context.names[0] ?? ""}, changes with the minibatch; is the order of inputs right?`,
      });
    return tentatively(context, context.shapes.input, () => convolutionShape(context));
  },
  positions: {
    input: "input",
    along({ settings, shapes }) {
      const maps = mapsOfWeights(settings, shapes.input, shapes.weights);
      return windowPositions(geometryOf(settings, shapes.input, maps), settings.transpose);
    },
  },
  prepare({ settings, shapes }): Correlation {
    const maps = mapsOfWeights(settings, shapes.input, shapes.weights);
    return prepareCorrelation(geometryOf(settings, shapes.input, maps));
  },
  forward({ weights, input }, { prepared, settings, shape }) {
    const compute = settings.transpose ? correlateInput : correlate;
    const result = compute(prepared, input, weights);
    return tf.reshape(result, tensorShape(input.shape[0], shape));
  },
  backward: {
    weights(gradient, { weights, input }, { prepared, settings }) {
      const [large, small] = settings.transpose ? [gradient, input] : [input, gradient];
      return tf.reshape(correlateWeights(prepared, large, small), weights.shape);
    },
    input(gradient, { weights, input }, { prepared, settings }) {
      const compute = settings.transpose ? correlate : correlateInput;
      return tf.reshape(compute(prepared, gradient, weights), input.shape);
    },
  },
  describe({ settings, shapes }, nodeName) {
    const maps = mapsOfWeights(settings, shapes.input, shapes.weights);
    return describeGeometry(nodeName, "GEMM", geometryOf(settings, shapes.input, maps));
  },
});
