/** Shape inference over the graph, in passes until nothing changes, with CNTK's log lines (nodes.md 3, training.md 8.1b). */

import { CntkError } from "../../grammar/errors.js";
import { isKnown, printShape, sameShape, type Shape } from "../operations/shape.js";
import { describeValidation } from "./describe.js";
import type { ComputationNetwork } from "./network.js";
import type { ComputationNode } from "./node.js";
import { evaluationOrder } from "./order.js";
import { offerShape, type ParameterLog } from "./parameter-values.js";

/**
 * Infers shapes, dynamic axes and which nodes need gradients; fills in parameters whose dimensions become known.
 * @throws CntkError "validating" at the node whose dimensions do not fit
 */
export function validateNetwork(network: ComputationNetwork, options: ParameterLog): void {
  const trace = (text: string) => {
    if (options.traceLevel > 0) options.log(text);
  };
  const roots = networkRoots(network);
  const order = evaluationOrder(roots);
  trace("\nPost-processing network...");
  trace(`\n${roots.length} roots:`);
  for (const root of roots) trace(`\t${root.name} = ${root.operation.name}()`);
  runPasses(order, options, trace);
  trace("");
  for (const node of order) {
    const line = node.operation.describe?.(staticContext(node), node.name);
    if (line !== undefined) trace(line);
  }
  trace("\n\nPost-processing network complete.\n");
}

/** Passes visit what may still change; the final one checks everything. */
function runPasses(
  order: readonly ComputationNode[],
  options: ParameterLog,
  trace: (text: string) => void,
): void {
  let toVisit = order;
  for (let pass = 1; toVisit.length > 0; pass++) {
    trace(`\nValidating network. ${toVisit.length} nodes to process in pass ${pass}.\n`);
    let hasChanged = false;
    for (const node of toVisit) {
      const changed = validateNode(node, false, options);
      hasChanged ||= changed;
      if (pass === 1 || changed) trace(describeValidation(node));
    }
    const mayChange = order.filter((node) => node.inputs.length > 0);
    toVisit = pass === 1 || hasChanged ? mayChange : [];
  }
  trace("\nValidating network, final pass.\n");
  for (const node of order) validateNode(node, true, options);
}

/** Nodes nobody consumes, and those of the groups that are asked for by name; sorted by name. */
export function networkRoots({ nodes, groups }: ComputationNetwork): ComputationNode[] {
  const consumed = new Set(nodes.flatMap((node) => node.inputs));
  const wanted = new Set([...groups.criterion, ...groups.evaluation, ...groups.output]);
  const roots = nodes.filter((node) => !consumed.has(node) || wanted.has(node));
  return roots.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Infers one node from its inputs. @returns true if anything about it changed */
function validateNode(node: ComputationNode, isFinal: boolean, options: ParameterLog): boolean {
  const before = { shape: node.shape, axis: node.dynamicAxis, gradient: node.needsGradient };
  try {
    node.shape = inferShape(node, isFinal, options);
    if (node.operation.leaf === undefined) node.dynamicAxis = inferDynamicAxis(node, isFinal);
    if (isFinal && node.operation.leaf !== "dynamicAxis" && !isKnown(node.shape)) {
      throw incomplete(node);
    }
  } catch (error) {
    throw error instanceof CntkError ? error.traced(node.ranges) : error;
  }
  node.needsGradient =
    node.parameter === undefined
      ? node.inputs.some((input) => input.needsGradient)
      : node.parameter.learningRateMultiplier > 0;
  return (
    !sameShape(before.shape, node.shape) ||
    before.axis !== node.dynamicAxis ||
    before.gradient !== node.needsGradient
  );
}

function inferShape(node: ComputationNode, isFinal: boolean, options: ParameterLog): Shape {
  const { operation, inputs } = node;
  const all = inputs.map(({ shape }) => shape);
  return operation.shape({
    settings: node.settings,
    shapes: shapesByName(node),
    all,
    names: inputs.map(({ name }) => name),
    declared: node.shape,
    isFinal,
    hasDynamicAxis: inputs.map(({ dynamicAxis }) => dynamicAxis !== undefined),
    infer: (index, shape) => {
      const input = inputs[index];
      if (input === undefined) throw new Error(`${operation.name} has no input ${index}`);
      offerShape(input, shape, options);
      return input.shape;
    },
  });
}

function shapesByName({ operation, inputs }: ComputationNode): Record<string, Shape> {
  const named: Record<string, Shape> = {};
  operation.inputs.forEach((name, index) => {
    const input = inputs[index];
    if (input !== undefined) named[name.replace(/\?$|\.\.\.$/, "")] = input.shape;
  });
  return named;
}

/** The inputs' common dynamic axis. Two different ones do not go together. */
function inferDynamicAxis(node: ComputationNode, isFinal: boolean): string | undefined {
  const { reducesMinibatch } = node.operation;
  const reduces =
    typeof reducesMinibatch === "function" ? reducesMinibatch(node.settings) : reducesMinibatch;
  if (reduces === true) return undefined;
  const withAxis = node.inputs.filter(({ dynamicAxis }) => dynamicAxis !== undefined);
  const other = withAxis.find(({ dynamicAxis }) => dynamicAxis !== withAxis[0]?.dynamicAxis);
  if (isFinal && other !== undefined) {
    const [first] = withAxis;
    throw new CntkError(
      "validating",
      `${node.operation.name}: the inputs '${first?.name ?? ""}' (axis ${first?.dynamicAxis ?? ""}) and '${other.name}' (axis ${other.dynamicAxis ?? ""}) have different dynamic axes`,
      { hint: "ReconcileDynamicAxis (data, layout) gives the data the axis of the layout" },
    );
  }
  return withAxis[0]?.dynamicAxis;
}

function incomplete(node: ComputationNode): CntkError {
  const isParameter = node.parameter !== undefined;
  return new CntkError(
    "validating",
    `${node.operation.name} '${node.name}': the dimensions [${printShape(node.shape)}] could not be inferred`,
    {
      hint: isParameter
        ? "no operation that uses this parameter tells its size: give all dimensions"
        : undefined,
    },
  );
}

/** What an operation knows about a validated node. */
export function staticContext(node: ComputationNode) {
  return {
    settings: node.settings,
    shapes: shapesByName(node),
    all: node.inputs.map(({ shape }) => shape),
    shape: node.shape,
  };
}
