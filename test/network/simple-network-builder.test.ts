/** SimpleNetworkBuilder: nodes, names, seeds and mistakes. */

import { describe, expect, it } from "@jest/globals";
import { CntkError } from "../../grammar/errors.js";
import { SourceText } from "../../grammar/source.js";
import { rootSection } from "../../src/config/section.js";
import { describeValidation } from "../../src/network/describe.js";
import { findNode } from "../../src/network/network.js";
import { evaluationOrder } from "../../src/network/order.js";
import {
  buildSimpleNetwork,
  simpleNetworkSettings,
} from "../../src/network/simple-network-builder.js";
import { networkRoots, validateNetwork } from "../../src/network/validate.js";

const CRITERIA = "trainingCriterion = CrossEntropyWithSoftmax ; evalCriterion = ErrorPrediction";

function settingsOf(entries: string) {
  const file = { name: "test.cntk", text: `S = [\n${entries}\n]\n` };
  return simpleNetworkSettings(rootSection(SourceText.of(file), file.name).section("S"));
}

function build(entries: string) {
  const options = { log: () => undefined, traceLevel: 0, precision: "float" } as const;
  const network = buildSimpleNetwork(settingsOf(`${CRITERIA} ; ${entries}`), options);
  validateNetwork(network, options);
  return network;
}

/** The nodes as the log shows them when the model is loaded. */
function listing(entries: string): string[] {
  const lines = evaluationOrder(networkRoots(build(entries))).map(describeValidation);
  return lines.map((line) => line.replace("Validating --> ", ""));
}

describe("the network", () => {
  it("has CNTK's nodes and names", () => {
    // as in the log of Simple2d OneHidden: 25 nodes
    const nodes = listing("layerSizes = 2:50*2:2 ; applyMeanVarNorm = true ; needPrior = true");
    expect([...nodes].sort()).toEqual(
      [
        "features = InputValue() :  -> [2 x *]",
        "labels = InputValue() :  -> [2 x *]",
        "MeanOfFeatures = Mean (features) : [2 x *] -> [2]",
        "InvStdOfFeatures = InvStdDev (features) : [2 x *] -> [2]",
        "MVNormalizedFeatures = PerDimMeanVarNormalization (features, MeanOfFeatures, InvStdOfFeatures) : [2 x *], [2], [2] -> [2 x *]",
        "W0 = LearnableParameter() :  -> [50 x 2]",
        "B0 = LearnableParameter() :  -> [50 x 1]",
        "W0*features = Times (W0, MVNormalizedFeatures) : [50 x 2], [2 x *] -> [50 x *]",
        "W0*features+B0 = Plus (W0*features, B0) : [50 x *], [50 x 1] -> [50 x 1 x *]",
        "H1 = Sigmoid (W0*features+B0) : [50 x 1 x *] -> [50 x 1 x *]",
        "W1 = LearnableParameter() :  -> [50 x 50]",
        "B1 = LearnableParameter() :  -> [50 x 1]",
        "W1*H1 = Times (W1, H1) : [50 x 50], [50 x 1 x *] -> [50 x 1 x *]",
        "W1*H1+B1 = Plus (W1*H1, B1) : [50 x 1 x *], [50 x 1] -> [50 x 1 x *]",
        "H2 = Sigmoid (W1*H1+B1) : [50 x 1 x *] -> [50 x 1 x *]",
        "W2 = LearnableParameter() :  -> [2 x 50]",
        "B2 = LearnableParameter() :  -> [2 x 1]",
        "W2*H1 = Times (W2, H2) : [2 x 50], [50 x 1 x *] -> [2 x 1 x *]",
        "HLast = Plus (W2*H1, B2) : [2 x 1 x *], [2 x 1] -> [2 x 1 x *]",
        "CrossEntropyWithSoftmax = CrossEntropyWithSoftmax (labels, HLast) : [2 x *], [2 x 1 x *] -> [1]",
        "EvalClassificationError = ClassificationError (labels, HLast) : [2 x *], [2 x 1 x *] -> [1]",
        "PosteriorProb = Softmax (HLast) : [2 x 1 x *] -> [2 x 1 x *]",
        "Prior = Mean (labels) : [2 x *] -> [2]",
        "LogOfPrior = Log (Prior) : [2] -> [2]",
        "ScaledLogLikelihood = Minus (HLast, LogOfPrior) : [2 x 1 x *], [2] -> [2 x 1 x *]",
      ].sort(),
    );
  });

  it("has groups", () => {
    const { groups } = build("layerSizes = 3:4:2 ; needPrior = true");
    const names = Object.entries(groups).map(([tag, nodes]) => [tag, ...nodes.map((n) => n.name)]);
    expect(Object.fromEntries(names.map(([tag, ...rest]) => [tag, rest]))).toEqual({
      feature: ["features"],
      label: ["labels"],
      criterion: ["CrossEntropyWithSoftmax"],
      evaluation: ["EvalClassificationError"],
      output: ["ScaledLogLikelihood"],
    });
    expect(build("layerSizes = 3:4:2").groups.output.map(({ name }) => name)).toEqual(["HLast"]);
  });

  it.each([
    [
      "a type for each layer, the last for the rest",
      "Tanh:RectifiedLinear",
      ["Tanh", "RectifiedLinear", "RectifiedLinear"],
    ],
    ["a linear layer", "None:Sigmoid", ["Plus", "Sigmoid", "Sigmoid"]],
  ])("%s", (_, types, expected) => {
    const network = build(`layerSizes = 3:4:4:4:2 ; layerTypes = ${types}`);
    const found = ["H1", "H2", "H3"].map((name) => findNode(network, name)?.operation.name);
    expect(found).toEqual(expected);
  });

  it("drops out behind the hidden layers if asked to", () => {
    const network = build("layerSizes = 3:4:2 ; addDropoutNodes = true");
    expect(findNode(network, "DropH1")?.inputs[0]?.name).toBe("H1");
    expect(findNode(network, "HLast")?.inputs[0]?.inputs[1]?.name).toBe("DropH1");
  });

  it("has no hidden layer between two sizes", () => {
    expect(listing("layerSizes = 3:2")).toContain(
      "W0*features = Times (W0, features) : [2 x 3], [3 x *] -> [2 x *]",
    );
  });
});

describe("initial values", () => {
  const first = (entries: string, name: string) =>
    findNode(build(`layerSizes = 2:50*2:2 ; ${entries}`), name)?.parameter?.value?.[0];

  // determinism.md 2.2: U(-0.05, 0.05) with the seeds 1, 2, 3
  it.each([
    ["", "W0", -0.0366123356],
    ["", "W1", 0.0403604023],
    ["", "W2", 0.00587660074],
    ["", "B0", 0],
    ["initValueScale = 0.1", "W0", -0.00366123347],
    ["randomSeedOffset = 1", "W0", 0.0403604023],
    ["forceConstantRandomSeed = true", "W2", -0.0366123356],
  ])("%s %s", (entries, name, expected) => {
    expect(first(entries, name)).toBeCloseTo(expected, 9);
  });

  it("are normally distributed if not uniform", () => {
    const initialization = findNode(build("layerSizes = 3:4:2 ; uniformInit = false"), "W0")
      ?.parameter?.initialization;
    expect(initialization).toMatchObject({ kind: "random", distribution: "gaussian", seed: 1 });
  });
});

describe("mistakes", () => {
  it.each([
    ["layerSizes = 5", /layerSizes: expected the sizes of features and labels .*, found 1 number/],
    ["layerSizes = 5:0:2", /layerSizes: expected positive sizes, found 0/],
    [
      "layerTypes = Sigmoidal",
      /layerTypes: expected Sigmoid, Tanh, RectifiedLinear, None, found "Sigmoidal"/,
    ],
    ["rnnType = LSTM", /rnnType: "LSTM" networks are not available/],
    [
      "trainingCriterion = mse",
      /trainingCriterion: expected CrossEntropyWithSoftmax, SquareError, Logistic, found "mse"/,
    ],
    ["evalCriterion = mse", /evalCriterion: expected .*ClassificationError, found "mse"/],
  ])("%s", (entries, message) => {
    const others = [
      "layerSizes = 2:2",
      "trainingCriterion = SquareError",
      "evalCriterion = SquareError",
    ].filter((entry) => !entries.startsWith(entry.split(" ")[0] ?? ""));
    const all = [...others, entries].join(" ; ");
    expect(() => settingsOf(all)).toThrow(message);
    expect(() => settingsOf(all)).toThrow(CntkError);
  });

  it("asks for the criteria", () => {
    expect(() => settingsOf("layerSizes = 2:2")).toThrow(
      /trainingCriterion: required, but missing/,
    );
  });
});
