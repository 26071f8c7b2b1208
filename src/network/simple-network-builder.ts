/** SimpleNetworkBuilder: a network of fully connected layers from a few numbers (config.md A.5); CNTK: BuildSimpleDNN. */

import assert from "node:assert/strict";
import type { Section } from "../config/section.js";
import { operations } from "../operations/index.js";
import type { Shape } from "../operations/shape.js";
import { createNode, valueToCome } from "./construct-node.js";
import type { ComputationNetwork } from "./network.js";
import type { ComputationNode, Initialization, Tag } from "./node.js";
import { announceParameter, type ParameterLog } from "./parameter-values.js";

export interface SimpleNetworkSettings {
  /** elements of the features, of each hidden layer, of the labels */
  readonly layerSizes: readonly number[];
  /** operations of the hidden layers, undefined for a linear one; the last holds for those that follow */
  readonly layerTypes: readonly (string | undefined)[];
  /** operation of the criterion */
  readonly trainingCriterion: string;
  readonly evalCriterion: string;
  readonly initValueScale: number;
  readonly uniformInit: boolean;
  /** normalises the features by their mean and variance over the training data */
  readonly applyMeanVarNorm: boolean;
  /** divides the result by how frequent each label is in the training data */
  readonly needPrior: boolean;
  readonly addDropoutNodes: boolean;
  readonly randomSeedOffset: number;
  /** every parameter gets the same seed */
  readonly hasConstantSeed: boolean;
}

const named = (...names: readonly string[]) =>
  names.map((name) => [name.toLowerCase(), name] as const);

/** Operations by the name in the config, in lower case. */
const LAYER_TYPES: ReadonlyMap<string, string | undefined> = new Map<string, string | undefined>([
  ...named("Sigmoid", "Tanh", "RectifiedLinear"),
  ["none", undefined],
  ["", undefined],
]);
const TRAINING_CRITERIA: ReadonlyMap<string, string> = new Map(
  named("CrossEntropyWithSoftmax", "SquareError", "Logistic"),
);
const EVALUATION_CRITERIA: ReadonlyMap<string, string> = new Map([
  ...TRAINING_CRITERIA,
  ...named("ClassificationError"),
  ["errorprediction", "ClassificationError"],
]);

/**
 * Reads the builder's section.
 * @throws CntkError "configuring" for missing or wrong values, and for kinds of networks that this version cannot build
 */
export function simpleNetworkSettings(section: Section): SimpleNetworkSettings {
  const rnnType = section.string("rnnType", "SIMPLENET");
  if (rnnType.toUpperCase() !== "SIMPLENET") {
    throw section.error(
      "rnnType",
      `"${rnnType}" networks are not available in this version of tscntk`,
      "describe the network in a BrainScriptNetworkBuilder",
    );
  }
  return {
    layerSizes: layerSizes(section),
    layerTypes: section
      .strings("layerTypes", ["Sigmoid"])
      .map((text) => choice(section, "layerTypes", text, LAYER_TYPES)),
    trainingCriterion: criterion(section, "trainingCriterion", TRAINING_CRITERIA),
    evalCriterion: criterion(section, "evalCriterion", EVALUATION_CRITERIA),
    initValueScale: section.number("initValueScale", 1),
    uniformInit: section.bool("uniformInit", true),
    applyMeanVarNorm: section.bool("applyMeanVarNorm", false),
    needPrior: section.bool("needPrior", false),
    addDropoutNodes: section.bool("addDropoutNodes", false),
    randomSeedOffset: section.integer("randomSeedOffset", 0),
    hasConstantSeed: section.bool("forceConstantRandomSeed", false),
  };
}

function layerSizes(section: Section): readonly number[] {
  const sizes = section.schedule("layerSizes", "integer", [100]).values;
  const wrong = sizes.find((size) => size < 1);
  if (sizes.length >= 2 && wrong === undefined) return sizes;
  throw section.error(
    "layerSizes",
    wrong === undefined
      ? `expected the sizes of features and labels and of the layers in between, found ${sizes.length} number`
      : `expected positive sizes, found ${wrong}`,
    "for example: layerSizes = 784:200:10",
  );
}

const criterion = (section: Section, key: string, known: ReadonlyMap<string, string>) =>
  choice(section, key, section.string(key), known);

function choice<Value>(
  section: Section,
  key: string,
  text: string,
  known: ReadonlyMap<string, Value>,
): Value {
  for (const [name, value] of known) if (name === text.toLowerCase()) return value;
  const names = [...new Set([...known.values()].map((value) => value ?? "None"))].join(", ");
  throw section.error(key, `expected ${names}, found "${text}"`);
}

/** The network: its nodes, with names and seeds as CNTK gives them; not validated. */
export function buildSimpleNetwork(
  settings: SimpleNetworkSettings,
  options: ParameterLog,
): ComputationNetwork {
  const { layerSizes: sizes, applyMeanVarNorm, needPrior } = settings;
  const assembly = new Assembly(settings, options);
  const features = assembly.input("features", sizes[0] ?? 0);
  const first = applyMeanVarNorm ? normalized(assembly, features) : features;
  const last = assembly.layers(first);
  const labels = assembly.input("labels", sizes.at(-1) ?? 0);
  const { trainingCriterion, evalCriterion } = settings;
  const trained = assembly.node(trainingCriterion, trainingCriterion, [labels, last]);
  const evaluated = assembly.node(`Eval${evalCriterion}`, evalCriterion, [labels, last]);
  const result = needPrior ? withoutPrior(assembly, last, labels) : last;
  assembly.node("PosteriorProb", "Softmax", [last]);
  return assembly.network({
    feature: features,
    label: labels,
    criterion: trained,
    evaluation: evaluated,
    output: result,
  });
}

function normalized(assembly: Assembly, features: ComputationNode): ComputationNode {
  const mean = assembly.node("MeanOfFeatures", "Mean", [features]);
  const invStdDev = assembly.node("InvStdOfFeatures", "InvStdDev", [features]);
  const inputs = [features, mean, invStdDev];
  return assembly.node("MVNormalizedFeatures", "PerDimMeanVarNormalization", inputs);
}

function withoutPrior(assembly: Assembly, last: ComputationNode, labels: ComputationNode) {
  const prior = assembly.node("Prior", "Mean", [labels]);
  const logOfPrior = assembly.node("LogOfPrior", "Log", [prior]);
  return assembly.node("ScaledLogLikelihood", "Minus", [last, logOfPrior]);
}

/** The network while it grows. */
class Assembly {
  readonly #settings: SimpleNetworkSettings;
  readonly #options: ParameterLog;
  readonly #nodes: ComputationNode[] = [];

  constructor(settings: SimpleNetworkSettings, options: ParameterLog) {
    this.#settings = settings;
    this.#options = options;
  }

  input(name: string, size: number): ComputationNode {
    return this.#add({ name, operation: "InputValue", shape: [size], dynamicAxis: "*" });
  }

  node(name: string, operation: string, inputs: readonly ComputationNode[]): ComputationNode {
    return this.#add({ name, operation, inputs });
  }

  /** All layers: hidden ones with their activation, then the linear one at the end. */
  layers(features: ComputationNode): ComputationNode {
    const { layerSizes: sizes, layerTypes, addDropoutNodes } = this.#settings;
    const hidden = sizes.length - 2;
    let value = features;
    for (let layer = 0; layer < hidden; layer++) {
      const name = `H${layer + 1}`;
      const type = layerTypes[Math.min(layer, layerTypes.length - 1)];
      const below = layer === 0 ? "features" : `H${layer}`;
      const sum = this.#sum(layer, value, below, type === undefined ? name : undefined);
      const output = type === undefined ? sum : this.node(name, type, [sum]);
      value = addDropoutNodes ? this.node(`Drop${name}`, "Dropout", [output]) : output;
    }
    // CNTK names the last product after the layer below the one it multiplies: W2*H1 = Times (W2, H2)
    return this.#sum(hidden, value, hidden === 0 ? "features" : `H${hidden - 1}`, "HLast");
  }

  /** `W0*features+B0`, unless it has another name. */
  #sum(layer: number, below: ComputationNode, nameBelow: string, name?: string): ComputationNode {
    const { layerSizes: sizes } = this.#settings;
    const [inputs = 0, outputs = 0] = sizes.slice(layer, layer + 2);
    const weights = this.#parameter(`W${layer}`, [outputs, inputs], this.#random(layer));
    const product = this.node(`W${layer}*${nameBelow}`, "Times", [weights, below]);
    const bias = this.#parameter(`B${layer}`, [outputs, 1], { kind: "constant", value: 0 });
    return this.node(name ?? `${product.name}+${bias.name}`, "Plus", [product, bias]);
  }

  /** Layers count their seeds from 1; biases take none. */
  #random(layer: number): Initialization {
    const { uniformInit, initValueScale, randomSeedOffset, hasConstantSeed } = this.#settings;
    return {
      kind: "random",
      distribution: uniformInit ? "uniform" : "gaussian",
      scale: initValueScale,
      seed: (hasConstantSeed ? 1 : layer + 1) + randomSeedOffset,
      filterRank: 0,
      outputRank: 1,
    };
  }

  #parameter(name: string, shape: Shape, initialization: Initialization): ComputationNode {
    const parameter = {
      learningRateMultiplier: 1,
      initialization,
      value: undefined,
      gradient: undefined,
    };
    const node = this.#add({ name, operation: "LearnableParameter", shape, parameter });
    announceParameter(node, this.#options);
    return node;
  }

  #add({
    operation: operationName,
    ...parts
  }: Omit<Parameters<typeof createNode>[0], "operation" | "ranges"> & {
    readonly operation: string;
  }): ComputationNode {
    const operation = operations.get(operationName);
    assert(operation !== undefined, `there is no operation ${operationName}`);
    const settings = Object.fromEntries(
      Object.entries(operation.settings).map(([key, setting]) => [key, setting.default]),
    );
    const state = operation.precompute === undefined ? {} : { parameter: valueToCome() };
    const node = createNode({ operation, settings, ranges: [], ...state, ...parts });
    this.#nodes.push(node);
    return node;
  }

  network(members: Readonly<Record<Tag, ComputationNode>>): ComputationNetwork {
    const group = (tag: Tag) => {
      members[tag].tags.add(tag);
      return [members[tag]];
    };
    return {
      nodes: this.#nodes,
      groups: {
        feature: group("feature"),
        label: group("label"),
        criterion: group("criterion"),
        evaluation: group("evaluation"),
        output: group("output"),
      },
    };
  }
}
