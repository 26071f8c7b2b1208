/**
 * Values and gradients of losses, metrics, normalisation and random operations; rows made as in cases.ts.
 */

import type { Case } from "./harness.js";
import { constant, peer, samples } from "./rows.js";

const losses: readonly Case[] = [
  peer("Softmax"),
  peer("Softmax of an image"),
  peer("LogSoftmax"),
  peer("LogSoftmax of an image"),
  peer("Hardmax"),
  peer("Hardmax of an image"),
  peer("CrossEntropyWithSoftmax", { shape: [1] }),
  peer("CrossEntropyWithSoftmax, labels of sum 2", {
    unlikeDerivative: "softmax(z) - labels, without the sum of the labels as factor",
  }),
  peer("CrossEntropyWithSoftmax of images", { shape: [1] }),
  {
    operation: "CrossEntropy",
    inputs: [samples([2], 1, 0, 0.5, 0.5), samples([2], 0.5, 0.25, 0.5, 0.5)],
    value: [2 * Math.LN2],
    gradients: [
      [Math.LN2, 2 * Math.LN2, Math.LN2, Math.LN2],
      [-2, 0, -1, -1],
    ],
  },
  {
    operation: "CrossEntropy",
    note: "of probability 0",
    inputs: [samples([2], 1, 0), samples([2], 0, 0)],
    value: [85.1],
    gradients: [
      [85.1, 85.1],
      [-1e30, 0],
    ],
    unlikeDerivative: "log is clipped and so is 1/p",
  },
  peer("SquareError"),
  peer("SquareError of images"),
  peer("Logistic", { refused: [0] }),
  peer("Logistic with weights", {
    refused: [0],
    unlikeDerivative: "not divided by the sum of the weights",
  }),
  peer("ClassificationError"),
  peer("ClassificationError, top 2"),
  peer("ClassificationError of images"),
  {
    operation: "MatrixL1Reg",
    inputs: [constant([2], -1.5, 2)],
    shape: [1],
    value: [3.5],
    gradients: [[-1, 1]],
  },
  {
    operation: "MatrixL2Reg",
    inputs: [constant([2], 3, -4)],
    shape: [1],
    value: [5],
    gradients: [[0.6, -0.8]],
  },
  {
    operation: "MatrixL2Reg",
    note: "of 0",
    inputs: [constant([2], 0, 0)],
    value: [0],
    gradients: [[0, 0]],
    unlikeDerivative: "there is none at 0",
  },
  peer("LambdaRank", { unlikeDerivative: "pairs in the wrong order push each other" }),
  peer("NDCG1Eval"),
  {
    operation: "ClassBasedCrossEntropyWithSoftmax",
    inputs: [
      samples([4], 3, 1, 2, 5, 1, 0, 0, 2),
      samples([1], 1, 1),
      constant([1, 5], 0, Math.LN2, 0, Math.log(3), 0),
      samples([2], 0, 0, 1, 1),
    ],
    shape: [1],
    value: [-Math.log(3 / 5) - Math.log(2 / 3) + 2 * Math.LN2],
  },
  {
    operation: "NCEBasedCrossEntropyWithSoftmax",
    note: "evaluated by the full softmax; 2.7 no longer has it",
    inputs: [
      samples([1], 1, 0),
      samples([1], 1, 2),
      constant([1, 2], 0, Math.LN2),
      constant([1, 2], Math.log(3), 0),
    ],
    shape: [1],
    value: [Math.log(5 / 2) + Math.log(7 / 3)],
    isTraining: false,
    refused: [1, 2, 3],
  },
  {
    operation: "DummyCriterion",
    inputs: [samples([1], 4, 5), samples([2], 1, 2, 3, 4), samples([2], 0, 0, 0, 0)],
    shape: [1],
    value: [9],
    gradients: [null, null, [1, 2, 3, 4]],
    unlikeDerivative: "the gradient is an input",
  },
];

const normalization: readonly Case[] = [
  peer("BatchNormalization"),
  peer("BatchNormalization, spatial", {
    settings: { spatial: true, normalizationTimeConstant: 5 },
  }),
  peer("BatchNormalization, plain accumulation", { settings: { normalizationTimeConstant: -1 } }),
  peer("BatchNormalization, evaluation", { isTraining: false }),
  peer("BatchNormalization, spatial, of volumes", {
    settings: { spatial: true, normalizationTimeConstant: 100 },
  }),
  peer("BatchNormalization, spatial, evaluation", {
    settings: { spatial: true, normalizationTimeConstant: 5, epsilon: 0.001 },
    isTraining: false,
  }),
  peer("BatchNormalization of images, not spatial", {
    settings: { normalizationTimeConstant: 5000 },
  }),
  peer("BatchNormalization, running statistics frozen", {
    settings: { normalizationTimeConstant: Infinity },
  }),
  {
    operation: "BatchNormalization",
    note: "blended with the running statistics, which 2.7 does not do",
    inputs: [
      samples([1], 1, 3),
      constant([1, 1], 2),
      constant([1, 1], 1),
      constant([1, 1], 0),
      constant([1, 1], 1),
      constant([1], 2),
    ],
    settings: { normalizationTimeConstant: -1, blendTimeConstant: 2, epsilon: 0 },
    value: [0.09175171, 3.72474487],
    gradients: [[1.35530088, -0.43290949], [-1.13531036], [0.5]],
    unlikeDerivative: "the gradient takes the two shares of the statistics for one",
    assigned: { 3: [1], 4: [1.5], 5: [4] },
  },
  {
    operation: "BatchNormalization",
    note: "frozen by infinite time constants: 2.7 ignores the second",
    inputs: [
      samples([1], 1, 3),
      constant([1, 1], 2),
      constant([1, 1], 1),
      constant([1, 1], 2),
      constant([1, 1], 4),
      constant([1], 2),
    ],
    settings: { normalizationTimeConstant: Infinity, blendTimeConstant: Infinity, epsilon: 0 },
    value: [0, 2],
    gradients: [[1, -0.5], [-0.75], [0.5]],
  },
  {
    operation: "BatchNormalization",
    note: "a single sample: variance 0, where 2.7 has NaN in the running one",
    inputs: [
      samples([1], 3),
      constant([0, 1], 2),
      constant([0, 1], 1),
      constant([0, 1], 0),
      constant([0, 1], 0),
      constant([1], 0),
    ],
    inferred: { 1: [1, 1], 4: [1, 1] },
    value: [1],
    gradients: [[0], [0], [1]],
    assigned: { 3: [3], 4: [0], 5: [1] },
  },
  peer("PerDimMeanVarNormalization", { refused: [0, 1, 2] }),
  {
    operation: "PerDimMeanVarDeNormalization",
    inputs: [samples([2], 1, 2, 3, 4), constant([2], 10, 20), constant([2], 2, 4)],
    value: [10.5, 20.5, 11.5, 21],
    refused: [0, 1, 2],
  },
];

const statistics: readonly Case[] = [
  {
    operation: "EpochAccumulator",
    note: "of one minibatch; 2.7 no longer has it",
    inputs: [samples([2], 1, 2, 3, 6)],
    shape: [2],
    value: [2, 4],
  },
  {
    operation: "Trace",
    note: "2.7 no longer has it",
    inputs: [samples([2], 1, 2, 3, 6)],
    shape: [2],
    value: [1, 2, 3, 6],
  },
];

const ONES = Array.from({ length: 16 }, () => 1);

const random: readonly Case[] = [
  {
    operation: "Dropout",
    note: "in training, with the mask that CNTK draws from this seed",
    inputs: [samples([8], ...ONES)],
    dropoutRate: 0.5,
    seed: 0,
    value: [0, 2, 0, 2, 2, 0, 2, 0, 2, 2, 0, 2, 2, 0, 0, 0],
  },
  {
    operation: "Dropout",
    note: "in evaluation",
    inputs: [samples([2], 1, 2)],
    dropoutRate: 0.5,
    isTraining: false,
    value: [1, 2],
  },
  {
    operation: "RandomSample",
    note: "with repetition: 0.16, 0.99 and 0.04 of the sum of the weights",
    inputs: [constant([3], 1, 1, 2)],
    settings: { sizeOfSampledSet: 3, allowDuplicates: true },
    shape: [3, 3],
    value: [1, 0, 0, 0, 0, 1, 1, 0, 0],
  },
  {
    operation: "RandomSample",
    note: "without repetition: the third number, 0.04, is refused, the fourth, 0.60, is not",
    inputs: [constant([4], 1, 1, 1, 1)],
    settings: { sizeOfSampledSet: 3, allowDuplicates: false },
    value: [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0],
  },
  {
    operation: "RandomSampleInclusionFrequency",
    inputs: [constant([2], 1, 3)],
    settings: { sizeOfSampledSet: 4, allowDuplicates: true },
    shape: [2, 1],
    value: [1, 3],
  },
  {
    operation: "RandomSampleInclusionFrequency",
    note: "without repetition, one draw",
    inputs: [constant([2], 1, 3)],
    settings: { sizeOfSampledSet: 1, allowDuplicates: false },
    value: [0.25, 0.75],
  },
];

const leaves: readonly Case[] = [
  {
    operation: "EnvironmentInput",
    note: "in training",
    inputs: [],
    settings: { propertyName: "isTraining" },
    shape: [1],
    value: [1],
  },
  {
    operation: "EnvironmentInput",
    note: "in evaluation",
    inputs: [],
    settings: { propertyName: "isTraining" },
    isTraining: false,
    value: [0],
  },
];

export const trainingCases: readonly Case[] = [
  ...losses,
  ...normalization,
  ...statistics,
  ...random,
  ...leaves,
];
