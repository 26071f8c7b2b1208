/** Version-1 model file -> ComputationNetwork (model-format.md 2). CNTK: ComputationNetwork::Load. */

import { CntkError, nearestName } from "../../../grammar/errors.js";
import type { Operation } from "../../operations/operation.js";
import { checkInputCount, createNode } from "../construct-node.js";
import type { ComputationNetwork } from "../network.js";
import type { ComputationNode, Tag } from "../node.js";
import { BinaryReader, quoted } from "./binary-reader.js";
import { expectModelFile } from "./file-kind.js";
import { readGroups } from "./groups.js";
import { sizeOf, type ElementType } from "./matrix.js";
import { readBody } from "./operation-bodies.js";
import { NEWEST_VERSION, WRITTEN_VERSION } from "./settings-body.js";
import { findUndelayedLoop } from "./undelayed-loop.js";
import { completeGroups, upgrade, type LoadedNode } from "./upgrade.js";

export interface ReadModelOptions {
  /** elements of this run; the file may have others, which are converted */
  readonly precision: ElementType;
  /** operations by name and alias */
  readonly operations: ReadonlyMap<string, Operation>;
  /** takes what the user should know about an old file */
  readonly log?: ((line: string) => void) | undefined;
}

/** A file half read. */
interface Loading extends ReadModelOptions {
  readonly reader: BinaryReader;
  readonly version: number;
  /** by name in lower case */
  readonly nodes: Map<string, LoadedNode>;
}

/** Shortest node: empty operation, name and body; shortest relation: empty name and a count. */
const LEAST_NODE_BYTES = 4;

/**
 * The network of a model file. Shapes are those the file stores, which are parameters, inputs and delays; validation
 * infers the others.
 * @param fileName for messages
 * @throws CntkError "reading" with the byte offset
 */
export function readModel(
  bytes: Uint8Array,
  fileName: string,
  options: ReadModelOptions,
): ComputationNetwork {
  expectModelFile(bytes, fileName);
  const reader = new BinaryReader(bytes, fileName);
  reader.marker("BCN");
  const loading: Loading = {
    ...options,
    reader,
    version: readVersion(reader),
    nodes: new Map(),
  };
  const count = reader.count("number of nodes", LEAST_NODE_BYTES);
  readNodes(loading, count);
  readRelations(loading, count);
  const groups = readMembers(loading);
  expectDelayedLoops(loading);
  const loaded = [...loading.nodes.values()];
  const added = upgrade({ ...loading, fileName, loaded });
  return { nodes: [...loaded.map(({ node }) => node), ...added], groups };
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

function readNodes(loading: Loading, count: number): void {
  loading.reader.marker("BNodeList");
  for (let index = 0; index < count; index++) {
    const at = loading.reader.offset;
    const loaded = readNode(loading);
    addNode(loading, loaded, at);
  }
  loading.reader.marker("ENodeList");
}

function addNode({ nodes, reader }: Loading, loaded: LoadedNode, at: number): void {
  const { name } = loaded.node;
  const key = name.toLowerCase();
  const other = nodes.get(key)?.node.name;
  if (name === "") throw reader.error("expected the name of a node, found an empty name", at);
  if (other !== undefined) {
    throw reader.error(`two nodes with the same name: '${other}' and '${name}'`, at);
  }
  nodes.set(key, loaded);
}

/** Operations that CNTK 2.7 writes under a name of its own. */
const LATER_NAMES: Readonly<Record<string, string>> = { StableSigmoid: "Sigmoid" };

function readNode(loading: Loading): LoadedNode {
  const { reader, version, precision } = loading;
  const filePrecision = version >= 7 ? readPrecision(loading) : precision;
  const operationAt = reader.offset;
  const operationName = reader.wideString("operation of a node");
  const name = reader.wideString(`name of a node of type ${quoted(operationName)}`);
  const operation = loading.operations.get(LATER_NAMES[operationName] ?? operationName);
  if (operation === undefined) {
    const nearest = nearestOperation(operationName, loading);
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

function nearestOperation(name: string, { operations }: Loading): string | undefined {
  // comparing takes time proportional to the length, which in a damaged file may be that of the file
  return name.length > LONGEST_NAME ? undefined : nearestName(name, operations.keys());
}

/** Longer than the name of any operation. */
const LONGEST_NAME = 50;

function readPrecision({ reader, precision }: Loading): ElementType {
  const at = reader.offset;
  const text = reader.wideString("precision of a node");
  if (text === "") return precision;
  if (text === "float" || text === "double") return text;
  throw reader.error(`expected the precision "float" or "double", found ${quoted(text)}`, at);
}

function readRelations(loading: Loading, count: number): void {
  const { reader } = loading;
  reader.marker("BRelation");
  for (let index = 0; index < count; index++) {
    const { node } = findLoaded(loading, reader.offset, reader.wideString("name of a node"));
    const countAt = reader.offset;
    const inputs = reader.count(`number of inputs of '${node.name}'`, 2);
    node.inputs = Array.from({ length: inputs }, () => {
      const at = reader.offset;
      return findLoaded(loading, at, reader.wideString(`input of '${node.name}'`)).node;
    });
    checkInputs(loading, node, countAt);
  }
  reader.marker("ERelation");
  reader.marker("BRootNodes");
}

/** Before version 19 batch normalisation lacks the count, which `upgrade` adds. */
function checkInputs({ reader, version, nodes }: Loading, node: ComputationNode, at: number): void {
  const isCountMissing =
    nodes.get(node.name.toLowerCase())?.body.sampleCount !== undefined &&
    version < WRITTEN_VERSION &&
    node.inputs.length === 5;
  try {
    checkInputCount(node.operation, node.inputs.length + (isCountMissing ? 1 : 0));
  } catch (error) {
    if (error instanceof CntkError) throw reader.error(`node '${node.name}': ${error.message}`, at);
    throw error;
  }
}

function findLoaded({ nodes, reader }: Loading, at: number, name: string): LoadedNode {
  const loaded = nodes.get(name.toLowerCase());
  if (loaded !== undefined) return loaded;
  throw reader.error(`the file has no node named ${quoted(name)}`, at);
}

function expectDelayedLoops({ reader, nodes }: Loading): void {
  const node = findUndelayedLoop([...nodes.values()].map((loaded) => loaded.node));
  if (node === undefined) return;
  throw new CntkError(
    "reading",
    `${reader.fileName}: node ${quoted(node.name)} depends on its own value, with no PastValue or FutureValue in between`,
  );
}

const TAGS: readonly Tag[] = ["feature", "label", "criterion", "evaluation", "output"];

function readMembers(loading: Loading): Record<Tag, ComputationNode[]> {
  const { reader } = loading;
  const found = readGroups(reader);
  reader.marker("ERootNodes");
  reader.marker("ECN");
  const members = (tag: Tag) =>
    (found.get(tag) ?? []).map(({ name, offset }) => findLoaded(loading, offset, name).node);
  const groups = {
    feature: members("feature"),
    label: members("label"),
    criterion: members("criterion"),
    evaluation: members("evaluation"),
    output: members("output"),
  };
  const hasOnlyOutputs = TAGS.every((tag) => tag === "output" || groups[tag].length === 0);
  if (loading.version > WRITTEN_VERSION && hasOnlyOutputs) {
    completeGroups(
      [...loading.nodes.values()].map(({ node }) => node),
      groups,
    );
  }
  for (const tag of TAGS) for (const node of groups[tag]) node.tags.add(tag);
  return groups;
}
