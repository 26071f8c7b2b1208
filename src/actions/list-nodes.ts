/** `tscntk nodes MODEL`: the nodes of a network as a table. */

import { describeShape } from "../network/describe.js";
import { sortedByName, type ComputationNetwork } from "../network/network.js";
import type { ComputationNode, Tag } from "../network/node.js";

/** Groups in the order in which a node lists them. */
const TAGS: readonly Tag[] = ["feature", "label", "criterion", "evaluation", "output"];

/**
 * One line for every node: name, operation, inputs, shape, and the groups it belongs to; sorted by name. Shapes are those
 * the nodes have, so the network should have been validated.
 */
export function listNodes(network: ComputationNetwork): string {
  const rows = sortedByName(network.nodes).map((node) => [
    node.name,
    node.operation.name,
    node.inputs.length === 0 ? "-" : node.inputs.map(({ name }) => name).join(", "),
    describeShape(node),
    describeRole(node, network),
  ]);
  return aligned([["name", "operation", "inputs", "shape", ""], ...rows]);
}

/** Groups of a node; whether a parameter is a constant. */
function describeRole(node: ComputationNode, { groups }: ComputationNetwork): string {
  const isConstant = node.parameter?.learningRateMultiplier === 0;
  const tags = TAGS.filter((tag) => groups[tag].includes(node));
  return [...(isConstant ? ["constant"] : []), ...tags].join(", ");
}

/** Columns as wide as their longest entry, two blanks apart, without blanks at the ends of lines. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}
