/** Which dynamic axis a node's result has (nodes.md 3.2, 14.3). Axes are told apart by their names. */

import { CntkError } from "../../grammar/errors.js";
import type { ComputationNode } from "./node.js";

/** Makes names for the axes that operations create: `base`, `base1`, `base2`, ..., whichever no other node has. */
export function axisNames(nodes: readonly ComputationNode[]): (base: string) => string {
  const taken = new Set(nodes.map(({ dynamicAxis }) => dynamicAxis));
  return (base) => {
    let name = base;
    for (let number = 1; taken.has(name); number++) name = `${base}${number}`;
    taken.add(name);
    return name;
  };
}

/**
 * The dynamic axis of a node that is no leaf, as far as its inputs tell; undefined without one.
 * @throws CntkError "validating" in the final pass if inputs that must share an axis have different ones
 */
export function inferDynamicAxis(
  node: ComputationNode,
  isFinal: boolean,
  newName: (base: string) => string,
): string | undefined {
  const { operation, inputs, settings } = node;
  const { dynamicAxis: rule, reducesMinibatch } = operation;
  if (rule !== undefined && "created" in rule) {
    return node.dynamicAxis ?? newName(rule.created(settings));
  }
  if (isFinal && rule === undefined) expectSharedAxis(node);
  const reduces =
    typeof reducesMinibatch === "function" ? reducesMinibatch(settings) : reducesMinibatch;
  if (reduces === true) return undefined;
  if (rule !== undefined) return inputs[rule.of]?.dynamicAxis;
  return inputs.find(({ dynamicAxis }) => dynamicAxis !== undefined)?.dynamicAxis;
}

/** Two different axes do not go together. */
function expectSharedAxis(node: ComputationNode): void {
  const [first, ...others] = node.inputs.filter(({ dynamicAxis }) => dynamicAxis !== undefined);
  const other = others.find(({ dynamicAxis }) => dynamicAxis !== first?.dynamicAxis);
  if (first?.dynamicAxis === undefined || other?.dynamicAxis === undefined) return;
  throw new CntkError(
    "validating",
    `${node.operation.name}: the inputs '${first.name}' (axis ${first.dynamicAxis}) and '${other.name}' (axis ${other.dynamicAxis}) have different dynamic axes`,
    { hint: "ReconcileDynamicAxis (data, layout) gives the data the axis of the layout" },
  );
}
