/** Which nodes are trained and reported, and how their values are accumulated (training.md 6 and 7). */

import { CntkError, nearestName } from "../../grammar/errors.js";
import type { Program } from "../engine/engine.js";
import type { Precision } from "../engine/run.js";
import { findNode, type ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import { elementCount, printShape } from "../operations/shape.js";
import type { CriterionItem } from "./log-format.js";

/** Sum of a node's values over `count` samples. */
export interface Total {
  readonly sum: number;
  readonly count: number;
}

const EMPTY: Total = { sum: 0, count: 0 };

/**
 * Running totals of several nodes. In training with `precision=float` CNTK keeps the running sum in single precision, and
 * the late digits of its log show it; test and validation sum in double.
 */
export class CriterionTotals {
  readonly #nodes: readonly ComputationNode[];
  readonly #round: (sum: number) => number;
  #totals: readonly Total[];

  constructor(nodes: readonly ComputationNode[], precision: Precision) {
    this.#nodes = nodes;
    this.#round = precision === "float" ? Math.fround : (sum) => sum;
    this.#totals = nodes.map(() => EMPTY);
  }

  /** Adds the values that the program has just computed for a minibatch. */
  add(program: Program, samples: number): void {
    this.#totals = this.#nodes.map((node, i) => {
      const before = this.#totals[i] ?? EMPTY;
      const sum = this.#round(before.sum + this.#round(sumOfValues(program, node)));
      return { sum, count: before.count + samples };
    });
  }

  /** The totals now; later additions do not change them. */
  get totals(): readonly Total[] {
    return this.#totals;
  }

  /** Averages since an earlier moment, or since the beginning. */
  items(since: readonly Total[] = []): CriterionItem[] {
    return this.#nodes.map((node, i) => {
      const now = this.#totals[i] ?? EMPTY;
      const before = since[i] ?? EMPTY;
      const count = now.count - before.count;
      return { name: node.name, value: count === 0 ? 0 : (now.sum - before.sum) / count, count };
    });
  }
}

function sumOfValues(program: Program, node: ComputationNode): number {
  let sum = 0;
  for (const value of program.value(node)) sum += value;
  return sum;
}

/** The node whose gradient is trained, the others that are reported with it, and how the log introduces them. */
export interface TrainingCriteria {
  readonly criterion: ComputationNode;
  /** criterion first, then the evaluation nodes that are not a criterion themselves */
  readonly reported: readonly ComputationNode[];
}

/** Chooses the criterion and evaluation nodes of a network for training. */
export function trainingCriteria(
  network: ComputationNetwork,
  names: { readonly trainCriterionNodeName: string; readonly evalCriterionNodeName: string },
): TrainingCriteria {
  const criteria = namedOrGroup(network, names.trainCriterionNodeName, "criterion");
  const evaluations = namedOrGroup(network, names.evalCriterionNodeName, "evaluation");
  const [criterion] = criteria;
  if (criterion === undefined) {
    throw new CntkError("running", "the network has no training criterion", {
      hint: "list it in the network's criterionNodes, for example: criterionNodes = (ce)",
    });
  }
  for (const node of [criterion, ...evaluations]) expectScalar(node);
  const others = evaluations.filter((node) => !criteria.includes(node));
  return { criterion, reported: [criterion, ...others] };
}

function namedOrGroup(
  network: ComputationNetwork,
  name: string,
  group: "criterion" | "evaluation",
): readonly ComputationNode[] {
  return name === "" ? network.groups[group] : [expectNode(network, name)];
}

function expectNode(network: ComputationNetwork, name: string): ComputationNode {
  const node = findNode(network, name);
  if (node !== undefined) return node;
  const names = network.nodes.map((known) => known.name);
  const near = nearestName(name, names);
  throw new CntkError("running", `the network has no node named '${name}'`, {
    hint: near === undefined ? undefined : `did you mean '${near}'?`,
  });
}

/** @throws CntkError unless the node has one element per sample */
export function expectScalar(node: ComputationNode): void {
  if (elementCount(node.shape) === 1) return;
  throw new CntkError(
    "running",
    `criterion and evaluation nodes must be scalar, but '${node.name}' has the shape [${printShape(node.shape)}]`,
    {
      ranges: node.ranges,
      hint: "reduce it to one number, for example with ReduceSum or ReduceMean",
    },
  );
}

/** `ce = CrossEntropyWithSoftmax` for the lines that introduce the criteria. */
export function criterionLines(network: ComputationNetwork, criteria: TrainingCriteria): string[] {
  return [
    ...groupLines("Training criterion:  ", "Training criteria:", network.groups.criterion, [
      criteria.criterion,
    ]),
    ...groupLines(
      "Evaluation criterion:",
      "\nEvaluation criteria:",
      criteria.reported.slice(1),
      [],
    ),
  ];
}

function groupLines(
  singular: string,
  plural: string,
  group: readonly ComputationNode[],
  fallback: readonly ComputationNode[],
): string[] {
  const nodes = group.length > 0 ? group : fallback;
  const texts = nodes.map((node) => `${node.name} = ${node.operation.name}`);
  if (texts.length === 0) return [];
  if (texts.length === 1) return [`${singular} ${texts[0] ?? ""}`];
  return [plural, ...texts.map((text) => `\t${text}`)];
}
