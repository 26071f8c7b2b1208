/** Builds the syntax tree from what the grammar's rules have read (brainscript.md section 3). */

import assert from "node:assert/strict";
import type { IToken } from "chevrotain";
import type { Expression, Member, NamedArgument, OptionalParameter, Parameter } from "../ast.js";
import type { PrefixOperator } from "../ast.js";
import { CntkError } from "../errors.js";
import { valueOfLiteral } from "../number.js";
import { join } from "../places.js";
import { describePlace, type SourceRange } from "../source.js";
import type { Operand } from "./precedence.js";
import { placeOf } from "./tokenizer.js";

export interface Parameters {
  readonly positional: Parameter[];
  readonly optional: OptionalParameter[];
}

export interface Arguments {
  readonly positional: Expression[];
  readonly named: NamedArgument[];
}

/** `[name:first..last]` of an array member. */
export interface Index {
  readonly opener: IToken;
  readonly name: IToken;
  readonly first: Operand;
  readonly last: Operand;
}

/** What stands between a pair of brackets, and the brackets. */
export interface Enclosed<Content> {
  readonly opener: IToken;
  readonly content: Content;
  readonly closer: IToken;
}

interface MemberParts {
  readonly name: IToken;
  readonly index: Index | undefined;
  readonly parameters: Enclosed<Parameters> | undefined;
  readonly value: Operand;
}

const asOperand = (expression: Expression): Operand => ({ expression, range: expression.range });

/** `f(x) = e` is `f = x => e`, `v[i:a..b] = e` is `v = array[a..b](i => e)`. */
export function member({ name, index, parameters, value }: MemberParts): Member {
  let expression = value.expression;
  if (parameters !== undefined) {
    const range = join(placeOf(parameters.opener), value.range);
    expression = { kind: "lambda", ...parameters.content, body: expression, range };
  }
  if (index !== undefined) {
    const nameRange = placeOf(index.name);
    const initializer: Expression = {
      kind: "lambda",
      positional: [{ name: index.name.image, range: nameRange }],
      optional: [],
      body: expression,
      range: join(nameRange, value.range),
    };
    const range = join(placeOf(index.opener), value.range);
    const [first, last] = [index.first.expression, index.last.expression];
    expression = { kind: "array", first, last, initializer, range };
  }
  return { name: name.image, nameRange: placeOf(name), value: expression };
}

export function record({ opener, content, closer }: Enclosed<readonly Member[]>): Operand {
  const range = join(placeOf(opener), placeOf(closer));
  return asOperand({ kind: "record", members: content, range });
}

/** @throws CntkError "parsing" naming the second of two members with the same name */
export function refuseDuplicateMembers(members: readonly Member[]): void {
  const known = new Map<string, Member>();
  for (const member of members) {
    const earlier = known.get(member.name);
    if (earlier !== undefined) {
      throw definedTwice("member", member.name, member.nameRange, earlier.nameRange);
    }
    known.set(member.name, member);
  }
}

function definedTwice(what: string, name: string, second: SourceRange, first: SourceRange) {
  const hint = `the first '${name}' is at ${describePlace(first)}`;
  const message = `the ${what} '${name}' is given twice`;
  return new CntkError("parsing", message, { hint, ranges: [second] });
}

export function addParameter(to: Parameters, token: IToken, value: Operand | undefined): void {
  const parameter = { name: token.image, range: placeOf(token) };
  const earlier = [...to.positional, ...to.optional].find(({ name }) => name === parameter.name);
  if (earlier !== undefined) {
    throw definedTwice("parameter", parameter.name, parameter.range, earlier.range);
  }
  if (value === undefined) to.positional.push(parameter);
  else to.optional.push({ ...parameter, defaultValue: value.expression });
}

export function addArgument(to: Arguments, token: IToken | undefined, value: Operand): void {
  if (token === undefined) {
    to.positional.push(value.expression);
    return;
  }
  const argument = { name: token.image, nameRange: placeOf(token), value: value.expression };
  const earlier = to.named.find(({ name }) => name === argument.name);
  if (earlier !== undefined) {
    throw definedTwice("argument", argument.name, argument.nameRange, earlier.nameRange);
  }
  to.named.push(argument);
}

/** @throws CntkError "parsing" unless the text before `=>` is one name */
export function expectParameterName({ expression, range }: Operand): void {
  if (expression.kind === "identifier") return;
  const message = "expected a single parameter name before '=>'";
  const hint =
    "inside a longer expression a function stands in parentheses: (x => ...); several parameters are written f(x, y) = ...";
  throw new CntkError("parsing", message, { hint, ranges: [range] });
}

export function lambda(parameter: Operand, body: Operand): Operand {
  assert(parameter.expression.kind === "identifier");
  const { name, range } = parameter.expression;
  return asOperand({
    kind: "lambda",
    positional: [{ name, range }],
    optional: [],
    body: body.expression,
    range: join(parameter.range, body.range),
  });
}

const isPrefixOperator = (text: string): text is PrefixOperator => /^[-+!]$/.test(text);

export function withPrefixes(prefixes: readonly IToken[], operand: Operand): Operand {
  return prefixes.reduceRight((inner, prefix) => {
    assert(isPrefixOperator(prefix.image));
    const range = join(placeOf(prefix), inner.range);
    const [operator, operand] = [prefix.image, inner.expression];
    return asOperand({ kind: "prefix", operator, operand, range });
  }, operand);
}

export function memberAccess(operand: Operand, name: IToken): Operand {
  return asOperand({
    kind: "member",
    record: operand.expression,
    name: name.image,
    nameRange: placeOf(name),
    range: join(operand.range, placeOf(name)),
  });
}

export function indexAccess(operand: Operand, index: Operand, closer: IToken): Operand {
  const range = join(operand.range, placeOf(closer));
  const [vector, position] = [operand.expression, index.expression];
  return asOperand({ kind: "index", vector, index: position, range });
}

export function call(operand: Operand, { content, closer }: Enclosed<Arguments>): Operand {
  const range = join(operand.range, placeOf(closer));
  return asOperand({ kind: "call", callee: operand.expression, ...content, range });
}

export function newExpression(keyword: IToken, className: IToken, operand: Operand): Operand {
  return asOperand({
    kind: "new",
    className: className.image,
    classRange: placeOf(className),
    operand: operand.expression,
    range: join(placeOf(keyword), operand.range),
  });
}

interface ConditionalParts {
  readonly condition: Operand;
  readonly thenBranch: Operand;
  readonly elseBranch: Operand;
}

export function conditional(keyword: IToken, parts: ConditionalParts): Operand {
  const { condition, thenBranch, elseBranch } = parts;
  return asOperand({
    kind: "if",
    condition: condition.expression,
    thenBranch: thenBranch.expression,
    elseBranch: elseBranch.expression,
    range: join(placeOf(keyword), elseBranch.range),
  });
}

export function list({ opener, content, closer }: Enclosed<readonly Operand[]>): Operand {
  const elements = content.map((element) => element.expression);
  return asOperand({ kind: "list", elements, range: join(placeOf(opener), placeOf(closer)) });
}

/** Parentheses leave no node, but belong to the place of what they enclose. */
export function parenthesized({ opener, content, closer }: Enclosed<Operand>): Operand {
  return { expression: content.expression, range: join(placeOf(opener), placeOf(closer)) };
}

interface ArrayParts {
  readonly first: Operand;
  readonly last: Operand;
  readonly initializer: Enclosed<Operand>;
}

export function arrayConstructor(keyword: IToken, parts: ArrayParts): Operand {
  const { first, last, initializer } = parts;
  return asOperand({
    kind: "array",
    first: first.expression,
    last: last.expression,
    initializer: initializer.content.expression,
    range: join(placeOf(keyword), placeOf(initializer.closer)),
  });
}

export function identifier(token: IToken): Operand {
  return asOperand({ kind: "identifier", name: token.image, range: placeOf(token) });
}

export function stringLiteral(token: IToken): Operand {
  return asOperand({ kind: "string", value: token.image.slice(1, -1), range: placeOf(token) });
}

export function boolLiteral(token: IToken): Operand {
  return asOperand({ kind: "bool", value: token.image === "true", range: placeOf(token) });
}

export function numberLiteral(token: IToken): Operand {
  return asOperand({ kind: "number", value: valueOfLiteral(token.image), range: placeOf(token) });
}
