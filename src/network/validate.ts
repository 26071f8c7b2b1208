/** Shape inference over the graph, in passes until nothing changes, with CNTK's log lines (nodes.md 3, training.md 8.1b). */

import { CntkError } from "../../grammar/errors.js";
import { isKnown, sameShape, type Shape } from "../operations/shape.js";
import { offsetsBetween } from "./alignment.js";
import { describeValidation } from "./describe.js";
import { axisNames, inferDynamicAxis } from "./dynamic-axes.js";
import type { ComputationNetwork } from "./network.js";
import type { ComputationNode } from "./node.js";
import { evaluationOrder, loops } from "./order.js";
import { offerShape, relabelParameter, type ParameterLog } from "./parameter-values.js";
import { checkLoop, describeLoop } from "./recurrent-loops.js";
import { incomplete, mistakeAt, unsettled } from "./validation-errors.js";

interface Validation extends ParameterLog {
  /** a name for a dynamic axis that no other node has */
  readonly newAxisName: (base: string) => string;
}

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
  for (const [index, loop] of loops(roots).entries()) {
    trace(describeLoop(loop, index));
    checkLoop(loop);
  }
  forgetInferred(order);
  runPasses(order, { ...options, newAxisName: axisNames(order) }, trace);
  trace("");
  for (const node of order) {
    const line = node.operation.describe?.(staticContext(node), node.name);
    if (line !== undefined) trace(line);
  }
  trace("\n\nPost-processing network complete.\n");
}

/** What an earlier validation found may not hold any more: nodes of a loaded network may have got other inputs. */
function forgetInferred(nodes: readonly ComputationNode[]): void {
  for (const node of nodes) {
    if (node.operation.leaf !== undefined) continue;
    node.dynamicAxis = undefined;
    // the shape of a delay is where a loop begins
    if (node.operation.hasDelayedInputs !== true) node.shape = [];
  }
}

/** Loops settle in three or four. */
const mostPasses = 100;

/**
 * Passes over all nodes until nothing changes; the final one checks everything. In a loop the first node has no input yet
 * that was visited: it waits for the next pass. A node that delays nothing but itself would wait for ever.
 */
function runPasses(
  order: readonly ComputationNode[],
  validation: Validation,
  trace: (text: string) => void,
): void {
  const visited = new Set<ComputationNode>();
  let open = order.length;
  let hasProgress = true;
  for (let pass = 1; open > 0 && hasProgress; pass++) {
    trace(`\nValidating network. ${open} nodes to process in pass ${pass}.\n`);
    open = 0;
    hasProgress = false;
    for (const node of order) {
      const isLeaf = node.inputs.length === 0;
      const isWaiting = !isLeaf && !node.inputs.some((input) => visited.has(input));
      const hasAllInputs = node.inputs.every((input) => visited.has(input));
      const changed = !isWaiting && validateNode(node, false, validation);
      if (!isLeaf && (changed || !hasAllInputs)) open++;
      if (isWaiting) continue;
      if (changed && pass > mostPasses) throw mistakeAt(unsettled(node), node);
      hasProgress ||= changed || !visited.has(node);
      visited.add(node);
      if (pass === 1 || changed) trace(describeValidation(node));
    }
  }
  trace("\nValidating network, final pass.\n");
  checkAll(order, validation);
}

/**
 * The final pass. A parameter that got no dimensions is the fault of its consumer more often than not: that one is asked
 * first.
 */
function checkAll(order: readonly ComputationNode[], validation: Validation): void {
  const open = new Map<ComputationNode, CntkError>();
  for (const node of order) {
    if (node.parameter !== undefined && !isKnown(node.shape)) {
      open.set(node, mistakeAt(incomplete(node), node));
      continue;
    }
    validateNode(node, true, validation);
    for (const input of node.inputs) {
      const error = open.get(input);
      if (error !== undefined && !isKnown(input.shape)) throw error;
    }
    if (node.operation.leaf !== "dynamicAxis" && !isKnown(node.shape)) {
      throw mistakeAt(incomplete(node), node);
    }
  }
  for (const error of open.values()) throw error;
}

/**
 * Nodes nobody consumes, and those of the groups that are asked for by name, sorted by name. A loop whose result nobody
 * wants consumes itself: one of its nodes stands for it.
 */
export function networkRoots({ nodes, groups }: ComputationNetwork): ComputationNode[] {
  const consumed = new Set(nodes.flatMap((node) => node.inputs));
  const wanted = new Set([...groups.criterion, ...groups.evaluation, ...groups.output]);
  const roots = nodes.filter((node) => !consumed.has(node) || wanted.has(node));
  const reached = new Set(evaluationOrder(roots));
  roots.push(...loopsNobodyWants(nodes.filter((node) => !reached.has(node))));
  return roots.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** One node of each loop that nothing else among these nodes consumes. */
function loopsNobodyWants(nodes: readonly ComputationNode[]): ComputationNode[] {
  return loops(nodes).flatMap((loop) => {
    const inside = new Set(loop);
    const isConsumed = nodes.some(
      (node) => !inside.has(node) && node.inputs.some((input) => inside.has(input)),
    );
    return isConsumed ? [] : loop.slice(-1);
  });
}

/** Infers one node from its inputs. @returns true if anything about it changed */
function validateNode(node: ComputationNode, isFinal: boolean, validation: Validation): boolean {
  const before = { shape: node.shape, axis: node.dynamicAxis, gradient: node.needsGradient };
  try {
    node.shape = inferShape(node, isFinal, validation);
    if (node.operation.leaf === undefined)
      node.dynamicAxis = inferDynamicAxis(node, isFinal, validation.newAxisName);
  } catch (error) {
    throw error instanceof CntkError ? mistakeAt(error, node) : error;
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
  const inputAt = (index: number) => {
    const input = inputs[index];
    if (input === undefined) throw new Error(`${operation.name} has no input ${index}`);
    return input;
  };
  return operation.shape({
    settings: node.settings,
    shapes: shapesByName(node),
    all,
    names: inputs.map(({ name }) => name),
    declared: node.shape,
    isFinal,
    hasDynamicAxis: inputs.map(({ dynamicAxis }) => dynamicAxis !== undefined),
    infer: (index, shape) => {
      const input = inputAt(index);
      offerShape(input, shape, options);
      return input.shape;
    },
    relabel: (index, shape) => {
      const input = inputAt(index);
      relabelParameter(input, shape, { node, inputName: operation.inputs[index] ?? "" }, options);
      return input.shape;
    },
    constant: (index) => {
      const parameter = inputAt(index).parameter;
      return parameter?.learningRateMultiplier === 0 ? parameter.value?.[0] : undefined;
    },
    offsets(from, to, origins) {
      const aligned = {
        x: inputAt(from),
        reference: inputAt(to),
        origins: origins && ([inputAt(origins[0]), inputAt(origins[1])] as const),
      };
      return offsetsBetween(aligned, staticContext);
    },
    settle: (settings) => void Object.assign(node.settings, settings),
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

/** What an operation knows about a validated node. */
export function staticContext(node: ComputationNode) {
  return {
    settings: node.settings,
    shapes: shapesByName(node),
    all: node.inputs.map(({ shape }) => shape),
    shape: node.shape,
  };
}
