/** Infix and prefix operators by the kinds of their operands (brainscript.md 4.6). */

import type { InfixOperator, PrefixOperator } from "../../grammar/ast.js";
import { CntkError } from "../../grammar/errors.js";
import type { SourceRange } from "../../grammar/source.js";
import { boundedString, hintForFunction } from "./expect.js";
import { joinPath } from "./path.js";
import type { Scope } from "./scope.js";
import { Thunk } from "./thunk.js";
import {
  boolValue,
  describeValue,
  numberValue,
  type ArrayValue,
  type FunctionValue,
  type ObjectValue,
  type Value,
} from "./value.js";

/** Where an expression stands that may make a node. */
export interface Place {
  /** path of the expression: the name of the node */
  readonly path: string;
  readonly range: SourceRange;
  readonly scope: Scope;
}

/** An infix operator where it stands. */
export interface InfixOperation extends Place {
  readonly operator: InfixOperator;
}

/** Operators with at least one node among their operands; the network layer supplies them. */
export interface NodeOperators {
  infix(operation: InfixOperation, left: Value, right: Value): Value;
  prefix(operator: "-" | "!", operand: ObjectValue, place: Place): Value;
  conditional(condition: ObjectValue, whenTrue: Value, whenFalse: Value, place: Place): Value;
}

const ORDER: Partial<
  Record<InfixOperator, (a: number | string | boolean, b: number | string | boolean) => boolean>
> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

const ARITHMETIC: Partial<Record<InfixOperator, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "**": (a, b) => a ** b,
  "%": (a, b) => a % b,
};

const isNode = (value: Value): value is ObjectValue => value.kind === "object" && value.isNode;

/** Result of `left operator right`. @throws CntkError "evaluating" if the operator does not apply to these kinds */
export function applyInfix(
  operation: InfixOperation,
  left: Value,
  right: Value,
  nodes: NodeOperators,
): Value {
  const { operator } = operation;
  if (operator === "with") {
    throw new CntkError("evaluating", "the operator 'with' is not implemented, as in CNTK itself");
  }
  const plain = applyToPlain(operator, left, right);
  if (plain !== undefined) return plain;
  if (isNode(left) || isNode(right)) return nodes.infix(operation, left, right);
  if (operator === ">>" && left.kind === "function" && right.kind === "function") {
    return compose(left, right);
  }
  if (operator === "<<" && left.kind === "array" && right.kind === "number") {
    return withoutFirst(left, right.value);
  }
  throw notApplicable(operator, left, right);
}

/** Two numbers, two strings or two booleans; undefined if the operator has no meaning for them. */
function applyToPlain(operator: InfixOperator, left: Value, right: Value): Value | undefined {
  if (left.kind === "number" && right.kind === "number") {
    const arithmetic = ARITHMETIC[operator];
    if (arithmetic !== undefined) return numberValue(arithmetic(left.value, right.value));
    const order = ORDER[operator];
    return order === undefined ? undefined : boolValue(order(left.value, right.value));
  }
  if (left.kind === "string" && right.kind === "string") {
    if (operator === "+") {
      const [one, other] = [left.value, right.value];
      return boundedString(one.length + other.length, () => one + other);
    }
    const order = ORDER[operator];
    return order === undefined ? undefined : boolValue(order(left.value, right.value));
  }
  if (left.kind === "bool" && right.kind === "bool") {
    // Both operands have been evaluated: there is no short circuit.
    if (operator === "&&") return boolValue(left.value && right.value);
    if (operator === "||") return boolValue(left.value || right.value);
    const order = ORDER[operator];
    return order === undefined ? undefined : boolValue(order(left.value, right.value));
  }
  return undefined;
}

/** The error for an operator and operands that do not go together. */
export function notApplicable(operator: string, left: Value, right: Value): CntkError {
  const message = `operator '${operator}' cannot be applied to ${describeValue(left)} and ${describeValue(right)}`;
  const areNumbers = left.kind === "number" && right.kind === "number";
  const hint =
    operator === ".*" && areNumbers
      ? "write '*' to multiply numbers"
      : (hintForFunction(left) ?? hintForFunction(right));
  return new CntkError("evaluating", message, { hint });
}

/** `F >> G`: a function with F's parameters that computes G(F(...)). */
function compose(inner: FunctionValue, outer: FunctionValue): FunctionValue {
  const parameter = outer.positional[0];
  if (parameter === undefined || outer.positional.length !== 1) {
    throw new CntkError("evaluating", "'>>': the right function must take exactly one argument");
  }
  return {
    kind: "function",
    positional: inner.positional,
    optional: inner.optional,
    apply: (argument, path, calledFrom) => {
      const begin = () => inner.apply(argument, joinPath(path, "arg"), calledFrom);
      const bound = new Map(outer.optional.map(({ name, defaultValue }) => [name, defaultValue]));
      bound.set(parameter, new Thunk(parameter, undefined, begin));
      return outer.apply(bound, path, calledFrom);
    },
  };
}

function withoutFirst(array: ArrayValue, count: number): ArrayValue {
  return { kind: "array", first: 0, elements: array.elements.slice(Math.max(0, count)) };
}

/** Result of `operator operand`. */
export function applyPrefix(
  operator: PrefixOperator,
  operand: Value,
  place: Place,
  nodes: NodeOperators,
): Value {
  if (operand.kind === "number" && operator !== "!") {
    return operator === "-" ? numberValue(-operand.value) : operand;
  }
  if (operand.kind === "bool" && operator === "!") return boolValue(!operand.value);
  if (isNode(operand)) {
    return operator === "+" ? operand : nodes.prefix(operator, operand, place);
  }
  throw new CntkError(
    "evaluating",
    `unary '${operator}' cannot be applied to ${describeValue(operand)}`,
  );
}
