/** ComputationNetwork -> version-1 model file (model-format.md 2, 6). CNTK: ComputationNetwork::Save. */

import { CntkError } from "../../../grammar/errors.js";
import { printShape } from "../../operations/shape.js";
import { sortedByName, type ComputationNetwork } from "../network.js";
import type { ComputationNode } from "../node.js";
import { BinaryWriter } from "./binary-writer.js";
import { writeGroups } from "./groups.js";
import { sizeOf, type ElementType } from "./matrix.js";
import { writeBody } from "./operation-bodies.js";
import { LATER_WRITTEN_VERSION, needsLaterVersion, WRITTEN_VERSION } from "./settings-body.js";

/**
 * The bytes of a model file: of version 19, or of a later one if a node has a setting that 19 cannot store. The network
 * must have been validated.
 * @throws CntkError "running" if a name is used twice, an input is missing or a dimension unknown
 */
export function writeModel(network: ComputationNetwork, precision: ElementType): Uint8Array {
  const nodes = sortedByName(network.nodes);
  checkNodes(nodes);
  const isLater = nodes.some(({ operation, settings }) =>
    needsLaterVersion(operation.settings, settings),
  );
  const version = isLater ? LATER_WRITTEN_VERSION : WRITTEN_VERSION;
  const writer = new BinaryWriter();
  writer.marker("BCN");
  writer.marker("BVersion");
  writer.u64(version);
  writer.marker("EVersion");
  writer.u64(nodes.length);
  writer.marker("BNodeList");
  for (const node of nodes) {
    writer.wideString(precision);
    writer.wideString(node.operation.name);
    writer.wideString(node.name);
    writeBody({ writer, version, node, elementSize: sizeOf(precision) });
  }
  writer.marker("ENodeList");
  writer.marker("BRelation");
  for (const { name, inputs } of nodes) {
    writer.wideString(name);
    writer.u64(inputs.length);
    for (const input of inputs) writer.wideString(input.name);
  }
  writer.marker("ERelation");
  writer.marker("BRootNodes");
  writeGroups(writer, network.groups);
  writer.marker("ERootNodes");
  writer.marker("ECN");
  return writer.finish();
}

/** Refuses what CNTK could not read back. */
function checkNodes(sorted: readonly ComputationNode[]): void {
  const known = new Set(sorted);
  const fail = (message: string) => new CntkError("running", `cannot save the model: ${message}`);
  for (const [index, node] of sorted.entries()) {
    const next = sorted[index + 1];
    if (node.name === "") throw fail(`a node of type ${node.operation.name} has no name`);
    if (next?.name.toLowerCase() === node.name.toLowerCase()) {
      throw fail(`two nodes are called '${node.name}' and '${next.name}'`);
    }
    const stranger = node.inputs.find((input) => !known.has(input));
    if (stranger !== undefined) {
      throw fail(`'${stranger.name}', an input of '${node.name}', is no node of the network`);
    }
    if (node.shape.includes(0)) {
      throw fail(`the shape of '${node.name}' is not known: [${printShape(node.shape)}]`);
    }
  }
}
