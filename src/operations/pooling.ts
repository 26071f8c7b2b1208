/** Max and average pooling, and max unpooling (nodes.md 7). CNTK: PoolingNode, MaxUnpoolingNode, ConvolutionalNodes.h. */

import { CntkError } from "../../grammar/errors.js";
import { operation, type ComputeContext } from "./operation.js";
import { setting, type SettingsOf } from "./settings.js";
import { printShape, type Shape } from "./shape.js";
import { tf, type Tensor } from "./tensors.js";
import {
  addToSelected,
  average,
  maximum,
  maximumAndSelection,
  preparePooling,
  readFromSelected,
  spreadAverage,
  writeToSelected,
  type Pooling as PreparedPooling,
} from "./window-maximum.js";
import { expectChannelsFirst, imageLayout, tentatively } from "./window-settings.js";
import {
  describeGeometry,
  expectPooledShape,
  layWindows,
  windowPositions,
  type Geometry,
  type WindowAttributes,
} from "./windows.js";

export { ROIPooling } from "./roi-pooling.js";

const POOL_KINDS = ["none", "max", "average"];

// In the order of the model file (model-format.md 4.5), which stores pooling like a convolution with one map.
const settings = {
  kernelShape: setting.shape(),
  mapCount: setting.shape({ default: [1], fileOnly: true }),
  strideShape: setting.shape({ default: [1] }),
  dimSharing: setting.bools({ default: [true], fileOnly: true }),
  dimPadding: setting.bools({ default: [false] }),
  dimPadLower: setting.shape({ default: [0] }),
  dimPadUpper: setting.shape({ default: [0] }),
  pool: setting.choice(POOL_KINDS),
  imageLayout,
  maxTempMemSizeInSamples: setting.u64({ default: 0, fileOnly: true }),
  transpose: setting.bool({ default: false, since: 9, absent: false, fileOnly: true }),
  outputShape: setting.shape({ default: [0], since: 20, absent: [0], fileOnly: true }),
  ceilOutDim: setting.bool({ default: false, since: 21, absent: false }),
  includePad: setting.bool({ default: false, since: 23, absent: false }),
};

const unpoolingSettings = {
  ...settings,
  pool: setting.choice(POOL_KINDS, { default: "max", fileOnly: true }),
  transpose: setting.bool({ default: true, since: 9, absent: true, fileOnly: true }),
  ceilOutDim: setting.bool({ default: false, since: 21, absent: false, fileOnly: true }),
  includePad: setting.bool({ default: false, since: 23, absent: false, fileOnly: true }),
  // "max": CNTK's, a max pooling of the gradient; "gather": the derivative. The SGD section chooses.
  unpoolingGradient: setting.choice(["max", "gather"], { default: "max", recordOnly: true }),
};

interface PoolingSettings extends WindowAttributes {
  readonly pool: string;
  readonly imageLayout: string;
  readonly includePad: boolean;
}

function geometryOf(operationName: string, settings: PoolingSettings, input: Shape): Geometry {
  expectChannelsFirst(operationName, settings.imageLayout);
  if (settings.pool === "none")
    throw new CntkError(
      "validating",
      `${operationName}: expected pool 'max' or 'average', found 'none'`,
    );
  return layWindows("pooling", settings, input);
}

const tensorShape = (columns: number, shape: Shape) => [columns, ...shape.toReversed()];

type PoolContext = Pick<
  ComputeContext<"input", unknown, PreparedPooling>,
  "prepared" | "shape" | "isTraining" | "keep" | "kept"
>;

function poolForward(settings: PoolingSettings, input: Tensor, context: PoolContext): Tensor {
  const { prepared, shape } = context;
  const result = tensorShape(input.shape[0], shape);
  if (settings.pool === "average")
    return tf.reshape(average(prepared, input, settings.includePad), result);
  const { value, selection } = maximumAndSelection(prepared, input, "number");
  if (context.isTraining) context.keep("selection", selection());
  return tf.reshape(value(), result);
}

function poolBackward(
  settings: PoolingSettings,
  gradient: Tensor,
  input: Tensor,
  context: PoolContext,
): Tensor {
  const { prepared } = context;
  const cells =
    settings.pool === "average"
      ? spreadAverage(prepared, gradient, settings.includePad)
      : addToSelected(prepared, gradient, context.kept("selection"));
  return tf.reshape(cells, input.shape);
}

/**
 * Maximum or average of each window of the input.
 *
 * Shapes: input [W x H x C x *] -> [W' x H' x C x *], any number of axes. Padding never wins a maximum and does not
 * count in an average (unless `includePad`); NaN never wins. The gradient of a maximum goes to its first cell.
 */
export const Pooling = operation({
  inputs: ["input"],
  settings,
  shape: (context) =>
    tentatively(
      context,
      context.shapes.input,
      () => geometryOf("Pooling", context.settings, context.shapes.input).output,
    ),
  positions: {
    input: "input",
    along: ({ settings, shapes }) => windowPositions(geometryOf("Pooling", settings, shapes.input)),
  },
  prepare: ({ settings, shapes }) =>
    preparePooling(geometryOf("Pooling", settings, shapes.input), settings.includePad),
  forward: ({ input }, context) => poolForward(context.settings, input, context),
  backward: {
    input: (gradient, { input }, context) =>
      poolBackward(context.settings, gradient, input, context),
  },
  describe: ({ settings, shapes }, nodeName) =>
    describeGeometry(nodeName, "GEMM", geometryOf("Pooling", settings, shapes.input)),
});

// In the odd order of the model file.
const legacySettings = {
  windowWidth: setting.u32(),
  imageLayout: { ...imageLayout },
  windowHeight: setting.u64(),
  horizontalSubsample: setting.u64(),
  verticalSubsample: setting.u64(),
};

/** The legacy 2-D attributes as those of Pooling. */
function modernSettings(
  pool: "max" | "average",
  legacy: SettingsOf<typeof legacySettings>,
): PoolingSettings {
  return {
    kernelShape: [legacy.windowWidth, legacy.windowHeight, 1],
    strideShape: [legacy.horizontalSubsample, legacy.verticalSubsample, 1],
    mapCount: [1],
    dimSharing: [true],
    dimPadding: [false],
    dimPadLower: [0],
    dimPadUpper: [0],
    pool,
    imageLayout: legacy.imageLayout,
    ceilOutDim: false,
    includePad: false,
  };
}

/** A legacy pooling operation: two axes and channels, no padding. */
function legacyPooling(name: string, pool: "max" | "average") {
  const geometry = (settings: SettingsOf<typeof legacySettings>, input: Shape) => {
    if (input.length !== 3)
      throw new CntkError(
        "validating",
        `${name}: expected an image [W x H x C], found [${printShape(input)}]`,
        { hint: "Pooling takes any number of axes" },
      );
    return geometryOf(name, modernSettings(pool, settings), input);
  };
  return operation({
    inputs: ["input"],
    settings: legacySettings,
    shape: (context) =>
      tentatively(
        context,
        context.shapes.input,
        () => geometry(context.settings, context.shapes.input).output,
      ),
    positions: {
      input: "input",
      along: ({ settings, shapes }) => windowPositions(geometry(settings, shapes.input)),
    },
    prepare: ({ settings, shapes }) => preparePooling(geometry(settings, shapes.input), false),
    forward: ({ input }, context) =>
      poolForward(modernSettings(pool, context.settings), input, context),
    backward: {
      input: (gradient, { input }, context) =>
        poolBackward(modernSettings(pool, context.settings), gradient, input, context),
    },
    describe: ({ settings, shapes }, nodeName) =>
      describeGeometry(nodeName, "GEMM", geometry(settings, shapes.input)),
  });
}

/** Maximum over 2-D windows without padding: input [W x H x C x *] -> [W' x H' x C x *]. CNTK: MaxPoolingNode. */
export const MaxPooling = legacyPooling("MaxPooling", "max");

/** Average over 2-D windows without padding: input [W x H x C x *] -> [W' x H' x C x *]. CNTK: AveragePoolingNode. */
export const AveragePooling = legacyPooling("AveragePooling", "average");

/** Values and the tensor that says where they go belong together sample by sample. */
function expectSameAxis(hasDynamicAxis: readonly boolean[], names: readonly string[]): void {
  if (hasDynamicAxis[0] === hasDynamicAxis[1]) return;
  const [changing, fixed] = hasDynamicAxis[0] === true ? names : names.toReversed();
  throw new CntkError(
    "validating",
    `MaxUnpooling: ${changing ?? ""} has a dynamic axis, ${fixed ?? ""} has none`,
    { hint: "both inputs must belong to the same minibatch" },
  );
}

/**
 * Puts pooled values back where the maxima of the pooling's input were, zero elsewhere; a later window overwrites.
 *
 * Shapes: unpoolInput [W' x H' x C x *], poolInput [W x H x C x *] -> [W x H x C x *]. poolInput gets no gradient.
 * CNTK's gradient of unpoolInput is not the derivative: it is the maximum of the gradient over each window (7.4).
 */
export const MaxUnpooling = operation({
  inputs: ["unpoolInput", "poolInput"],
  settings: unpoolingSettings,
  shape: (context) => {
    const { settings, shapes, names } = context;
    return tentatively(context, shapes.poolInput, () => {
      const geometry = geometryOf("MaxUnpooling", settings, shapes.poolInput);
      expectSameAxis(context.hasDynamicAxis, names);
      expectPooledShape(geometry, shapes.unpoolInput, names);
      return shapes.poolInput;
    });
  },
  positions: {
    input: "unpoolInput",
    along: ({ settings, shapes }) =>
      windowPositions(geometryOf("MaxUnpooling", settings, shapes.poolInput), true),
  },
  prepare: ({ settings, shapes }) =>
    preparePooling(geometryOf("MaxUnpooling", settings, shapes.poolInput), false),
  forward({ unpoolInput, poolInput }, context) {
    const { prepared, settings } = context;
    const selection = maximumAndSelection(prepared, poolInput, "first").selection();
    const isNeeded = context.isTraining && settings.unpoolingGradient === "gather";
    if (isNeeded) context.keep("selection", selection);
    return tf.reshape(writeToSelected(prepared, unpoolInput, selection), poolInput.shape);
  },
  backward: {
    unpoolInput(gradient, { unpoolInput }, context) {
      const { prepared, settings } = context;
      const pooled =
        settings.unpoolingGradient === "max"
          ? maximum(prepared, gradient)
          : readFromSelected(prepared, gradient, context.kept("selection"));
      return tf.reshape(pooled, unpoolInput.shape);
    },
  },
  describe: ({ settings, shapes }, nodeName) =>
    describeGeometry(nodeName, "reference", geometryOf("MaxUnpooling", settings, shapes.poolInput)),
});
