/** Finds a loop that no delay breaks: a script cannot declare one, but an edit can make one, and a damaged file can have one. */

import type { ComputationNode } from "./node.js";

/** A node that needs its own value of the same sample, by way of these nodes alone, if there is one. */
export function findUndelayedLoop(nodes: readonly ComputationNode[]): ComputationNode | undefined {
  const missing = nodesThatWait(nodes);
  const first = [...missing.keys()][0];
  if (first === undefined) return undefined;
  // What is left waits for something else that is left: following that leads into a loop.
  const passed = new Set<ComputationNode>();
  for (let node = first; ;) {
    if (passed.has(node)) return node;
    passed.add(node);
    node = node.inputs.find((input) => missing.has(input)) ?? node;
  }
}

/** Takes away one node after the other whose inputs are there; the rest, with the number of inputs each waits for. */
function nodesThatWait(nodes: readonly ComputationNode[]): Map<ComputationNode, number> {
  const missing = new Map<ComputationNode, number>();
  const consumers = new Map<ComputationNode, ComputationNode[]>();
  const all = new Set(nodes);
  for (const node of nodes) {
    const isDelay = node.operation.hasDelayedInputs === true;
    const inputs = isDelay ? [] : node.inputs.filter((input) => all.has(input));
    missing.set(node, inputs.length);
    for (const input of inputs) {
      const known = consumers.get(input);
      if (known === undefined) consumers.set(input, [node]);
      else known.push(node);
    }
  }
  const ready = nodes.filter((node) => missing.get(node) === 0);
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    missing.delete(node);
    for (const consumer of consumers.get(node) ?? []) {
      const left = (missing.get(consumer) ?? 0) - 1;
      missing.set(consumer, left);
      if (left === 0) ready.push(consumer);
    }
  }
  return missing;
}
