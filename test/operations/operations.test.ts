/** All operations but those of convolution and pooling, which have tables of their own. */

import { describe, expect, it } from "@jest/globals";
import * as elementwise from "../../src/operations/elementwise.js";
import { operations } from "../../src/operations/index.js";
import * as largeVocabulary from "../../src/operations/large-vocabulary.js";
import * as leaves from "../../src/operations/leaves.js";
import * as losses from "../../src/operations/losses.js";
import * as normalization from "../../src/operations/normalization.js";
import * as products from "../../src/operations/products.js";
import * as random from "../../src/operations/random.js";
import * as ranking from "../../src/operations/ranking.js";
import * as reductions from "../../src/operations/reductions.js";
import * as reshaping from "../../src/operations/reshaping.js";
import * as sequences from "../../src/operations/sequences.js";
import * as softmax from "../../src/operations/softmax.js";
import * as statistics from "../../src/operations/statistics.js";
import * as trace from "../../src/operations/trace.js";
import * as unavailable from "../../src/operations/unavailable.js";
import * as vectorProducts from "../../src/operations/vector-products.js";
import { cases } from "./cases.js";
import { checkCases, findBackends } from "./harness.js";
import { shapeCases } from "./shape-cases.js";
import { shapeErrors } from "./shape-errors.js";
import { trainingCases } from "./training-cases.js";

const families = {
  ...leaves,
  ...elementwise,
  ...products,
  ...vectorProducts,
  ...reductions,
  ...reshaping,
  ...softmax,
  ...losses,
  ...ranking,
  ...largeVocabulary,
  ...normalization,
  ...random,
  ...sequences,
  ...statistics,
  ...trace,
  ...unavailable,
};

const backends = await findBackends();
checkCases(families, [...cases, ...trainingCases, ...shapeCases, ...shapeErrors], backends);

describe("the table of operations", () => {
  it("has a shape row for every operation that does not compute", () => {
    const rows = new Set(shapeCases.map(({ operation }) => operation));
    const missing = Object.entries(families).filter(
      ([name, entry]) => entry.forward === undefined && entry.leaf === undefined && !rows.has(name),
    );
    expect(missing.map(([name]) => name)).toEqual([]);
  });

  it.each([
    ["ColumnElementTimes", "ElementTimes"],
    ["RowElementTimes", "ElementTimes"],
    ["Scale", "ElementTimes"],
    ["ErrorPrediction", "ClassificationError"],
    ["Delay", "PastValue"],
    ["PerDimMeanVarNormalizationNode", "PerDimMeanVarNormalization"],
    ["PerDimMeanVarDeNormalizationNode", "PerDimMeanVarDeNormalization"],
    ["ReconcileMBLayout", "ReconcileDynamicAxis"],
    ["RNN", "OptimizedRNNStack"],
    ["RowSlice", "Slice"],
    ["Transpose", "TransposeDimensions"],
    ["Convolution", "Convolution"],
    ["Sigmoid", "Sigmoid"],
  ])("knows %s as %s", (name, present) => {
    expect(operations.get(name)?.name).toBe(present);
  });
});
