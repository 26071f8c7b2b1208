/** Groups a flat sequence of operands and operators by precedence (brainscript.md section 3). */

import assert from "node:assert/strict";
import type { Expression, InfixOperator } from "../ast.js";
import { join } from "../places.js";
import type { SourceRange } from "../source.js";

/** An expression and what it covers in the source, enclosing parentheses included. */
export interface Operand {
  readonly expression: Expression;
  readonly range: SourceRange;
}

export interface PlacedOperator {
  readonly text: string;
  readonly range: SourceRange;
}

export interface OperatorAndOperand {
  readonly operator: PlacedOperator;
  readonly operand: Operand;
}

/** All of them group to the left. */
const levels: ReadonlyMap<string, number> = new Map<InfixOperator, number>([
  ["*", 10],
  ["/", 10],
  [".*", 10],
  ["**", 10],
  ["%", 10],
  ["+", 9],
  ["-", 9],
  ["with", 9],
  ["==", 8],
  ["!=", 8],
  ["<", 8],
  ["<=", 8],
  [">", 8],
  [">=", 8],
  ["&&", 7],
  ["||", 6],
  [">>", 5],
  ["<<", 5],
]);

/** `:` is 0: it ends an element, which takes all operators before it. */
const levelOf = (operator: PlacedOperator): number => levels.get(operator.text) ?? 0;

function isInfixOperator(text: string): text is InfixOperator {
  return levels.has(text);
}

/** `first`, then each operator with the operand on its right, as a tree. */
export function groupByPrecedence(first: Operand, rest: readonly OperatorAndOperand[]): Operand {
  const elements: Operand[] = [];
  const left: Operand[] = [];
  const waiting: PlacedOperator[] = [];
  let right = first;
  // Operators at least as strong as the next one have both their operands now.
  const reduce = (level: number) => {
    for (let operator = waiting.at(-1); operator !== undefined; operator = waiting.at(-1)) {
      const operand = left.at(-1);
      if (operand === undefined || levelOf(operator) < level) return;
      right = infix(operand, operator, right);
      waiting.pop();
      left.pop();
    }
  };
  for (const { operator, operand } of rest) {
    reduce(levelOf(operator));
    if (operator.text === ":") {
      elements.push(right);
    } else {
      left.push(right);
      waiting.push(operator);
    }
    right = operand;
  }
  reduce(0);
  return listOf([...elements, right], right);
}

function infix(left: Operand, operator: PlacedOperator, right: Operand): Operand {
  assert(isInfixOperator(operator.text));
  const range = join(left.range, right.range);
  const expression: Expression = {
    kind: "infix",
    operator: operator.text,
    operatorRange: operator.range,
    left: left.expression,
    right: right.expression,
    range,
  };
  return { expression, range };
}

/** A list on the left is continued: `(a : b) : c` has three elements, `a : (b : c)` has two. */
function listOf(elements: readonly Operand[], last: Operand): Operand {
  const [first, ...others] = elements;
  if (first === undefined || others.length === 0) return last;
  const range = join(first.range, last.range);
  const head = first.expression.kind === "list" ? first.expression.elements : [first.expression];
  const tail = others.map((element) => element.expression);
  return { expression: { kind: "list", elements: [...head, ...tail], range }, range };
}
