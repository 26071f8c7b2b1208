/** What a drawing of a network consists of: boxes with their texts, the layers around them, and arrows. */

import { describeShape } from "../../network/describe.js";
import { sortedByName, type ComputationNetwork } from "../../network/network.js";
import type { ComputationNode, Tag } from "../../network/node.js";
import { evaluationOrder } from "../../network/order.js";
import { networkRoots } from "../../network/validate.js";
import { elementCount, isKnown, printShape } from "../../operations/shape.js";
import { layersOf } from "./layers.js";

/** How a box looks. A node with several roles takes the first of these. */
export type Look =
  "criterion" | "evaluation" | "output" | "label" | "feature" | "plain" | "parameter";

export interface Box {
  /** full name of the node */
  readonly name: string;
  readonly look: Look;
  readonly operation: string;
  /** the name without the layer's */
  readonly shortName: string;
  /** groups of the network, and what matters of the settings */
  readonly details: readonly string[];
  /** parameters that only this node reads */
  readonly parameters: readonly { readonly name: string; readonly text: string }[];
  readonly layer: string | undefined;
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** shape of what flows */
  readonly text: string;
  /** values of one sample, as a share of the largest in the network */
  readonly share: number;
  /** goes into a delay: the value of another step */
  readonly isDelayed: boolean;
}

export interface Drawing {
  readonly boxes: readonly Box[];
  /** layers in the order of their first box */
  readonly layers: readonly string[];
  readonly arrows: readonly Arrow[];
  /** nodes and trainable parameters in words */
  readonly summary: string;
}

const ROLES: readonly Tag[] = ["criterion", "evaluation", "output", "label", "feature"];

/** @param network validated, so that all shapes are known */
export function drawingOf(network: ComputationNetwork): Drawing {
  // the order decides between equally good layouts: that of computing draws what comes first at the top
  const reachable = evaluationOrder(networkRoots(network));
  const nodes = [...new Set([...reachable, ...sortedByName(network.nodes)])].filter(isShown);
  const own = ownParameters(nodes, network);
  const owned = new Set([...own.values()].flat());
  const shown = nodes.filter((node) => !owned.has(node));
  const parametersOf = (node: ComputationNode) => own.get(node) ?? [];
  const layers = layersOf(shown, parametersOf);
  return {
    boxes: shown.map((node) =>
      boxOf(node, parametersOf(node), { network, layer: layers.get(node) }),
    ),
    layers: [...new Set(shown.flatMap((node) => layers.get(node) ?? []))],
    arrows: arrowsBetween(shown, owned),
    summary: summaryOf(nodes),
  };
}

/** A dynamic axis has no value. */
const isShown = ({ operation }: ComputationNode) => operation.leaf !== "dynamicAxis";

/** Parameters that a single node reads, and that nobody asks for by name, are drawn in its box. */
function ownParameters(
  nodes: readonly ComputationNode[],
  { groups }: ComputationNetwork,
): ReadonlyMap<ComputationNode, readonly ComputationNode[]> {
  const consumers = new Map<ComputationNode, Set<ComputationNode>>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const known = consumers.get(input);
      if (known === undefined) consumers.set(input, new Set([node]));
      else known.add(node);
    }
  }
  const grouped = new Set(ROLES.flatMap((role) => groups[role]));
  const isOwn = (input: ComputationNode) =>
    input.operation.leaf === "parameter" && consumers.get(input)?.size === 1 && !grouped.has(input);
  return new Map(nodes.map((node) => [node, [...new Set(node.inputs)].filter(isOwn)]));
}

interface Surroundings {
  readonly network: ComputationNetwork;
  readonly layer: string | undefined;
}

function boxOf(
  node: ComputationNode,
  parameters: readonly ComputationNode[],
  { network, layer }: Surroundings,
): Box {
  const roles = ROLES.filter((role) => network.groups[role].includes(node));
  const isParameter = node.operation.leaf === "parameter";
  return {
    name: node.name,
    look: roles[0] ?? (isParameter ? "parameter" : "plain"),
    operation: node.operation.name,
    shortName: within(node.name, layer),
    details: [...windowDetails(node), ...(roles.length > 0 ? [roles.join(", ")] : [])],
    parameters: parameters.map((parameter) => ({
      name: parameter.name,
      text: `${lastPart(parameter.name)} ${describeShape(parameter)}`,
    })),
    layer,
  };
}

const within = (name: string, layer: string | undefined) =>
  layer !== undefined && name.startsWith(`${layer}.`) ? name.slice(layer.length + 1) : name;

const lastPart = (name: string) => name.slice(name.lastIndexOf(".") + 1);

/** Of convolution and pooling: the size of the windows and how far apart they are. */
function windowDetails({ settings, operation }: ComputationNode): string[] {
  const details: string[] = [];
  const canBeTransposed = operation.settings.transpose?.fileOnly !== true;
  if (settings.transpose === true && canBeTransposed && isSizes(settings.kernelShape))
    details.push("transposed");
  const { kernelShape, strideShape } = settings;
  if (isSizes(kernelShape)) details.push(`windows ${printShape(kernelShape)}`);
  if (isSizes(strideShape) && strideShape.some((stride) => stride !== 1))
    details.push(`stride ${printShape(strideShape)}`);
  return details;
}

const isSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length > 0 && value.every((size) => typeof size === "number");

/** One arrow from each input, however often the node reads it. */
function arrowsBetween(
  shown: readonly ComputationNode[],
  hidden: ReadonlySet<ComputationNode>,
): Arrow[] {
  const sizeOf = ({ shape }: ComputationNode) => (isKnown(shape) ? elementCount(shape) : 1);
  const largest = shown.reduce((most, node) => Math.max(most, sizeOf(node)), 1);
  return shown.flatMap((node) =>
    [...new Set(node.inputs)]
      .filter((input) => isShown(input) && !hidden.has(input))
      .map((input) => {
        const times = node.inputs.filter((other) => other === input).length;
        return {
          from: input.name,
          to: node.name,
          text: describeShape(input) + (times > 1 ? ` (${times} times)` : ""),
          share: sizeOf(input) / largest,
          isDelayed: node.operation.hasDelayedInputs === true,
        };
      }),
  );
}

function summaryOf(nodes: readonly ComputationNode[]): string {
  const trained = nodes.filter(({ parameter }) => (parameter?.learningRateMultiplier ?? 0) > 0);
  const count = trained.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const parameters = String(count).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${nodes.length} nodes; ${parameters} parameters in ${trained.length} tensors`;
}
