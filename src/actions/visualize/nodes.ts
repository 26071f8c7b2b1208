/** Which nodes of a model `tscntk visualize` shows: given by name, or known from the auto-encoders of the tutorial. */

import { CntkError, nearestName } from "../../../grammar/errors.js";
import { findNode, type ComputationNetwork } from "../../network/network.js";
import type { ComputationNode } from "../../network/node.js";

/** The three nodes that are drawn. */
export interface ShownNodes {
  readonly input: ComputationNode;
  readonly encoding: ComputationNode;
  readonly output: ComputationNode;
}

type Part = keyof ShownNodes;

const PARTS: readonly Part[] = ["input", "encoding", "output"];

/** Names by part, tried in this order. */
const USUAL_NAMES: Readonly<Record<Part, readonly string[]>> = {
  input: ["f2", "f1", "features"],
  encoding: ["z.pool1", "z.pool_B"],
  output: ["z"],
};

/**
 * The nodes to show.
 * @param names of input, encoding and output; undefined or empty takes the usual ones
 * @throws CntkError "running" if the model lacks one
 */
export function chooseNodes(
  network: ComputationNetwork,
  names: readonly string[] | undefined,
): ShownNodes {
  if (names === undefined || names.length === 0) {
    return {
      input: usualNode(network, "input"),
      encoding: usualNode(network, "encoding"),
      output: usualNode(network, "output"),
    };
  }
  const [input, encoding, output, ...rest] = names;
  if (input === undefined || encoding === undefined || output === undefined || rest.length > 0) {
    throw new CntkError(
      "running",
      `nodes: expected the names of ${PARTS.length} nodes, found ${names.length}: ${names.join(", ")}`,
      { hint: `give the ${PARTS.join(", the ")}, for example f2 z.pool1 z` },
    );
  }
  return {
    input: namedNode(network, input),
    encoding: namedNode(network, encoding),
    output: namedNode(network, output),
  };
}

function usualNode(network: ComputationNetwork, part: Part): ComputationNode {
  const usual = USUAL_NAMES[part];
  for (const name of usual) {
    const node = findNode(network, name);
    if (node !== undefined) return node;
  }
  throw new CntkError("running", `the model has no node ${usual.join(" or ")} for the ${part}`, {
    hint: `name the ${PARTS.join(", the ")} with --nodes; 'tscntk nodes MODEL' lists all nodes`,
  });
}

function namedNode(network: ComputationNetwork, name: string): ComputationNode {
  const node = findNode(network, name);
  if (node !== undefined) return node;
  const nearest = nearestName(
    name,
    network.nodes.map((known) => known.name),
  );
  throw new CntkError("running", `the model has no node '${name}'`, {
    hint:
      nearest === undefined ? "'tscntk nodes MODEL' lists all nodes" : `did you mean '${nearest}'?`,
  });
}

/** The inputs that a reader must supply to compute the nodes. */
export function inputsOf(nodes: readonly ComputationNode[]): ComputationNode[] {
  const visited = new Set<ComputationNode>();
  const pending = [...nodes];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (visited.has(node)) continue;
    visited.add(node);
    pending.push(...node.inputs);
  }
  return [...visited].filter((node) => node.operation.leaf === "input");
}
