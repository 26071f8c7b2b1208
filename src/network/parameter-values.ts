/** When parameters get their shapes and first values, and what the log says about it (nodes.md 3.4, 13.1). */

import { CntkError } from "../../grammar/errors.js";
import { elementCount, isKnown, printShape, type Shape } from "../operations/shape.js";
import { describeRandom, initialValue } from "./initialize.js";
import type { ComputationNode, ParameterState } from "./node.js";
import { mistakeAt } from "./validation-errors.js";

export interface ParameterLog {
  readonly log: (text: string) => void;
  readonly traceLevel: number;
  readonly precision: "float" | "double";
  /** parameters with random values stay without: to draw a large one takes long */
  readonly withoutRandomValues?: boolean;
}

/** A parameter was constructed: it gets its value now if all dimensions are known, otherwise the log says "later". */
export function announceParameter(node: ComputationNode, options: ParameterLog): void {
  const { parameter } = node;
  if (parameter === undefined) return;
  if (isKnown(node.shape) || parameter.initialization.kind === "text") {
    fill(node, parameter, options);
  } else if (options.traceLevel > 0) {
    const { initialization } = parameter;
    const type = initialization.kind === "random" ? initialization.distribution : "fromValue";
    options.log(
      `Node '<placeholder>' (LearnableParameter operation): Initializating Parameter[${printShape(node.shape)}] as ${type} later when dimensions are fully known.`,
    );
  }
}

/** Fills in the value and returns what the log says about it. */
function fill(node: ComputationNode, parameter: ParameterState, options: ParameterLog) {
  const { initialization } = parameter;
  const { precision, withoutRandomValues } = options;
  if (initialization.kind === "loaded") return undefined;
  const isDrawn = initialization.kind === "random" && initialization.distribution !== "bilinear";
  try {
    if (isDrawn && withoutRandomValues === true) {
      return describeRandom(node.shape, initialization, precision);
    }
    const isLarge = initialization.kind === "constant" && elementCount(node.shape) > 1_000_000;
    if (isLarge && withoutRandomValues === true) return undefined;
    const { shape, value, description } = initialValue(node.shape, initialization, precision);
    node.shape = shape;
    parameter.value = value;
    return description;
  } catch (error) {
    throw error instanceof CntkError ? mistakeAt(error, node) : error;
  }
}

/**
 * A consumer offers a shape to its parameter input (nodes.md 3.4).
 * @returns true if that changed the parameter's shape
 */
export function offerShape(node: ComputationNode, offered: Shape, options: ParameterLog): boolean {
  const declared = node.shape;
  const isParameter = node.operation.leaf === "parameter";
  if (!isParameter || node.parameter === undefined || isKnown(declared)) return false;
  const inferred = inferredShape(declared, offered);
  if (inferred === undefined) return false;
  node.shape = inferred;
  options.log(
    `Node '${node.name}' (LearnableParameter operation) operation: Tensor shape was inferred as [${printShape(inferred)}].`,
  );
  if (isKnown(inferred)) fillDeferred(node, node.parameter, options);
  return true;
}

/** Gives the elements of a parameter other sizes, and says so in the log. */
export function relabelParameter(
  node: ComputationNode,
  shape: Shape,
  consumer: { readonly node: ComputationNode; readonly inputName: string },
  { log }: Pick<ParameterLog, "log">,
): void {
  if (node.operation.leaf !== "parameter" || elementCount(node.shape) !== elementCount(shape))
    return;
  const [from, to] = [printShape(node.shape), printShape(shape)];
  node.shape = shape;
  log(
    `${consumer.node.name} ${consumer.node.operation.name} operation: For legacy compatibility, the sample layout of ${consumer.inputName} input (${node.name} LearnableParameter operation) was patched to [${to}] (from [${from}])`,
  );
}

/** The offer with the sizes that are already known kept; undefined if it says nothing new. */
function inferredShape(declared: Shape, offered: Shape): Shape | undefined {
  if (declared.every((size) => size === 0)) return offered.length === 0 ? undefined : offered;
  if (declared.length > offered.length) return undefined;
  const merged = offered.map((size, axis) => {
    const known = declared[axis] ?? 0;
    return known === 0 ? size : known;
  });
  return merged.some((size, axis) => size !== declared[axis]) ? merged : undefined;
}

/** The value of a parameter whose shape was inferred; the log line has its closing parenthesis on the next line, as CNTK's. */
function fillDeferred(node: ComputationNode, parameter: ParameterState, options: ParameterLog) {
  const { initialization } = parameter;
  const random = fill(node, parameter, options);
  if (options.traceLevel <= 0) return;
  const begin = `Node '${node.name}' (LearnableParameter operation): Initializing Parameter[${printShape(node.shape)}] <- `;
  if (random !== undefined && initialization.kind === "random") {
    const { distribution, seed, scale } = initialization;
    const range = `${random.range.toFixed(6)}(${(random.range / scale).toFixed(6)}*${scale.toFixed(6)})`;
    const dimensions = `${random.fanOut} x ${random.fanIn}`;
    options.log(
      `${begin}${distribution}(seed=${seed}, init dims=[${dimensions}], range=${range}, onCPU=true.\n)`,
    );
  } else if (initialization.kind === "constant") {
    options.log(`${begin}${initialization.value.toFixed(6)}.`);
  }
}
