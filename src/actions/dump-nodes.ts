/** Action `dumpNodes`: the nodes of a model as text (actions.md 9). CNTK: ComputationNode::DumpNodeInfo. */

import { reasonOf } from "../../grammar/errors.js";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { columnsOf, rowsOf } from "../network/model-file/leaf-bodies.js";
import type { ElementType } from "../network/model-file/matrix.js";
import { findNode, sortedByName, type ComputationNetwork } from "../network/network.js";
import type { ComputationNode, FloatArray } from "../network/node.js";
import { staticContext } from "../network/validate.js";
import { elementCount, printShape } from "../operations/shape.js";
import { writeFileAtomically } from "../train/checkpoint.js";
import { printf } from "../script/printf.js";
import { networkFromFile } from "./network-source.js";

export interface DumpOptions {
  /** nodes in the order in which they are written; default: all, sorted by name */
  readonly nodes?: readonly ComputationNode[];
  readonly printValues: boolean;
  readonly printMetadata: boolean;
  /** decides how many digits a value has */
  readonly precision: ElementType;
}

/** Name that stands for all nodes. */
const ALL_NODES = "__AllNodes__";

/** The keys of the section. @throws CntkError "configuring" */
export function dumpSettings(section: Section) {
  const modelPath = section.string("modelPath");
  const nodeName = section.string("nodeName", ALL_NODES);
  const settings = {
    modelPath,
    nodeName,
    pattern: section.string("nodeNameRegex", ""),
    outputFile: section.string("outputFile", `${modelPath}.${nodeName}.txt`),
    printValues: section.bool("printValues", true),
    printMetadata: section.bool("printMetadata", true),
  };
  if (settings.pattern !== "") fullMatch(settings.pattern, section);
  if (settings.printValues || settings.printMetadata) return settings;
  throw section.error(
    "printValues",
    "printMetadata and printValues are both false: there is nothing to write",
  );
}

/** `dumpNodes` with the keys of its section. */
export async function dumpNodesAction(section: Section, run: Run): Promise<void> {
  const { modelPath, nodeName, pattern, outputFile, ...parts } = dumpSettings(section);
  const network = networkFromFile(modelPath, section, run);
  const nodes =
    pattern === ""
      ? nodesByName(network, nodeName, run)
      : nodesByPattern(network, pattern, section, run);
  if (pattern !== "") {
    const what = parts.printValues ? "with" : "without";
    run.log(`DumpNodeInfo: dumping node info (${what} printing values) to ${outputFile}`);
  }
  const text = dumpNodes(network, { nodes, ...parts, precision: run.precision });
  writeFileAtomically(outputFile, Buffer.from(text));
  return Promise.resolve();
}

function nodesByName(network: ComputationNetwork, name: string, run: Run) {
  const node = findNode(network, name);
  if (node !== undefined) return [node];
  run.log(`Warning: node name '${name}' does not exist in the network. dumping all nodes instead.`);
  return sortedByName(network.nodes);
}

function nodesByPattern(
  network: ComputationNetwork,
  pattern: string,
  section: Section,
  run: Run,
): ComputationNode[] {
  const expression = fullMatch(pattern, section);
  const nodes = sortedByName(network.nodes).filter(({ name }) => expression.test(name));
  run.log(`DumpNodeInfo: ${nodes.length} nodes matching RegEx(${pattern}): `);
  for (const { name } of nodes) run.log(`\t${name}`);
  return nodes;
}

function fullMatch(pattern: string, section: Section): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (error) {
    const reason = reasonOf(error);
    throw section.error("nodeNameRegex", `nodeNameRegex: ${reason}`);
  }
}

/** The text that `dumpNodes` writes. Every item in it is preceded by one blank, line ends included. */
export function dumpNodes(network: ComputationNetwork, options: DumpOptions): string {
  const nodes = options.nodes ?? sortedByName(network.nodes);
  return nodes
    .flatMap((node) => [
      ...(options.printMetadata ? metadata(node) : []),
      ...geometry(node),
      ...(options.printValues ? values(node, options) : []),
    ])
    .map((item) => ` ${item}`)
    .join("");
}

function metadata(node: ComputationNode): readonly string[] {
  return [`\n${node.name}=${node.operation.name}`, ...inputItems(node), ...leafItems(node)];
}

function inputItems({ inputs }: ComputationNode): readonly string[] {
  if (inputs.length === 0) return [];
  const names = inputs.flatMap(({ name }, index) => (index === 0 ? [name] : [",", name]));
  return ["(", ...names, ")"];
}

function leafItems({ operation, parameter, shape }: ComputationNode): readonly string[] {
  if (operation.leaf === "input") return ["[", printShape(shape), "]"];
  if (operation.leaf === "parameter") {
    const multiplier = parameter?.learningRateMultiplier ?? 0;
    return [
      `[${rowsOf(shape)},${columnsOf(shape)}]  `,
      printf("learningRateMultiplier=%f", multiplier) + `  NeedsGradient=${multiplier > 0}`,
    ];
  }
  // Mean and InvStdDev: computed once, before training.
  if (parameter === undefined) return [];
  return [`[${printShape(shape)}]  `, `HasComputed=${parameter.value !== undefined}`];
}

/** Convolution and pooling: the line of the network log, and the kind of pooling as its number. */
function geometry(node: ComputationNode): readonly string[] {
  const pool = node.operation.settings.pool;
  if (pool === undefined) return [];
  const line = node.operation.describe?.(staticContext(node), node.name);
  const described = /geometry: (.*?)\.?\s*$/s.exec(line ?? "")?.[1];
  const kind = pool.choices?.findIndex((choice) => choice === node.settings.pool) ?? 0;
  return [
    ...(described === undefined ? [] : ["Geometry: ", described, "\n"]),
    "PoolKind: ",
    `${Math.max(kind, 0)}`,
    "\n",
  ];
}

function values(node: ComputationNode, { printMetadata, precision }: DumpOptions): string[] {
  const elements = node.parameter?.value;
  if (elements === undefined) return [];
  const items = valueItems(elements, node, precision === "float" ? "%.9g" : "%.17g");
  return printMetadata ? ["\n", ...items, "#".repeat(68)] : items;
}

/** One line for each row of the parameter in matrix form. */
function valueItems(elements: FloatArray, { shape }: ComputationNode, format: string): string[] {
  const rows = rowsOf(shape);
  const items: string[] = [];
  for (let row = 0; row < rows; row++) {
    for (let index = row; index < elementCount(shape); index += rows) {
      items.push(printf(format, elements[index] ?? 0));
    }
    items.push("\n");
  }
  return items;
}
