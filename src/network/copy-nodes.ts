/** Copies of parts of a graph: what CloneFunction and Edit have in common (brainscript.md 8). */

import type { SourceRange } from "../../grammar/source.js";
import { isKnown } from "../operations/shape.js";
import type { Task } from "../script/trampoline.js";
import { attachDelayedInputs, createNode, type NodeFactory } from "./construct-node.js";
import type { ComputationNode, ParameterState } from "./node.js";

/** All nodes the given ones need, themselves included; the inputs of delays are attached on the way. */
export function* reachableNodes(
  from: readonly ComputationNode[],
  factory: NodeFactory,
  /** nodes whose inputs do not matter */
  borders: ReadonlySet<ComputationNode> = new Set(),
): Task<ComputationNode[]> {
  const found = new Set(from);
  for (const node of found) {
    if (borders.has(node)) continue;
    yield* attachDelayedInputs(node, factory);
    // The set grows while it is walked.
    for (const input of node.inputs) found.add(input);
  }
  return [...found];
}

/** The nodes that are one of `seeds` or depend on one, through any number of others and around loops. */
export function dependents(
  nodes: readonly ComputationNode[],
  seeds: ReadonlySet<ComputationNode>,
  inputsOf: (node: ComputationNode) => readonly ComputationNode[],
): ReadonlySet<ComputationNode> {
  const consumers = new Map<ComputationNode, ComputationNode[]>();
  for (const node of nodes) {
    for (const input of inputsOf(node)) {
      const known = consumers.get(input);
      if (known === undefined) consumers.set(input, [node]);
      else known.push(node);
    }
  }
  const found = new Set(nodes.filter((node) => seeds.has(node)));
  for (const node of found) for (const consumer of consumers.get(node) ?? []) found.add(consumer);
  return found;
}

export interface CopyOptions {
  readonly name: string;
  readonly ranges: readonly SourceRange[];
  /** the copy does not change in training */
  readonly isFrozen?: boolean;
  /** a delay begins with the shape that the original has, even where that was inferred */
  readonly keepsShape?: boolean;
}

/** A copy without inputs. Its shape has to be inferred again, except where the original was declared with it. */
export function copyNode(original: ComputationNode, options: CopyOptions): ComputationNode {
  const { operation, settings, parameter, shape, dynamicAxis } = original;
  const { name, ranges, isFrozen = false, keepsShape = false } = options;
  const isInferred = isKnown(original.inputs[0]?.shape ?? []);
  const isStart = operation.hasDelayedInputs === true && (keepsShape || !isInferred);
  const hasOwnShape = operation.leaf !== undefined || isStart;
  return createNode({
    name,
    ranges,
    operation,
    settings: isFrozen ? (operation.frozen?.(settings) ?? settings) : settings,
    shape: hasOwnShape ? shape : [],
    ...(operation.leaf === "input" && dynamicAxis !== undefined ? { dynamicAxis } : {}),
    ...(parameter === undefined ? {} : { parameter: copyParameter(parameter, isFrozen) }),
  });
}

function copyParameter(parameter: ParameterState, isFrozen: boolean): ParameterState {
  return {
    learningRateMultiplier: isFrozen ? 0 : parameter.learningRateMultiplier,
    initialization: parameter.initialization,
    value: parameter.value?.slice(),
    gradient: undefined,
  };
}
