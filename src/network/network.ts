/** ComputationNetwork: the graph of named nodes; it holds no minibatch data. */

import { CntkError, nearestName } from "../../grammar/errors.js";
import type { ComputationNode, Tag } from "./node.js";

export interface ComputationNetwork {
  /** every node, in the order in which they joined the network */
  readonly nodes: readonly ComputationNode[];
  /** members of the groups, in order */
  readonly groups: Readonly<Record<Tag, readonly ComputationNode[]>>;
}

/** The node of that name, compared without case (brainscript.md 7.4). */
export function findNode(network: ComputationNetwork, name: string): ComputationNode | undefined {
  const wanted = name.toLowerCase();
  return network.nodes.find((node) => node.name.toLowerCase() === wanted);
}

/** The node of that name. @throws CntkError "running" if there is none */
export function expectNode(network: ComputationNetwork, name: string): ComputationNode {
  const node = findNode(network, name);
  if (node !== undefined) return node;
  const names = network.nodes.map((known) => known.name);
  const near = nearestName(name, names);
  throw new CntkError("running", `the network has no node named '${name}'`, {
    hint: near === undefined ? undefined : `did you mean '${near}'?`,
  });
}

/** Nodes sorted by name without case, as listings and model files have them. */
export function sortedByName(nodes: readonly ComputationNode[]): ComputationNode[] {
  const key = (node: ComputationNode) => node.name.toLowerCase();
  return [...nodes].sort((one, other) =>
    key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0,
  );
}
