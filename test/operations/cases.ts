/**
 * Values and gradients of element-wise operations, products, reductions and reshaping, one row each or more. Rows made by `peer` have the numbers of CNTK 2.7
 * (test/peers/operations.py); the others are worked out by hand, because 2.7 no longer has the operation or differs.
 */

import type { Case } from "./harness.js";
import { constant, peer, samples } from "./rows.js";

const KINK = "at the kink CNTK takes one of the two slopes, differences their mean";

const elementwise: readonly Case[] = [
  peer("Abs"),
  peer("Cosine"),
  peer("Exp"),
  peer("Floor"),
  peer("Log"),
  peer("Log clipped", { unlikeDerivative: "the gradient is g / x with x clipped to 1e-37" }),
  peer("Negate"),
  peer("Pass"),
  { operation: "StopGradient", inputs: [samples([2], 1, -2)], value: [1, -2] },
  { operation: "LabelsToGraph", inputs: [samples([2], 1, 2)], value: [1, 2] },
  peer("Reciprocal"),
  peer("Reciprocal of 0", { unlikeDerivative: "1/0 is 0 here, and so is its gradient" }),
  peer("RectifiedLinear", { unlikeDerivative: KINK }),
  {
    operation: "RectifiedLinear",
    note: "0 for NaN, where 2.7 has NaN",
    inputs: [samples([3], NaN, -Infinity, Infinity)],
    value: [0, 0, Infinity],
    gradients: [[0, 0, 2]],
    unlikeDerivative: "there is none at infinity",
  },
  peer("Sigmoid"),
  {
    operation: "Sigmoid",
    note: "0 once exp(-x) overflows, where 2.7 has 1e-39",
    inputs: [samples([2], -89, 100)],
    value: [0, 1],
    tolerance: 0,
  },
  peer("Sin"),
  peer("Sqrt"),
  peer("Sqrt of 0 and less", { unlikeDerivative: "infinite at 0, and NaN for a gradient of 0" }),
  {
    operation: "Sqrt",
    note: "0 for NaN",
    inputs: [samples([1], NaN)],
    value: [0],
    gradients: [[Infinity]],
    unlikeDerivative: "as at 0",
  },
  peer("Tanh"),
  peer("Plus"),
  peer("Plus, both broadcast"),
  peer("Minus"),
  peer("ElementTimes"),
  peer("ElementTimes of two sequences"),
  peer("LogPlus"),
  {
    operation: "LogPlus",
    note: "left out below the limit, where 2.7 has none",
    inputs: [samples([3], 0, -9.3, -1e11), samples([3], -9.3, 0, -2e11)],
    value: [0, 0, -10e10],
    gradients: [
      [0.9999086, -0.5 * 9.141e-5, 2],
      [9.141e-5, -0.5 * 0.9999086, 0],
    ],
    unlikeDerivative: "the gradient has no limit",
  },
  peer("Less"),
  peer("Equal"),
  peer("Greater"),
  peer("GreaterEqual"),
  peer("NotEqual"),
  peer("LessEqual"),
  peer("Clip", { unlikeDerivative: KINK }),
  {
    operation: "Clip",
    note: "min wins over a smaller max",
    inputs: [constant([1], 2), constant([1], 1), samples([3], 0, 1.5, 3)],
    value: [2, 2, 1],
  },
  peer("If"),
];

const products: readonly Case[] = [
  peer("Times", { settings: { outputRank: 1, inferInputRankToMap: -1 } }),
  peer("Times of tensors", { settings: { outputRank: 2 } }),
  peer("Times over an image"),
  peer("Times with legacy matrix", { shape: [2] }),
  {
    operation: "Times",
    note: "left factor with dynamic axis, map axis in the right one",
    inputs: [samples([1, 2], 1, 2, 3, 4), samples([2, 2], 1, 0, 0, 1, 1, 1, 2, 0)],
    shape: [1, 2],
    value: [1, 2, 7, 6],
  },
  peer("TransposeTimes"),
  peer("TransposeTimes of two sequences"),
  peer("DiagTimes"),
  {
    operation: "KhatriRaoProduct",
    inputs: [samples([2], 1, 2, 1, 0), samples([3], 3, 4, 5, 0, 1, 2)],
    shape: [6],
    value: [3, 6, 4, 8, 5, 10, 0, 0, 1, 0, 2, 0],
  },
  peer("CosDistance"),
  {
    operation: "CosDistance",
    note: "of a zero vector",
    inputs: [samples([2], 0, 0), samples([2], 3, 4)],
    value: [0],
    gradients: [
      [NaN, NaN],
      [0, 0],
    ],
    unlikeDerivative: "the inverse norm of a zero vector is 1e30, its square overflows",
  },
  { operation: "Diagonal", inputs: [constant([2, 2], 1, 2, 3, 4)], shape: [1, 2], value: [1, 4] },
  {
    operation: "LookupTable",
    inputs: [constant([2, 3], 1, 2, 3, 4, 5, 6), samples([6], 0, 1, 0, 0, 0, 1)],
    shape: [4],
    value: [3, 4, 5, 6],
  },
];

const reduced = (axis: number, reductionOp: string) => ({ settings: { axis, reductionOp } });

const reductions: readonly Case[] = [
  peer("ReduceElements, all", { ...reduced(0, "Sum"), shape: [1] }),
  peer("ReduceElements, axis 1", { ...reduced(1, "Plus"), shape: [1, 3] }),
  peer("ReduceElements, axis 2", { ...reduced(2, "Sum"), shape: [2, 1, 2] }),
  peer("ReduceElements, Mean", reduced(0, "Mean")),
  peer("ReduceElements, LogSum", reduced(2, "LogSum")),
  {
    operation: "ReduceElements",
    note: "LogSum leaves out what is below the limit, where 2.7 has none",
    inputs: [samples([2], 0, -9.3)],
    ...reduced(0, "LogSum"),
    value: [0],
    gradients: [[1, 9.141e-5]],
  },
  peer("ReduceElements, Max with ties", {
    ...reduced(1, "Max"),
    unlikeDerivative: "every tie receives the gradient",
  }),
  peer("ReduceElements, Max", reduced(2, "Max")),
  peer("ReduceElements, Min", reduced(0, "Min")),
  peer("ReduceElements, Prod", reduced(2, "Prod")),
  {
    operation: "ReduceElements",
    note: "an element that is 0 gets no gradient from Prod",
    inputs: [samples([3], 0, 2, 3)],
    ...reduced(0, "Prod"),
    value: [0],
    gradients: [[0, 0, 0]],
    unlikeDerivative: "the derivative of the first is 6",
  },
  peer("ReduceElements, Argmax", reduced(2, "Argmax")),
  peer("ReduceElements, Argmin", reduced(0, "Argmin")),
  {
    operation: "ReduceElements",
    note: "everything, minibatch included",
    inputs: [samples([2], 1, 2, 3, 6)],
    ...reduced(-1, "Mean"),
    shape: [1],
    value: [3],
    gradients: [[0.25, 0.25, 0.25, 0.25]],
  },
  peer("SumElements", { shape: [1] }),
  peer("SumColumnElements", { shape: [1] }),
  {
    operation: "SumColumnElements",
    note: "of a matrix, of which 2.7 sums the first axis only",
    inputs: [samples([2, 2], 1, 2, 3, 4)],
    shape: [1],
    value: [10],
  },
];

const reshaping: readonly Case[] = [
  peer("Reshape", { settings: { shape: [3, 0] }, shape: [3, 2] }),
  peer("Slice", { settings: { beginIndex: 1, endIndex: 3 }, shape: [2, 2] }),
  {
    operation: "Slice",
    note: "the last row but one to the end of axis 2",
    inputs: [samples([1, 3], 1, 2, 3)],
    settings: { beginIndex: -2, endIndex: 0, axis: 2 },
    shape: [1, 2],
    value: [2, 3],
  },
  peer("RowStack", { shape: [3, 2] }),
  peer("RowStack along a new axis", { settings: { axis: 2 }, shape: [2, 2] }),
  {
    operation: "RowStack",
    note: "repeats size 1 and what has no dynamic axis",
    inputs: [samples([1, 2], 1, 2, 3, 4), constant([1], 9)],
    shape: [2, 2],
    value: [1, 9, 2, 9, 3, 9, 4, 9],
  },
  {
    operation: "RowRepeat",
    inputs: [samples([2], 1, 2, 3, 4)],
    settings: { numRepeats: 2 },
    shape: [4],
    value: [1, 2, 1, 2, 3, 4, 3, 4],
  },
  peer("TransposeDimensions", { settings: { axis1: 1, axis2: 3 }, shape: [2, 3, 2] }),
  {
    operation: "TransposeDimensions",
    note: "of a vector",
    inputs: [samples([2], 1, 2)],
    shape: [1, 2],
    value: [1, 2],
  },
  {
    operation: "Crop",
    inputs: [samples([3, 3], 0, 1, 2, 3, 4, 5, 6, 7, 8), samples([2, 1], 0, 0)],
    settings: { xOffset: 1, yOffset: 2 },
    shape: [2, 1],
    value: [7, 8],
  },
];

export const cases: readonly Case[] = [...elementwise, ...products, ...reductions, ...reshaping];
