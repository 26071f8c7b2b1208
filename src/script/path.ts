/** Expression paths, from which nodes get their names (brainscript.md 7.2). */

import type { InfixOperator } from "../../grammar/ast.js";

/** `P.id`, or just the non-empty one. */
export function joinPath(path: string, id: string): string {
  if (path === "") return id;
  return id === "" ? path : `${path}.${id}`;
}

/** What an operator's operands are called in paths; note that `>=` counts as `>`. */
const OPERAND_NAMES: Readonly<Record<InfixOperator, string>> = {
  "+": "PlusArgs",
  "-": "MinusArgs",
  "*": "TimesArgs",
  ".*": "ElementTimesArgs",
  "/": "DivArgs",
  "**": "PowArgs",
  "%": "ModArgs",
  "<": "LTArgs",
  "==": "EqualArgs",
  ">": "GTArgs",
  ">=": "GTArgs",
  "!=": "NotEqualArgs",
  "<=": "LEArgs",
  "&&": "AndArgs",
  "||": "OrArgs",
  ">>": "BeforeArgs",
  "<<": "ShiftArgs",
  with: "WithArgs",
};

/** Path of the left (0) or right (1) operand of an infix operator at `path`. */
export function operandPath(path: string, operator: InfixOperator, side: 0 | 1): string {
  return joinPath(path, `${OPERAND_NAMES[operator]}[${side}]`);
}
