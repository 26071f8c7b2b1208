/** What the shape rules of the operations refuse, one row each. */

import type { Case, CaseInput } from "./harness.js";
import { constant, samples } from "./rows.js";

/** An input with dynamic axis and a parameter, of which only the shapes count. */
const of = (...shape: number[]): CaseInput => samples(shape);
const parameter = (...shape: number[]): CaseInput => constant(shape);

export const shapeErrors: readonly Case[] = [
  {
    operation: "Plus",
    inputs: [of(28, 28, 16), parameter(16)],
    error: "Input dimensions [28 x 28 x 16] and [16] are not compatible.",
  },
  {
    operation: "SquareError",
    inputs: [of(3), of(1, 3)],
    error: "Input dimensions [3] and [1 x 3] are not compatible.",
  },
  {
    operation: "Times",
    inputs: [parameter(200, 784), of(10)],
    error: "Left [200 x 784] and right [10] operands' shapes are not compatible.",
  },
  {
    operation: "Times",
    inputs: [parameter(3), of(3)],
    settings: { outputRank: 2 },
    error: "outputRank 2 exceeds left argument's shape [3]",
  },
  {
    operation: "Times",
    inputs: [parameter(2, 3, 4), of(3)],
    error:
      "right argument shape [3] has too few dimensions for the left argument's shape [2 x 3 x 4]",
  },
  {
    operation: "Times",
    inputs: [parameter(0, 3), of(3)],
    error: "The outputRank (1) dimensions in left argument's shape [0 x 3] must not be 0.",
  },
  {
    operation: "Times",
    inputs: [parameter(3, 0), of(3)],
    settings: { inferInputRankToMap: 1 },
    error: "inferInputRankToMap 1 exceeds right argument's shape [3]",
  },
  {
    operation: "Times",
    inputs: [parameter(3, 2), of(2, 0)],
    error: "right argument shape [2 x 0] has unknown dimensions",
  },
  {
    operation: "Times",
    note: "a left factor that cannot be inferred",
    inputs: [of(3, 0), of(2)],
    error: "'input0' [3 x 0] has unknown dimensions",
  },
  {
    operation: "TransposeTimes",
    inputs: [parameter(2, 3, 4), of(2)],
    error: "expected a left argument of rank 1 or 2, found [2 x 3 x 4]",
  },
  {
    operation: "TransposeTimes",
    inputs: [parameter(2, 3), of(2)],
    settings: { outputRank: 2 },
    error: "expected outputRank 1, found 2",
  },
  {
    operation: "DiagTimes",
    inputs: [parameter(3), of(4)],
    error: "expected a vector of 4 elements, found [3]",
  },
  {
    operation: "CosDistance",
    inputs: [of(3), of(4)],
    error: "'input1' [4]: expected 3 elements, found 4",
  },
  {
    operation: "CosDistanceWithNegativeSamples",
    inputs: [of(3), of(3), parameter(1), of(1)],
    error: "expected a constant as number of negative samples, found 'input3'",
  },
  {
    operation: "Diagonal",
    inputs: [parameter(2, 3)],
    error: "expected a square matrix, found [2 x 3]",
  },
  { operation: "Diagonal", inputs: [of(2, 2)], error: "must not have a dynamic axis" },
  { operation: "Mean", inputs: [parameter(2)], error: "but 'input0' has none" },
  {
    operation: "NCEBasedCrossEntropyWithSoftmax",
    inputs: [of(1), of(3), parameter(2, 5), parameter(5)],
    error: "expected weights with 3 rows, found [2 x 5]",
  },
  {
    operation: "NCEBasedCrossEntropyWithSoftmax",
    inputs: [of(1), of(3), parameter(3, 5), parameter(4)],
    error: "expected 5 biases, found [4]",
  },
  {
    operation: "LookupTable",
    inputs: [parameter(2, 3), of(4)],
    error: "Rows in input1 must be multiples of cols in input0.",
  },
  {
    operation: "ReduceElements",
    inputs: [of(2, 3)],
    settings: { axis: 3, reductionOp: "Sum" },
    error: "The shape of input0 [2 x 3] has no axis 3",
  },
  {
    operation: "ReduceElements",
    inputs: [of(2, 3)],
    settings: { reductionOp: "sum" },
    error: 'as reductionOp, found "sum"',
  },
  {
    operation: "ReduceElements",
    note: "over sequences",
    inputs: [samples([1], 1)],
    settings: { axis: -2, reductionOp: "Max" },
    error: "Max over the sequence axis (axis = -2) is not available: only Sum is",
  },
  {
    operation: "Reshape",
    inputs: [of(6)],
    settings: { shape: [0, 0] },
    error: "More than one dimension was specified as zero in the target (sub-)shape [0 x 0].",
  },
  {
    operation: "Reshape",
    inputs: [of(6)],
    settings: { shape: [4, 2] },
    error: "Input (sub-)dimensions [6] incompatible with desired (sub-)dimensions [4 x 2].",
  },
  {
    operation: "Reshape",
    inputs: [of(6)],
    settings: { shape: [6], beginAxis: 3 },
    error: "axes 3 to 0 are not axes of [6]",
  },
  {
    operation: "Slice",
    inputs: [of(6)],
    settings: { beginIndex: 0, endIndex: 1, axis: 2 },
    error: "expected an axis from 1 to 1, found 2",
  },
  {
    operation: "Slice",
    inputs: [of(6)],
    settings: { beginIndex: 4, endIndex: 8 },
    error: "index range [4,8) is invalid for axis 1 of [6]",
  },
  {
    operation: "RowStack",
    inputs: [of(2, 3), of(2, 4)],
    error: "Conflicting dimension 2 between inputs: 3 and 4",
  },
  {
    operation: "RowStack",
    inputs: [of(2), of(2)],
    settings: { axis: 0 },
    error: "expected an axis from 1 on, found 0",
  },
  {
    operation: "TransposeDimensions",
    inputs: [of(2, 3)],
    settings: { axis1: 0 },
    error: "expected axes from 1 on, found 0 and 2",
  },
  {
    operation: "Crop",
    inputs: [of(3, 3), of(2, 2)],
    settings: { xOffset: 0, yOffset: 2 },
    error: "Input is small to be cropped along axis 2",
  },
  {
    operation: "BatchNormalization",
    inputs: [
      of(3),
      parameter(2, 1),
      parameter(3, 1),
      parameter(3, 1),
      parameter(3, 1),
      parameter(1),
    ],
    error: "expected 3 elements in 'input1', found [2 x 1]",
  },
  {
    operation: "BatchNormalization",
    inputs: [of(3), parameter(3), parameter(3), parameter(3), parameter(3), parameter(2)],
    error: "expected runCount [1], found [2]",
  },
  {
    operation: "BatchNormalization",
    inputs: [of(2, 3), parameter(3), parameter(3), parameter(3), parameter(3), parameter(1)],
    settings: { spatial: true, imageLayout: "HWC" },
    error: "only imageLayout='CHW' is supported",
  },
  {
    operation: "ClassBasedCrossEntropyWithSoftmax",
    inputs: [of(3), of(3), parameter(3, 5), of(2)],
    error: "expected labels [4], found [3]",
  },
  {
    operation: "ClassBasedCrossEntropyWithSoftmax",
    inputs: [of(4), of(3), parameter(2, 5), of(2)],
    error: "expected weights with 3 rows, found [2 x 5]",
  },
  {
    operation: "RandomSample",
    inputs: [constant([2], 1, -1)],
    settings: { sizeOfSampledSet: 1, allowDuplicates: true },
    error: "sampling weights must not be negative, found -1",
  },
  {
    operation: "RandomSample",
    inputs: [constant([2], 1, 0)],
    settings: { sizeOfSampledSet: 2, allowDuplicates: false },
    error: "cannot draw 2 different samples from 1 weights above 0",
  },
  {
    operation: "EnvironmentInput",
    inputs: [],
    settings: { propertyName: "isTesting" },
    error: "expected the property 'isTraining', found 'isTesting'",
  },
  {
    operation: "PastValue",
    inputs: [parameter(3)],
    error: "requires the main (first) input to have a dynamic axis",
  },
  {
    operation: "PastValue",
    inputs: [of(3)],
    settings: { timeStep: 0 },
    error: "a delay needs a timeStep from 1 on, found 0",
  },
  {
    operation: "OptimizedRNNStack",
    inputs: [parameter(8, 3), of(10)],
    settings: { hiddenDims: 8 },
    error: "expected 640 weights, found 24",
  },
  {
    operation: "OptimizedRNNStack",
    inputs: [parameter(0, 0), of(10)],
    settings: { hiddenDims: 8, recurrentOp: "LSTM" },
    error: 'as recurrentOp, found "LSTM"',
  },
];
