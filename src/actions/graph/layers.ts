/** Which nodes form a layer, told from their names: `z.conv1.c` and `z.conv1.res` belong to `z.conv1`. */

import type { ComputationNode } from "../../network/node.js";

/** Layer of each node; a node that stands for itself has none. */
export type Layers = ReadonlyMap<ComputationNode, string>;

/**
 * Groups nodes by the longest prefix that names a variable of the user. Parts that the naming rules and the library add
 * for what is inside an expression or a layer do not count (brainscript.md 7).
 * @param ownParameters parameters that only this node reads
 */
export function layersOf(
  nodes: readonly ComputationNode[],
  ownParameters: (node: ComputationNode) => readonly ComputationNode[],
): Layers {
  const variables = new Map(nodes.map((node) => [node, variableOf(node, ownParameters(node))]));
  const sizes = new Map<string, number>();
  for (const variable of variables.values()) {
    sizes.set(variable, (sizes.get(variable) ?? 0) + 1);
  }
  const withLayers = parentsOfLayers(sizes);
  const layers = new Map<ComputationNode, string>();
  for (const [node, variable] of variables) {
    const parent = parentOf(variable);
    const isLayer = (sizes.get(variable) ?? 0) > 1 || withLayers.has(parent);
    const layer = isLayer ? variable : parent;
    if (layer !== "") layers.set(node, layer);
  }
  return layers;
}

/** Prefixes under which a whole layer stands: there, a single node is a layer as well. */
function parentsOfLayers(sizes: ReadonlyMap<string, number>): ReadonlySet<string> {
  const parents = new Set<string>();
  for (const [variable, size] of sizes) {
    if (size > 1) parents.add(parentOf(variable));
    // what stands deeper makes this prefix a family of layers, too
    parents.add(parentOf(parentOf(variable)));
  }
  parents.delete("");
  return parents;
}

/**
 * The variable that a node is part of. The last node of a layer carries the name of the variable to which the whole
 * network was assigned; then its parameters tell the layer.
 */
function variableOf({ name }: ComputationNode, parameters: readonly ComputationNode[]): string {
  const own = variableIn(name);
  const layer = parameters
    .filter((parameter) => parameter.name.startsWith(`${name}.`))
    .map((parameter) => variableIn(parentOf(parameter.name)))[0];
  return layer ?? own;
}

/**
 * `_`, arguments of infix operators and functions, the elements of Sequential, the members of the library's layers, and
 * `x`, which nearly every layer calls its argument.
 */
const INNER_PART = /^(?:_|x|c|res|[A-Z]\w*Args\[\d+\]|arrayOfFunctions\[\d+\]|\w*[mM]atrix)$/;

function variableIn(name: string): string {
  // names made unique have underscores in front
  const parts = name.replace(/^_+(?=[^_.])/, "").split(".");
  const inner = parts.findIndex((part, index) => index > 0 && INNER_PART.test(part));
  return (inner < 0 ? parts : parts.slice(0, inner)).join(".");
}

const parentOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf(".")));
