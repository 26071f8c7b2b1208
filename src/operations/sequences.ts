/**
 * Operations on sequences: their inputs, settings and shapes (nodes.md 14.2 to 14.4, 15.2, 15.3). They are built,
 * validated, listed and saved, but the engine refuses to run them. CNTK: RecurrentNodes.h, SequenceReshapeNodes.h.
 */

import { broadcastShape } from "./broadcast.js";
import { expectSameShapes, inferredOr, invalid } from "./expect.js";
import { operation } from "./operation.js";
import { setting } from "./settings.js";
import { elementCount, isKnown, type Shape } from "./shape.js";

/** PastValue and FutureValue differ in direction only. */
function delay(loopDirection: "forward" | "backward") {
  return operation({
    inputs: ["x", "initialState?"],
    hasDelayedInputs: true,
    loopDirection,
    // the sequences of the initial state are matched with those of x
    dynamicAxis: { of: 0 },
    // the file has timeStep, the shape, then the activation in the node's precision: the model file knows
    settings: {
      timeStep: setting.i32({ default: 1 }),
      defaultHiddenActivation: setting.f64({ default: 0.1 }),
    },
    shape(context) {
      const { shapes, declared, isFinal, hasDynamicAxis, settings } = context;
      if (isFinal && hasDynamicAxis[0] !== true) {
        throw invalid("a delay requires the main (first) input to have a dynamic axis");
      }
      if (isFinal && settings.timeStep < 1) {
        throw invalid(`a delay needs a timeStep from 1 on, found ${settings.timeStep}`);
      }
      // in the first passes over a loop its own shape is not known: what was declared stands in for it
      if (!isKnown(shapes.x) && isKnown(declared)) return declared;
      return context.all.length > 1 ? broadcastShape(context) : shapes.x;
    },
  });
}

/** The value timeStep steps earlier in the sequence. Shapes: x -> the same. CNTK: PastValueNode. */
export const PastValue = delay("forward");

/** The value timeStep steps later in the sequence. Shapes: x -> the same. CNTK: FutureValueNode. */
export const FutureValue = delay("backward");

/** The positions at which a scalar sequence is not 0, as a new sequence. Shapes: [1 x *] -> [1 x *']. CNTK: WhereNode. */
export const Where = operation({
  inputs: ["condition"],
  settings: {
    dynamicAxisName: setting.string({
      default: "WhereNodeAxis",
      since: 11,
      absent: "WhereNodeAxis",
    }),
  },
  dynamicAxis: { created: ({ dynamicAxisName }) => dynamicAxisName },
  needsAllSteps: true,
  shape: () => [1],
});

/** Positions of a sequence as columns in the minibatch of `target`. Shapes: [1 x *'] -> the same. CNTK: PackedIndexNode. */
export const PackedIndex = operation({
  inputs: ["target", "index"],
  dynamicAxis: { of: 1 },
  needsAllSteps: true,
  shape: () => [1],
});

/** The columns of x that an index sequence names. Shapes: index [1 x *'], x [.. x *] -> [.. x *']. CNTK: GatherPackedNode. */
export const GatherPacked = operation({
  inputs: ["index", "x"],
  dynamicAxis: { of: 0 },
  needsAllSteps: true,
  shape({ shapes: { x }, hasDynamicAxis }) {
    if (hasDynamicAxis[1] === true) return x;
    return x.length === 1 ? [1] : x.slice(0, -1);
  },
});

/** The columns of x at the places an index sequence names, zeros elsewhere. Shapes: x [.. x *'] -> [.. x *]. CNTK: ScatterPackedNode. */
export const ScatterPacked = operation({
  inputs: ["layout", "index", "x"],
  // the sequences of index and x must have the same lengths, whatever their axes are called
  dynamicAxis: { of: 0 },
  needsAllSteps: true,
  shape: ({ shapes: { x } }) => x,
});

/** x with the dynamic axis of `layout`. Shapes: x [..] -> [.. x *]. CNTK: ReconcileDynamicAxisNode. */
export const ReconcileDynamicAxis = operation({
  inputs: ["x", "layout"],
  dynamicAxis: { of: 1 },
  shape: ({ shapes: { x } }) => x,
});

/** Gates of each kind of cell, each with matrices and biases of its own. */
const GATES: Readonly<Record<string, number>> = { lstm: 4, gru: 3, rnnTanh: 1, rnnReLU: 1 };

/**
 * Layers of recurrent cells whose parameters are all in one matrix.
 *
 * Shapes: weights [h x parameters/h], x [n x *] -> [h x *], or [2h x *] with both directions.
 * CNTK: OptimizedRNNStackNode.
 */
export const OptimizedRNNStack = operation({
  inputs: ["weights", "x"],
  needsAllSteps: true,
  // the file stores `bidirectional` as u64: the model file knows
  settings: {
    bidirectional: setting.bool({ default: false }),
    numLayers: setting.u64({ default: 1 }),
    hiddenDims: setting.u64(),
    recurrentOp: setting.string({ default: "lstm" }),
    axis: setting.i32({ default: -1, since: 14, absent: -1 }),
  },
  shape(context) {
    const { settings, shapes, isFinal } = context;
    const gates = GATES[settings.recurrentOp];
    if (gates === undefined) {
      throw invalid(
        `OptimizedRNNStack: expected one of ${Object.keys(GATES).join(", ")} as recurrentOp, found "${settings.recurrentOp}"`,
      );
    }
    const { hiddenDims, numLayers } = settings;
    const directions = settings.bidirectional ? 2 : 1;
    if (isKnown(shapes.x)) {
      const parameters = countParameters(shapes.x, { gates, hiddenDims, numLayers, directions });
      const weights = inferredOr(context, 0, [hiddenDims, parameters / hiddenDims]);
      if (isFinal && elementCount(weights) !== parameters) {
        throw invalid(
          `OptimizedRNNStack: expected ${parameters} weights, found ${elementCount(weights)}`,
        );
      }
    }
    return [directions * hiddenDims, ...shapes.x.slice(1)];
  },
});

interface StackSizes {
  readonly gates: number;
  readonly hiddenDims: number;
  readonly numLayers: number;
  readonly directions: number;
}

/** Input matrices, recurrent matrices and two biases for each gate, direction and layer. */
function countParameters(x: Shape, { gates, hiddenDims, numLayers, directions }: StackSizes) {
  const layer = (inputs: number) =>
    directions * gates * (hiddenDims * (inputs + hiddenDims) + 2 * hiddenDims);
  return layer(x[0] ?? 0) + (numLayers - 1) * layer(directions * hiddenDims);
}

/** Connectionist temporal classification. Shapes: graph, features [V x *] -> [1]. CNTK: ForwardBackwardNode. */
export const ForwardBackward = operation({
  inputs: ["graph", "features"],
  settings: {
    blankTokenId: setting.u64({ default: 0, recordOnly: true, absent: 0 }),
    delayConstraint: setting.i32({ default: -1, recordOnly: true, absent: -1 }),
  },
  reducesMinibatch: true,
  shape(context) {
    expectSameShapes(context, 0, 1);
    return [1];
  },
});

/** Edit distance between the sequences of largest elements. Shapes: a, b [V x *] -> [1]. CNTK: EditDistanceErrorNode. */
export const EditDistanceError = operation({
  inputs: ["a", "b"],
  dynamicAxis: { of: 0 },
  settings: {
    subPen: setting.f32({ default: 0, recordOnly: true, absent: 0 }),
    delPen: setting.f32({ default: 0, recordOnly: true, absent: 0 }),
    insPen: setting.f32({ default: 0, recordOnly: true, absent: 0 }),
    squashInputs: setting.bool({ default: false, recordOnly: true, absent: false }),
    tokensToIgnore: setting.shape({ default: [], recordOnly: true, absent: [] }),
  },
  reducesMinibatch: true,
  shape(context) {
    expectSameShapes(context, 0, 1);
    return [1];
  },
});
