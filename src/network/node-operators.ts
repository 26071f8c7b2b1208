/** Infix and prefix operators, and `if`, on nodes (brainscript.md 4.6, library.md 4). */

import type { InfixOperator } from "../../grammar/ast.js";
import { CntkError } from "../../grammar/errors.js";
import type { SourceRange } from "../../grammar/source.js";
import {
  notApplicable,
  type InfixOperation,
  type NodeOperators,
  type Place,
} from "../script/operators.js";
import { describeValue, numberValue, type ObjectValue, type Value } from "../script/value.js";
import { createNode, findOperation, type NodeFactory } from "./construct-node.js";
import { nodeOf, nodeValue } from "./node-value.js";
import type { ComputationNode } from "./node.js";

/** Operators that make a node of two operands, numbers becoming constants. */
const ELEMENTWISE: Partial<Record<InfixOperator, string>> = {
  "+": "Plus",
  "-": "Minus",
  ".*": "ElementTimes",
  "<": "Less",
  "<=": "LessEqual",
  ">": "Greater",
  ">=": "GreaterEqual",
  "==": "Equal",
  "!=": "NotEqual",
};

/** The operators of one network under construction. */
export class OperatorsOnNodes implements NodeOperators {
  readonly #factory: NodeFactory;

  constructor(factory: NodeFactory) {
    this.#factory = factory;
  }

  infix(operation: InfixOperation, left: Value, right: Value): Value {
    const { operator } = operation;
    const elementwise = ELEMENTWISE[operator];
    if (elementwise !== undefined) return this.#pair(elementwise, operation, left, right);
    if (operator === "*") {
      const areNodes = nodeOf(left) !== undefined && nodeOf(right) !== undefined;
      return this.#pair(areNodes ? "Times" : "ElementTimes", operation, left, right);
    }
    if (operator === "/") return this.#divide(operation, left, right);
    if (operator === "&&") return this.#and(operation, left, right);
    const hasTrue = [left, right].some((value) => value.kind === "bool" && value.value);
    if (operator === "||" && hasTrue) return left;
    throw notApplicable(operator, left, right);
  }

  prefix(operator: "-" | "!", operand: ObjectValue, place: Place): Value {
    const node = this.#operand(operand, place);
    const inputs = node === undefined ? [] : [node];
    if (operator === "-") return this.#make("Negate", inputs, place);
    return this.#make("Minus", [this.#constant(1, place), ...inputs], place);
  }

  conditional(condition: ObjectValue, whenTrue: Value, whenFalse: Value, place: Place): Value {
    const inputs = [condition, whenTrue, whenFalse].map((value) => this.#operand(value, place));
    const nodes = inputs.filter((node) => node !== undefined);
    if (nodes.length === 3) return this.#make("If", nodes, place);
    const message = "both branches of an 'if' on a node must be nodes or numbers";
    throw new CntkError("evaluating", message, { ranges: [place.range] });
  }

  #make(operationName: string, inputs: readonly ComputationNode[], place: Place): Value {
    const operation = findOperation(this.#factory, operationName);
    const settings: Record<string, unknown> = {};
    for (const [key, setting] of Object.entries(operation.settings))
      settings[key] = setting.default;
    const ranges = rangesOf(place);
    const node = createNode({ name: place.path, operation, settings, inputs, ranges });
    this.#factory.onNode(node);
    return nodeValue(node);
  }

  /** A scalar [1] that carries the path of the operator itself and is not learned. */
  #constant(value: number, place: Place): ComputationNode {
    const node = createNode({
      name: place.path,
      operation: findOperation(this.#factory, "LearnableParameter"),
      shape: [1],
      ranges: rangesOf(place),
      parameter: {
        learningRateMultiplier: 0,
        initialization: { kind: "constant", value },
        value: undefined,
        gradient: undefined,
      },
    });
    this.#factory.onNode(node);
    this.#factory.implicitConstants.add(node);
    this.#factory.onParameter(node);
    return node;
  }

  #operand(value: Value, place: Place): ComputationNode | undefined {
    if (value.kind === "number") return this.#constant(value.value, place);
    return nodeOf(value);
  }

  #pair(operationName: string, operation: InfixOperation, left: Value, right: Value): Value {
    const [one, other] = [this.#operand(left, operation), this.#operand(right, operation)];
    if (one === undefined || other === undefined)
      throw notApplicable(operation.operator, left, right);
    return this.#make(operationName, [one, other], operation);
  }

  #divide(operation: InfixOperation, left: Value, right: Value): Value {
    const [dividend, divisor] = [nodeOf(left), nodeOf(right)];
    if (dividend !== undefined && right.kind === "number") {
      const inverse = this.#constant(1 / right.value, operation);
      return this.#make("ElementTimes", [dividend, inverse], operation);
    }
    if (divisor !== undefined && left.kind === "number" && left.value === 1) {
      return this.#make("Reciprocal", [divisor], operation);
    }
    throw new CntkError(
      "evaluating",
      `operator '/' cannot divide ${describeValue(left)} by ${describeValue(right)}`,
      { hint: "use ElementDivide (a, b) to divide by a node" },
    );
  }

  #and(operation: InfixOperation, left: Value, right: Value): Value {
    if (nodeOf(left) !== undefined && right.kind === "bool" && !right.value) return left;
    if (left.kind === "number" || right.kind === "number") throw notApplicable("&&", left, right);
    const asNumber = (value: Value) =>
      value.kind === "bool" ? numberValue(value.value ? 1 : 0) : value;
    return this.#pair("ElementTimes", operation, asNumber(left), asNumber(right));
  }
}

const rangesOf = ({ range, scope }: Place): readonly SourceRange[] => scope.placesOf(range);
