/** A network in the language of Graphviz (actions.md 10). CNTK: ComputationNetwork::DescribeNetworkUsingDot. */

import { sortedByName, type ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import { printShape } from "../operations/shape.js";

type Nodes = readonly ComputationNode[];

/** Delays, whose arcs are cut so that the drawing has no cycles: operation -> colour. */
const DELAY_COLORS: Readonly<Record<string, string>> = {
  PastValue: "lightgray",
  FutureValue: "red",
};

/** The text of a DOT file. Every item in it is preceded by one blank, line ends included. */
export function dotText(network: ComputationNetwork): string {
  const nodes = sortedByName(network.nodes);
  const { feature, criterion, output, evaluation } = network.groups;
  const items = [
    "strict digraph {\n",
    "rankdir = BT ;  \n",
    "// special nodes \n",
    ...specialNodes(nodes, network),
    "node [ shape = ellipse, color = blue, fillcolor = white, style = solid ]; ",
    "\n",
    "\n// add labels and operation name\n",
    ...nodes.map((node) => ` ${quoted(node.name)} [ label = "${label(node)}" ] ;\n`),
    ...rank("source", feature),
    ...rank("sink", [...criterion, ...output, ...evaluation]),
    ...arcs(network).map(arcLine),
    "\n}\n",
  ];
  return items.map((item) => ` ${item}`).join("");
}

/** One item for each group, empty for an empty group. */
function specialNodes(nodes: Nodes, { groups }: ComputationNetwork): string[] {
  const ofType = (name: string) => nodes.filter(({ operation }) => operation.name === name);
  const parameters = nodes.filter(({ operation }) => operation.leaf === "parameter");
  const preComputed = nodes.filter(
    ({ operation, parameter }) => parameter !== undefined && operation.leaf === undefined,
  );
  const styles: readonly (readonly [string, Nodes])[] = [
    [`node [ shape = box     , color = gray , style = "filled, rounded"  ]; `, parameters],
    ["node [ shape = ellipse , color = red  , fillcolor = white ]; ", groups.feature],
    ["node [ shape = diamond, color = brown, style = bold ] ;  ", groups.label],
    ["node [ shape = doublecircle , color =  red , fillcolor = white  ]; ", groups.criterion],
    [
      `node [ shape = box    , color = black, style = "dashed, filled",  fillcolor= limegreen ] ;`,
      preComputed,
    ],
    ...Object.entries(DELAY_COLORS).map(([type, color]): readonly [string, Nodes] => [
      `node [ shape = box3d  , color = ${color}, style = "filled" , fillcolor = white ] `,
      ofType(type),
    ]),
  ];
  return styles.map(([style, group]) => (group.length === 0 ? "" : `${style}${names(group)}; \n`));
}

const names = (nodes: Nodes) => nodes.map(({ name }) => `${quoted(name)} `).join("");

/** Names from model files may hold anything. */
const escaped = (text: string) => text.replace(/["\\]/g, "\\$&").replace(/[\r\n]+/g, " ");
const quoted = (name: string) => `"${escaped(name)}"`;

function label({ name, operation, shape, dynamicAxis }: ComputationNode): string {
  const columns = dynamicAxis === undefined ? "" : " x *";
  return `${escaped(name)} [${printShape(shape)}${columns}]\\n${operation.name}`;
}

function rank(place: "source" | "sink", nodes: Nodes): string[] {
  return ["subgraph {\n", `\t\t rank=${place} ; `, names(nodes), "\n}\n"];
}

interface Arc {
  readonly input: ComputationNode;
  readonly node: ComputationNode;
}

/** Depth-first from the groups, each arc once; of a node's inputs the last one is explored first. */
function arcs({ groups }: ComputationNetwork): Arc[] {
  const { feature, label, criterion, evaluation, output } = groups;
  const found: Arc[] = [];
  const seen = new Map<ComputationNode, Set<ComputationNode>>();
  for (const root of [...feature, ...label, ...criterion, ...evaluation, ...output]) {
    const stack = [root];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      const inputs = seen.get(node) ?? new Set();
      seen.set(node, inputs);
      for (const input of node.inputs) {
        if (inputs.has(input)) continue;
        inputs.add(input);
        found.push({ input, node });
        stack.push(input);
      }
    }
  }
  return found;
}

/** What comes out of a delay is drawn from a dummy. */
function arcLine({ input, node }: Arc): string {
  const type = input.operation.name;
  const color = DELAY_COLORS[type];
  if (color === undefined) return `${quoted(input.name)} -> ${quoted(node.name)} ; \n`;
  const dummy = quoted(`${input.name}.dummy`);
  const text = `${escaped(input.name)}\\n(${type})`;
  return (
    `${dummy} [ shape = box3d  , color = ${color}, style = "filled" , label = "${text}" ] ; \n` +
    ` ${dummy} -> ${quoted(node.name)} ; \n`
  );
}
