/**
 * Warnings about a network's BrainScript: what is correct and means something else than it seems to (brainscript.md 2 and
 * 3, library.md 15.2). A warning is a CntkError that nobody throws. The library itself is not looked at.
 */

import type { Expression, RecordLiteral } from "../../grammar/ast.js";
import { CntkError } from "../../grammar/errors.js";
import type { SourceRange } from "../../grammar/source.js";
import { SPECIAL_MEMBERS } from "./construct-network.js";

type Lint = (expression: Expression) => CntkError | undefined;

const LINTS: readonly Lint[] = [
  listInElseBranch,
  numberWithDot,
  powerOfProduct,
  valueInsteadOfInitValue,
];

/** Warnings about the block of a network builder. */
export function lintNetwork(block: Expression): CntkError[] {
  const found = block.kind === "record" ? misspeltGroups(block) : [];
  // not recursive: expressions may be nested deeply
  const waiting: Expression[] = [block];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const lint of LINTS) {
      const warning = lint(next);
      if (warning !== undefined) found.push(warning);
    }
    waiting.push(...partsOf(next));
  }
  return found;
}

function warning(range: SourceRange, message: string, hint: string): CntkError {
  return new CntkError("parsing", message, { hint, ranges: [range] });
}

const textOf = ({ file, start, end }: SourceRange): string => file.text.slice(start, end);

/** `if c then A else B : C` takes the list as its else branch. */
function listInElseBranch(expression: Expression): CntkError | undefined {
  if (expression.kind !== "if") return undefined;
  const { elseBranch, thenBranch, range } = expression;
  const [first] = elseBranch.kind === "list" ? elseBranch.elements : [];
  // parentheses leave no node, but belong to the whole expression
  const isInParentheses = elseBranch.range.end < range.end;
  if (first === undefined || isInParentheses || thenBranch.kind === "list") return undefined;
  if (textOf(elseBranch.range).startsWith("[|")) return undefined;
  return warning(
    elseBranch.range,
    "the else branch takes all of the list to its right, not only its first element",
    "write (if ... then ... else ...) : ... if the list goes on behind it, or else (...) if this is meant",
  );
}

/** `2.*x` is `2. * x`. */
function numberWithDot(expression: Expression): CntkError | undefined {
  if (expression.kind !== "infix" || expression.operator !== "*") return undefined;
  const { file, start, end } = expression.operatorRange;
  if (file.text.charAt(start - 1) !== ".") return undefined;
  return warning(
    { file, start: start - 1, end },
    "the '.' belongs to the number: this is '*', not '.*'",
    "write a blank before the operator: 2 .* x",
  );
}

/** `2 * 3 ** 2` and `-2 ** 2`: nothing binds closer than anything else there. */
function powerOfProduct(expression: Expression): CntkError | undefined {
  if (expression.kind !== "infix" || expression.operator !== "**") return undefined;
  const { left, range, operatorRange } = expression;
  if (left.kind !== "prefix" && (left.kind !== "infix" || !isProduct(left.operator)))
    return undefined;
  // with parentheses around it the left operand begins behind them
  if (left.range.start !== range.start) return undefined;
  const operator = left.operator;
  return warning(
    operatorRange,
    `'**' does not bind closer than '${operator}': the base is all of '${textOf(left.range)}'`,
    "put the power in parentheses",
  );
}

const isProduct = (operator: string): boolean => ["*", ".*", "/", "%"].includes(operator);

const PARAMETER_FUNCTIONS: ReadonlySet<string> = new Set([
  "Parameter",
  "ParameterTensor",
  "LearnableParameter",
]);

/** `value` is read with `init="fixedValue"` alone. */
function valueInsteadOfInitValue(expression: Expression): CntkError | undefined {
  if (expression.kind !== "call" || expression.callee.kind !== "identifier") return undefined;
  if (!PARAMETER_FUNCTIONS.has(expression.callee.name)) return undefined;
  const argument = (wanted: string) => expression.named.find(({ name }) => name === wanted);
  const value = argument("value");
  const init = argument("init")?.value;
  const isRead = init !== undefined && (init.kind !== "string" || init.value === "fixedValue");
  if (value === undefined || isRead) return undefined;
  return warning(
    value.nameRange,
    init === undefined
      ? "'value' is not read without init=\"fixedValue\": the parameter starts with random values"
      : `'value' is not read with init="${init.value}"`,
    "did you mean 'initValue'?",
  );
}

/** `OutputNodes`, `criterionNode` and the names of the old network language are members like any other. */
function misspeltGroups({ members }: RecordLiteral): CntkError[] {
  const groups = SPECIAL_MEMBERS.map(([name]) => name);
  return members.flatMap(({ name, nameRange }) => {
    const stem = name.toLowerCase().replace(/nodes?$/, "");
    const meant = groups.find(
      (group) => stem !== "" && group.toLowerCase() === (OLD_STEMS.get(stem) ?? stem) + "nodes",
    );
    if (!/nodes?$/i.test(name) || meant === undefined || meant === name) return [];
    return [
      warning(
        nameRange,
        `'${name}' is a member like any other: it says nothing about its nodes`,
        `did you mean '${meant}'?`,
      ),
    ];
  });
}

const OLD_STEMS: ReadonlyMap<string, string> = new Map([
  ["criteria", "criterion"],
  ["eval", "evaluation"],
  ["features", "feature"],
  ["labels", "label"],
  ["outputs", "output"],
]);

function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "number":
    case "string":
    case "bool":
    case "identifier":
      return [];
    case "record":
      return expression.members.map(({ value }) => value);
    case "list":
      return expression.elements;
    case "array":
      return [expression.first, expression.last, expression.initializer];
    case "member":
      return [expression.record];
    case "index":
      return [expression.vector, expression.index];
    case "call":
      return [
        expression.callee,
        ...expression.positional,
        ...expression.named.map(({ value }) => value),
      ];
    case "prefix":
      return [expression.operand];
    case "infix":
      return [expression.left, expression.right];
    case "if":
      return [expression.condition, expression.thenBranch, expression.elseBranch];
    case "new":
      return [expression.operand];
    case "lambda":
      return [...expression.optional.map(({ defaultValue }) => defaultValue), expression.body];
  }
}
