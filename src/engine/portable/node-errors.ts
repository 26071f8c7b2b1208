/** Errors of operations, with the node they happened in. */

import { CntkError, reasonOf } from "../../../grammar/errors.js";
import type { ComputationNode } from "../../network/node.js";

/** Adds the node's places to a user's mistake, and its name to a bug of ours. */
export function locatedAt(node: ComputationNode, error: unknown): Error {
  if (error instanceof CntkError) {
    return node.ranges.reduce((located, range) => located.at(range), error);
  }
  const message = reasonOf(error);
  return new Error(`${node.operation.name} '${node.name}': ${message}`, { cause: error });
}
