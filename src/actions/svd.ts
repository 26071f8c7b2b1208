/** Action `SVD`: replaces weight matrices by products of two thinner ones (actions.md 11). */

import assert from "node:assert/strict";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { createNode } from "../network/construct-node.js";
import { sortedByName, type ComputationNetwork } from "../network/network.js";
import type { ComputationNode, FloatArray, Tag } from "../network/node.js";
import { validateNetwork } from "../network/validate.js";
import { operations } from "../operations/index.js";
import { printf } from "../script/printf.js";
import { saveModelFile } from "../train/checkpoint.js";
import { networkFromFile } from "./network-source.js";
import { singularValueDecomposition } from "./singular-values.js";

/** Which parameters to decompose, and what share of their singular values' sum to keep. */
interface Group {
  readonly pattern: RegExp;
  readonly keepRatio: number;
}

/** The keys of the section. @throws CntkError "configuring" */
export function svdSettings(section: Section, run: Run) {
  const alignedSize = section.integer("AlignedSize", 8);
  if (alignedSize < 1)
    throw section.error("AlignedSize", `expected at least 1, found ${alignedSize}`);
  return {
    modelPath: section.string("modelPath"),
    newModelPath: newModelPathOf(section),
    alignedSize,
    groups: groupsOf(section, run),
  };
}

/** The key must be there; an empty value means that nothing is saved. */
function newModelPathOf(section: Section): string {
  return section.has("outputmodelPath")
    ? section.string("outputmodelPath", "")
    : section.string("outputmodelPath");
}

/** @returns undefined for a file of groups that cannot be understood */
function groupsOf(section: Section, run: Run): readonly Group[] | undefined {
  const text = section.string("NodeNameRegex", "");
  if (text !== "") {
    const pattern = wholeName(text);
    if (pattern === undefined)
      throw section.error("NodeNameRegex", `not a regular expression: ${text}`);
    return [{ pattern, keepRatio: section.number("KeepRatio", 0.4) }];
  }
  const file = run.readText(section.string("SVDConfig"));
  const groups: Group[] = [];
  for (const line of file.text.split(/\r?\n/)) {
    if (line.trim() === "") continue;
    const [name = "", ratio = "", ...rest] = line.trim().split(/[ \t]+/);
    const pattern = wholeName(name);
    const keepRatio = Number(ratio);
    if (pattern === undefined || ratio === "" || Number.isNaN(keepRatio) || rest.length > 0)
      return undefined;
    groups.push({ pattern, keepRatio });
  }
  return groups;
}

function wholeName(text: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${text})$`);
  } catch {
    return undefined;
  }
}

const USAGE = [
  "SVDConfig: expected lines with a regular expression for names of parameters and the share of the",
  "singular values' sum to keep, separated by blanks or tabs, for example:",
  "W0         1.0",
  "W[1-5]     0.4",
];

export function svdAction(section: Section, run: Run): Promise<void> {
  const { modelPath, newModelPath, alignedSize, groups } = svdSettings(section, run);
  if (groups === undefined) {
    for (const line of USAGE) run.log(line);
    return Promise.resolve();
  }
  let network = networkFromFile(modelPath, section, run);
  for (const [index, { pattern, keepRatio }] of groups.entries()) {
    run.log(RULE);
    run.log(
      printf("ParameterSVD: start to process group %d with KeepRatio=%.2f", index, keepRatio),
    );
    run.log(RULE);
    for (const node of sortedByName(network.nodes)) {
      if (!isMatrix(node) || !pattern.test(node.name)) continue;
      const factors = factorize(node, { keepRatio, alignedSize, log: run.log });
      network = withFactors(network, node, factors);
    }
  }
  validateNetwork(network, { log: run.log, traceLevel: 0, precision: run.precision });
  if (newModelPath !== "") saveModelFile(newModelPath, network, run.precision);
  return Promise.resolve();
}

const RULE = "-".repeat(92);

const isMatrix = ({ operation, shape }: ComputationNode) =>
  operation.leaf === "parameter" && shape.length === 2 && shape.every((size) => size > 1);

interface FactorizeOptions {
  readonly keepRatio: number;
  readonly alignedSize: number;
  readonly log: (text: string) => void;
}

/** Nodes `NAME_U` [m x r] and `NAME_V` [r x n], whose product is near the parameter [m x n]. */
interface Factors {
  readonly left: ComputationNode;
  readonly right: ComputationNode;
}

function factorize(
  node: ComputationNode,
  { keepRatio, alignedSize, log }: FactorizeOptions,
): Factors {
  const [rows = 0, columns = 0] = node.shape;
  const value = node.parameter?.value;
  assert(value !== undefined);
  const start = performance.now();
  const matrix = Array.from({ length: columns }, (_, column) =>
    Float64Array.from(value.subarray(column * rows, (column + 1) * rows)),
  );
  const { singularValues, left, right } = singularValueDecomposition(matrix);
  const kept = countToKeep(singularValues, keepRatio, alignedSize);
  const seconds = (performance.now() - start) / 1000;
  const share = (100 * kept * (rows + columns)) / (rows * columns);
  log(
    printf(
      "Performing SVD for a %5d-by-%-5d matrix (node name: %-20s) ---  computation time %5.2f secs ;  keep %4.1f%% energy ===> keep %5d svd values (reduce to %4.1f%% parameters) ",
      ...[rows, columns, node.name, seconds, 100 * keepRatio, kept, share],
    ),
  );
  const leftValue = likeIn(value, rows * kept);
  const rightValue = likeIn(value, kept * columns);
  for (let k = 0; k < kept; k++) {
    const root = Math.sqrt(singularValues[k] ?? 0);
    left[k]?.forEach((element, row) => (leftValue[k * rows + row] = element * root));
    right[k]?.forEach((element, column) => (rightValue[column * kept + k] = element * root));
  }
  return {
    left: parameterLike(node, "U", [rows, kept], leftValue),
    right: parameterLike(node, "V", [kept, columns], rightValue),
  };
}

/** As few as together make more than the share, in whole groups of `alignedSize`. */
function countToKeep(values: readonly number[], keepRatio: number, alignedSize: number): number {
  const wanted = keepRatio * values.reduce((sum, value) => sum + value, 0);
  let sum = 0;
  const index = values.findIndex((value) => (sum += value) > wanted);
  const needed = index < 0 ? values.length : index + 1;
  return Math.min(values.length, Math.ceil(needed / alignedSize) * alignedSize);
}

const likeIn = (pattern: FloatArray, length: number): FloatArray =>
  pattern instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);

function parameterLike(
  { name, operation, settings, ranges, parameter }: ComputationNode,
  suffix: "U" | "V",
  shape: readonly number[],
  value: FloatArray,
): ComputationNode {
  const { learningRateMultiplier = 1 } = parameter ?? {};
  const state = { learningRateMultiplier, value, gradient: undefined };
  return createNode({
    name: `${name}_${suffix}`,
    operation,
    settings,
    ranges,
    shape,
    parameter: { ...state, initialization: { kind: "loaded" } },
  });
}

/**
 * The network without the parameter W. In a product W x, V takes the place of W, and U (V x) follows; otherwise U V takes
 * the place of W.
 */
function withFactors(
  network: ComputationNetwork,
  weights: ComputationNode,
  { left, right }: Factors,
): ComputationNetwork {
  const consumers = network.nodes.filter(({ inputs }) => inputs.includes(weights));
  const [consumer] = consumers;
  const isProduct =
    consumers.length === 1 &&
    consumer?.operation.name === "Times" &&
    consumer.inputs[0] === weights &&
    consumer.inputs[1] !== weights;
  const replaced = isProduct ? consumer : weights;
  const product = productOf(left, isProduct ? consumer : right, `${weights.name}_SVD`);
  for (const node of network.nodes) {
    node.inputs = node.inputs.map((input) => (input === replaced ? product : input));
  }
  if (isProduct) consumer.inputs = [right, ...consumer.inputs.slice(1)];
  const nodes = network.nodes.filter((node) => node !== weights);
  const moved = (tag: Tag) =>
    network.groups[tag].map((node) => (node === replaced ? product : node));
  const [feature, label, criterion] = [moved("feature"), moved("label"), moved("criterion")];
  const [evaluation, output] = [moved("evaluation"), moved("output")];
  return {
    nodes: [...nodes, left, right, product],
    groups: { feature, label, criterion, evaluation, output },
  };
}

function productOf(left: ComputationNode, right: ComputationNode, name: string): ComputationNode {
  const operation = operations.get("Times");
  assert(operation !== undefined);
  const settings = Object.fromEntries(
    Object.entries(operation.settings).map(([key, setting]) => [key, setting.default]),
  );
  return createNode({ name, operation, settings, inputs: [left, right], ranges: right.ranges });
}
