/** The lines about network and parameters with which training begins (training.md 8.2). */

import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import { evaluationOrder } from "../network/order.js";
import { elementCount, printShape } from "../operations/shape.js";

/** `Model has 19 nodes. Using CPU.`; the line break in front is CNTK's. */
export function describeModel(network: ComputationNetwork): string {
  return `\nModel has ${network.nodes.length} nodes. Using CPU.`;
}

/** How much is trained; with traceLevel > 0 followed by one line for each parameter. */
export function describeParameters(
  criterion: ComputationNode,
  trained: readonly ComputationNode[],
  { traceLevel }: { readonly traceLevel: number },
): string[] {
  const elements = trained.reduce((sum, node) => sum + elementCount(node.shape), 0);
  const counted = `Training ${elements} parameters in ${trained.length} `;
  if (traceLevel <= 0) return [`${counted}parameter tensors.`];
  const withGradient = evaluationOrder([criterion]).filter((node) => node.needsGradient);
  const all = trained.length;
  return [
    `${counted}out of ${all} parameter tensors and ${withGradient.length} nodes with gradient:`,
    ...trained.map(
      (node) =>
        `\tNode '${node.name}' (LearnableParameter operation) : [${printShape(node.shape)}]`,
    ),
  ];
}
