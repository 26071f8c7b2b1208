/** Networks as the golden cases show them. */

import { describeDefinition, describeShape } from "../../src/network/describe.js";
import { sortedByName, type ComputationNetwork } from "../../src/network/network.js";
import type { ComputationNode } from "../../src/network/node.js";

/** Every node with its operation, inputs and shape, a parameter with its seed, if it has one; sorted by name. */
export function listNodes({ nodes }: ComputationNetwork): string {
  return sortedByName(nodes)
    .map((node) => `${describeDefinition(node)} ${describeShape(node)}${describeSeed(node)}`)
    .join("\n");
}

function describeSeed({ parameter }: ComputationNode): string {
  const initialization = parameter?.initialization;
  return initialization?.kind === "random" ? ` seed ${initialization.seed}` : "";
}
