/** Model file -> ComputationNetwork (model-format.md 2). CNTK: ComputationNetwork::Load. */

import { CntkError } from "../../../grammar/errors.js";
import { checkInputCount } from "../construct-node.js";
import type { ComputationNetwork } from "../network.js";
import type { ComputationNode, Tag } from "../node.js";
import { findUndelayedLoop } from "../undelayed-loop.js";
import { quoted } from "./binary-reader.js";
import { chainBefore } from "./chain.js";
import { importNetwork } from "./dictionary/import-network.js";
import { fileKind } from "./file-kind.js";
import { readGroups } from "./groups.js";
import { restoreGivenNames, UniqueNames } from "./node-names.js";
import { openModel, readNodes, type OpenModel } from "./read-nodes.js";
import type { ReadModelOptions } from "./read-options.js";
import { WRITTEN_VERSION } from "./settings-body.js";
import { completeGroups, upgrade, type LoadedNode } from "./upgrade.js";

/** A file half read. */
interface Loading extends OpenModel {
  /** by name in lower case */
  readonly nodes: Map<string, LoadedNode>;
}

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
  if (fileKind(bytes) === "dictionary") return importNetwork(bytes, fileName, options);
  const loading: Loading = { ...openModel(bytes, fileName, options), nodes: new Map() };
  readNodes(loading, (loaded, at) => {
    addNode(loading, loaded, at);
  });
  readRelations(loading);
  const groups = readMembers(loading);
  expectDelayedLoops(loading);
  const loaded = [...loading.nodes.values()];
  const added = upgrade({ ...loading, fileName, loaded });
  const names = new UniqueNames(loaded.map(({ node }) => node.name));
  const steps = loaded.flatMap(({ node, body }) => chainBefore(node, body.before ?? [], names));
  const nodes = [...loaded.map(({ node }) => node), ...steps, ...added];
  restoreGivenNames(nodes);
  return { nodes, groups };
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

function readRelations(loading: Loading): void {
  const { reader, count } = loading;
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
