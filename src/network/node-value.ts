/** Nodes and networks as values of BrainScript (brainscript.md 4.9). */

import { CntkError } from "../../grammar/errors.js";
import { wrongKind } from "../script/expect.js";
import { Thunk } from "../script/thunk.js";
import { numberValue, stringValue, type ObjectValue, type Value } from "../script/value.js";
import { elementCount, isKnown } from "../operations/shape.js";
import { findNode, sortedByName, type ComputationNetwork } from "./network.js";
import type { ComputationNode } from "./node.js";

/** Every node ever wrapped here, so that a value can be recognised as a node without a cast. */
const nodes = new WeakSet<object>();

/** A node as a value. Values of the same node are the same object to BrainScript. */
export function nodeValue(node: ComputationNode): ObjectValue {
  nodes.add(node);
  return {
    kind: "object",
    className: "ComputationNode",
    object: node,
    isNode: true,
    member: (name) => nodeMember(node, name),
    memberNames: () => ["name", "operation", "dim", "inputs", `${node.operation.name}Args`],
  };
}

const isNodeObject = (object: object): object is ComputationNode => nodes.has(object);

/** The node behind a value, or undefined. */
export function nodeOf(value: Value): ComputationNode | undefined {
  return value.kind === "object" && isNodeObject(value.object) ? value.object : undefined;
}

/** The node behind a value. @throws CntkError "evaluating" that says `what` is no node */
export function expectNodeValue(value: Value, what: string): ComputationNode {
  const node = nodeOf(value);
  if (node === undefined) throw wrongKind(what, "a node", value);
  return node;
}

function nodeMember(node: ComputationNode, name: string): Value | undefined {
  switch (name) {
    case "name":
      return stringValue(node.name);
    case "operation":
      return stringValue(node.operation.name);
    case "dim":
      return numberValue(dimensionOf(node));
    case "inputs":
    case `${node.operation.name}Args`:
      return {
        kind: "array",
        first: 0,
        elements: node.inputs.map((input) => Thunk.of(nodeValue(input))),
      };
    default:
      return undefined;
  }
}

function dimensionOf(node: ComputationNode): number {
  if (isKnown(node.shape)) return elementCount(node.shape);
  throw new CntkError("evaluating", `'.dim' of node '${node.name}' is not known yet`, {
    hint: "dimensions are inferred after the network is built; inputs and parameters with given dimensions have them at once",
  });
}

const networks = new WeakMap<object, ComputationNetwork>();

/** A network as a value: its members are its nodes. */
export function networkValue(network: ComputationNetwork): ObjectValue {
  networks.set(network, network);
  return {
    kind: "object",
    className: "ComputationNetwork",
    object: network,
    isNode: false,
    member: (name) => networkMember(network, name),
    memberNames: () => network.nodes.map(({ name }) => name.replaceAll(".", "_")),
  };
}

/** The network behind a value, or undefined. */
export function networkOf(value: Value): ComputationNetwork | undefined {
  return value.kind === "object" ? networks.get(value.object) : undefined;
}

/** A dot cannot be part of an identifier, so `net.z_conv1` also finds the node `z.conv1`. */
function networkMember(network: ComputationNetwork, name: string): Value | undefined {
  const node =
    findNode(network, name) ??
    sortedByName(network.nodes).find((candidate) => candidate.name.replaceAll(".", "_") === name);
  return node === undefined ? undefined : nodeValue(node);
}
