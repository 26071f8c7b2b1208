/** The first half of a version-1 model file: its header, and the nodes with their bodies (model-format.md 2). */

import { nearestName } from "../../../grammar/errors.js";
import { createNode } from "../construct-node.js";
import { BinaryReader, quoted } from "./binary-reader.js";
import { expectModelFile } from "./file-kind.js";
import { sizeOf, type ElementType } from "./matrix.js";
import { readBody } from "./operation-bodies.js";
import type { ReadModelOptions } from "./read-options.js";
import { NEWEST_VERSION } from "./settings-body.js";
import type { LoadedNode } from "./upgrade.js";

/** A file about to be read. */
export interface OpenModel extends ReadModelOptions {
  readonly reader: BinaryReader;
  readonly version: number;
  /** of nodes */
  readonly count: number;
}

/** Shortest node: empty operation, name and body; shortest relation: empty name and a count. */
const LEAST_NODE_BYTES = 4;

/** What stands in front of the list of nodes. */
export function openModel(
  bytes: Uint8Array,
  fileName: string,
  options: ReadModelOptions,
): OpenModel {
  expectModelFile(bytes, fileName);
  const reader = new BinaryReader(bytes, fileName);
  reader.marker("BCN");
  const version = readVersion(reader);
  const count = reader.count("number of nodes", LEAST_NODE_BYTES);
  return { ...options, reader, version, count };
}

/** The version in the header; 1 has none. */
export function readVersion(reader: BinaryReader): number {
  if (!reader.tryMarker("BVersion")) return 1;
  const at = reader.offset;
  const version = Number(reader.u64Bits("version"));
  if (version > NEWEST_VERSION) {
    throw reader.error(
      `the model has version ${version}, which is newer than this program reads (${NEWEST_VERSION})`,
      at,
    );
  }
  reader.marker("EVersion");
  return version;
}

/**
 * Reads the list of nodes.
 * @param onNode takes each of them, without inputs, and its offset
 */
export function readNodes(
  model: OpenModel,
  onNode: (loaded: LoadedNode, at: number) => void,
): void {
  const { reader, count } = model;
  reader.marker("BNodeList");
  for (let index = 0; index < count; index++) {
    const at = reader.offset;
    onNode(readNode(model), at);
  }
  reader.marker("ENodeList");
}

/** Operations that CNTK 2.7 writes under a name of its own. */
const LATER_NAMES: Readonly<Record<string, string>> = { StableSigmoid: "Sigmoid" };

function readNode(model: OpenModel): LoadedNode {
  const { reader, version, precision } = model;
  const filePrecision = version >= 7 ? readPrecision(model) : precision;
  const operationAt = reader.offset;
  const operationName = reader.wideString("operation of a node");
  const name = reader.wideString(`name of a node of type ${quoted(operationName)}`);
  const operation = model.operations.get(LATER_NAMES[operationName] ?? operationName);
  if (operation === undefined) {
    const nearest = nearestOperation(operationName, model);
    const hint = nearest === undefined ? undefined : `the nearest known one is '${nearest}'`;
    throw reader.error(
      `node ${quoted(name)} has the unknown operation ${quoted(operationName)}`,
      operationAt,
      hint,
    );
  }
  const elementSize = sizeOf(filePrecision);
  const body = readBody({ reader, version, operation, nodeName: name, elementSize, precision });
  return { node: createNode({ name, operation, ...body, ranges: [] }), body };
}

function nearestOperation(name: string, { operations }: OpenModel): string | undefined {
  // comparing takes time proportional to the length, which in a damaged file may be that of the file
  return name.length > LONGEST_NAME ? undefined : nearestName(name, operations.keys());
}

/** Longer than the name of any operation. */
const LONGEST_NAME = 50;

function readPrecision({ reader, precision }: OpenModel): ElementType {
  const at = reader.offset;
  const text = reader.wideString("precision of a node");
  if (text === "") return precision;
  if (text === "float" || text === "double") return text;
  throw reader.error(`expected the precision "float" or "double", found ${quoted(text)}`, at);
}
