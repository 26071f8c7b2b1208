/** Loading a model file in a test, and finding what is in it. */

import { readModel } from "../../../src/network/model-file/read-model.js";
import { findNode, type ComputationNetwork } from "../../../src/network/network.js";
import type { ComputationNode } from "../../../src/network/node.js";
import { operations } from "../../../src/operations/index.js";
import type { NodeBytes } from "./model-bytes.js";

export const load = (bytes: Uint8Array, precision: "float" | "double" = "float") =>
  readModel(bytes, "model", { precision, operations });

export function nodeOf(network: ComputationNetwork, name: string): ComputationNode {
  const node = findNode(network, name);
  if (node === undefined) throw new Error(`no node '${name}'`);
  return node;
}

/** Nodes in the order in which they are written. */
export const sorted = (nodes: readonly NodeBytes[]): NodeBytes[] =>
  [...nodes].sort((one, other) => (one.name < other.name ? -1 : 1));
