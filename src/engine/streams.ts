/** Which stream of a reader feeds an input of the network. */

import { CntkError, nearestName } from "../../grammar/errors.js";
import type { ComputationNode } from "../network/node.js";
import { elementCount, printShape } from "../operations/shape.js";

/**
 * The stream that has the input's name.
 * @throws CntkError "running" if there is no such stream, or its samples have another size
 */
export function streamOf<Stream extends { readonly dimension: number }>(
  node: ComputationNode,
  streams: ReadonlyMap<string, Stream>,
): Stream {
  const stream = streams.get(node.name);
  if (stream === undefined) throw missingStream(node, [...streams.keys()]);
  const elements = elementCount(node.shape);
  if (stream.dimension === elements) return stream;
  throw new CntkError(
    "running",
    `input '${node.name}': expected ${elements} values per sample for [${printShape(node.shape)}], found ${stream.dimension} in the reader's stream`,
    { ranges: node.ranges },
  );
}

function missingStream({ name, ranges }: ComputationNode, available: readonly string[]): CntkError {
  const nearest = nearestName(name, available);
  return new CntkError(
    "running",
    `input '${name}': the reader has no stream of that name; its streams: ${available.join(", ") || "none"}`,
    {
      hint:
        nearest === undefined
          ? `add it to the reader's input, such as ${name} = { dim = ... ; format = "dense" }`
          : `did you mean '${nearest}'?`,
      ranges,
    },
  );
}
