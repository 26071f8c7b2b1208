/** Nodes as the log shows them (training.md 8.1b). */

import { printShape } from "../operations/shape.js";
import type { ComputationNode } from "./node.js";

/** `[28 x 28 x 1 x *]`: the sample shape, and the dynamic axis where there is one. */
export function describeShape({ shape, dynamicAxis }: ComputationNode): string {
  if (shape.length === 0) return "[0]";
  return `[${printShape(shape)}${dynamicAxis === undefined ? "" : ` x ${dynamicAxis}`}]`;
}

/** `name = Operation (inputs)`; leaves have empty parentheses. */
export function describeDefinition(node: ComputationNode): string {
  const inputs = node.inputs.map(({ name }) => name).join(", ");
  return `${node.name} = ${node.operation.name}${inputs === "" ? "()" : ` (${inputs})`}`;
}

/** The line that validation prints for a node. */
export function describeValidation(node: ComputationNode): string {
  const inputs = node.inputs.map(describeShape).join(", ");
  return `Validating --> ${describeDefinition(node)} : ${inputs} -> ${describeShape(node)}`;
}
