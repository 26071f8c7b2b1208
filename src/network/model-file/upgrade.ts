/** What networks from older and newer files need to be like those of the version this program writes (model-format.md 2.1). */

import { CntkError } from "../../../grammar/errors.js";
import type { Operation } from "../../operations/operation.js";
import { createNode } from "../construct-node.js";
import type { ComputationNode, ParameterState, Tag } from "../node.js";
import { STORES_VARIANCE, toVariance } from "./batch-normalization.js";
import type { Body } from "./body.js";
import { loadedParameter } from "./leaf-bodies.js";
import { toPrecision, type ElementType } from "./matrix.js";
import { WRITTEN_VERSION } from "./settings-body.js";

export interface LoadedNode {
  readonly node: ComputationNode;
  readonly body: Body;
}

export interface LoadedNetwork {
  readonly fileName: string;
  readonly version: number;
  readonly loaded: readonly LoadedNode[];
  readonly precision: ElementType;
  readonly operations: ReadonlyMap<string, Operation>;
  readonly log?: ((line: string) => void) | undefined;
}

/** First version whose recurrent stacks have the weights as first input. */
const WEIGHTS_FIRST = 14;

/** Inputs of BatchNormalization. */
const RUN_VARIANCE = 4;
const RUN_COUNT = 5;

/**
 * Changes the nodes of an old file to the newest form.
 * @returns nodes that had to be added
 */
export function upgrade(network: LoadedNetwork): ComputationNode[] {
  const converted = new Set<ParameterState>();
  const names = new Set(network.loaded.map(({ node }) => node.name.toLowerCase()));
  const added: ComputationNode[] = [];
  for (const { node, body } of network.loaded) {
    if (node.operation.name === "OptimizedRNNStack" && network.version < WEIGHTS_FIRST) {
      node.inputs = [...node.inputs].reverse();
    }
    if (body.sampleCount === undefined) continue;
    if (network.version < STORES_VARIANCE) {
      announceMinibatchCount(network, node, body.sampleCount);
      convertVariance(network, node, converted);
    }
    if (network.version < WRITTEN_VERSION && node.inputs.length === RUN_COUNT) {
      const runCount = createRunCount(network, names, node.name, body.sampleCount);
      node.inputs = [...node.inputs, runCount];
      added.push(runCount);
    }
  }
  return added;
}

function announceMinibatchCount(network: LoadedNetwork, node: ComputationNode, count: number) {
  network.log?.(
    `INFO: ${node.name}: version ${network.version} of the model counts minibatches; with 16 samples each they are taken as ${count} samples.`,
  );
}

/** Once per parameter: several nodes may share one. */
function convertVariance(
  network: LoadedNetwork,
  node: ComputationNode,
  converted: Set<ParameterState>,
): void {
  const parameter = node.inputs[RUN_VARIANCE]?.parameter;
  if (parameter?.value === undefined) {
    throw new CntkError(
      "reading",
      `${network.fileName}: node '${node.name}': expected a parameter as running variance, found '${node.inputs[RUN_VARIANCE]?.name ?? "nothing"}'`,
    );
  }
  if (converted.has(parameter)) return;
  converted.add(parameter);
  const { epsilon } = node.settings;
  toVariance(parameter.value, typeof epsilon === "number" ? epsilon : 0);
}

function createRunCount(
  network: LoadedNetwork,
  names: ReadonlySet<string>,
  owner: string,
  count: number,
): ComputationNode {
  const name = `${owner}.run_sample_count`;
  const operation = network.operations.get("LearnableParameter");
  if (operation === undefined || names.has(name.toLowerCase())) {
    throw new CntkError(
      "reading",
      `${network.fileName}: the sample count of '${owner}' cannot be added as '${name}': the name is taken`,
    );
  }
  const parameter = loadedParameter(toPrecision(Float64Array.of(count), network.precision), 0);
  return createNode({ name, operation, shape: [1], parameter, ranges: [] });
}

/**
 * Groups of a file of a later version, in which at most outputs are listed that other nodes use too: the inputs are
 * its features, and what no node uses is an output as well.
 */
export function completeGroups(
  nodes: readonly ComputationNode[],
  groups: Record<Tag, ComputationNode[]>,
): void {
  const used = new Set(nodes.flatMap((node) => node.inputs));
  const listed = new Set(groups.output);
  for (const node of nodes) {
    const isComputed = node.operation.leaf === undefined;
    if (node.operation.leaf === "input") groups.feature.push(node);
    if (isComputed && !used.has(node) && !listed.has(node)) groups.output.push(node);
  }
}
