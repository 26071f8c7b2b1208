/** Which nodes are trained and reported, and how their values are accumulated (training.md 6 and 7). */

import { CntkError } from "../../grammar/errors.js";
import type { Program } from "../engine/engine.js";
import type { Precision } from "../engine/run.js";
import { expectNode, type ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import { evaluationOrder } from "../network/order.js";
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

/** The node whose gradient is trained, and the others that are reported with it. */
export interface TrainingCriteria {
  /** all that the network or the config lists; only the first one is trained */
  readonly listed: readonly ComputationNode[];
  readonly criterion: ComputationNode;
  /** evaluation nodes that are not a criterion themselves */
  readonly evaluations: readonly ComputationNode[];
  /** criterion first, then the evaluation nodes */
  readonly reported: readonly ComputationNode[];
}

/**
 * Chooses the criterion and evaluation nodes of a network for training.
 * @throws CntkError "running" if there is no criterion, or a node that cannot be one
 */
export function trainingCriteria(
  network: ComputationNetwork,
  names: { readonly trainCriterionNodeName: string; readonly evalCriterionNodeName: string },
): TrainingCriteria {
  const listed = namedOrGroup(network, names.trainCriterionNodeName, "criterion");
  const [criterion] = listed;
  if (criterion === undefined) {
    throw new CntkError("running", "the network has no training criterion", {
      hint: "list it in the network's criterionNodes, for example: criterionNodes = (ce)",
    });
  }
  const evaluations = namedOrGroup(network, names.evalCriterionNodeName, "evaluation").filter(
    (node) => !listed.includes(node),
  );
  const reported = [criterion, ...evaluations];
  for (const node of reported) expectScalar(node);
  return { listed, criterion, evaluations, reported };
}

function namedOrGroup(
  network: ComputationNetwork,
  name: string,
  group: "criterion" | "evaluation",
): readonly ComputationNode[] {
  if (name === "") return network.groups[group];
  const node = expectNode(network, name);
  if (node.dynamicAxis === undefined && elementCount(node.shape) === 1) return [node];
  throw new CntkError(
    "running",
    `${node.name} ${node.operation.name} operation is not a valid training or eval criterion node.`,
    {
      ranges: node.ranges,
      hint: "a node chosen by name must be one number for the whole minibatch; criterionNodes may also list one that is a number per sample",
    },
  );
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

/**
 * Parameters the criterion depends on and whose learningRateMultiplier is not 0, sorted by name: case counts, as in
 * checkpoints.
 */
export function trainedParameters(criterion: ComputationNode): ComputationNode[] {
  return evaluationOrder([criterion])
    .filter((node) => (node.parameter?.learningRateMultiplier ?? 0) > 0)
    .sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
}

/** The lines that introduce the criteria: `Training criterion:   ce = CrossEntropyWithSoftmax`. */
export function criterionLines({ listed, evaluations }: TrainingCriteria): string[] {
  return [
    ...groupLines("Training criterion:  ", "Training criteria:", listed),
    ...groupLines("Evaluation criterion:", "\nEvaluation criteria:", evaluations),
  ];
}

function groupLines(singular: string, plural: string, nodes: readonly ComputationNode[]): string[] {
  const texts = nodes.map((node) => `${node.name} = ${node.operation.name}`);
  if (texts.length === 0) return [];
  if (texts.length === 1) return [`${singular} ${texts[0] ?? ""}`];
  return [plural, ...texts.map((text) => `\t${text}`)];
}

/** What CNTK says where training cannot go on. */
export function notANumber(): CntkError {
  return new CntkError("running", "The training criterion is not a number (NAN).", {
    hint: "a smaller learning rate, or clippingThresholdPerSample, may help; check the data for NaN, too",
  });
}
