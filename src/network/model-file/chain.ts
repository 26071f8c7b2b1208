/** Nodes that do in steps what a node of a file does at once. */

import type { Settings } from "../../operations/settings.js";
import { createNode } from "../construct-node.js";
import type { ComputationNode } from "../node.js";
import type { UniqueNames } from "./node-names.js";

/**
 * Puts nodes of the same operation in front of a node, one for each of these settings: the first takes over the node's
 * inputs.
 * @returns the new nodes
 */
export function chainBefore(
  node: ComputationNode,
  steps: readonly Settings[],
  names: UniqueNames,
): ComputationNode[] {
  const { operation, ranges } = node;
  return steps.map((settings, index) => {
    const name = names.take(`${node.name}.step${index + 1}`, node.name);
    const step = createNode({ name, operation, settings, inputs: node.inputs, ranges });
    node.inputs = [step];
    return step;
  });
}
