/** What a mistake that an operation found in its inputs' shapes looks like to the user: which node, which inputs, where from. */

import { CntkError } from "../../grammar/errors.js";
import { describePlace, positionOf, type SourceRange } from "../../grammar/source.js";
import { printShape } from "../operations/shape.js";
import { describeShape } from "./describe.js";
import type { ComputationNode } from "./node.js";

/** The error with the node's name, the shapes and origins of its inputs, and its place in the config. */
export function mistakeAt(error: CntkError, node: ComputationNode): CntkError {
  if (error.isTraced) return error;
  const inputs = node.inputs.length > 6 ? [] : node.inputs;
  return error
    .renamed(withNodeName(error.message, node))
    .withNotes(inputs.map((input) => describeInput(input, node.ranges[0])))
    .traced(node.ranges);
}

/** `Times 'z': ...`; some operations begin their messages with their name. */
function withNodeName(message: string, { operation, name }: ComputationNode): string {
  const rest = message.startsWith(`${operation.name}: `)
    ? message.slice(operation.name.length + 2)
    : message;
  return `${operation.name} '${name}': ${rest}`;
}

function describeInput(input: ComputationNode, consumer: SourceRange | undefined): string {
  const [made] = input.ranges;
  const isElsewhere = made !== undefined && !isOnSameLine(made, consumer);
  const origin = isElsewhere ? `, from ${describePlace(made)}` : "";
  return `'${input.name}' is ${describeShape(input)}${origin}`;
}

function isOnSameLine(one: SourceRange, other: SourceRange | undefined): boolean {
  if (one.file !== other?.file) return false;
  return positionOf(one.file, one.start).line === positionOf(other.file, other.start).line;
}

/** The error of a node some of whose dimensions nobody gave. */
export function incomplete(node: ComputationNode): CntkError {
  const message = `the dimensions [${printShape(node.shape)}] could not be inferred`;
  return new CntkError("validating", message, { hint: hintForIncomplete(node) });
}

/** The error of a node in a loop that changes with every pass. */
export function unsettled({ shape }: ComputationNode): CntkError {
  const message = `the shape does not settle in this loop: it is [${printShape(shape)}] now`;
  const hint = "what passes through PastValue or FutureValue must come out as it went in";
  return new CntkError("validating", message, { hint });
}

function hintForIncomplete({ parameter, operation }: ComputationNode): string | undefined {
  if (parameter !== undefined) {
    return "no operation that uses this parameter tells its size: give all dimensions";
  }
  return operation.leaf === "input"
    ? "an input has the dimensions of the data, such as Input {784} or Input {28:28:1}"
    : undefined;
}
