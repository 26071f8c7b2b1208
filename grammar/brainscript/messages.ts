/** Says in a user's words what the parser expected and what it found instead. */

import type { IParserErrorMessageProvider, IRecognitionException, IToken } from "chevrotain";
import type { TokenType } from "chevrotain";
import { EOF } from "../chevrotain.js";
import { CntkError } from "../errors.js";
import { describePlace } from "../source.js";
import { describeToken, placeOf, type TokenStream } from "./tokenizer.js";
import * as tokens from "./tokens.js";

const closerOf: ReadonlyMap<TokenType, TokenType> = new Map([
  [tokens.ParenthesisOpen, tokens.ParenthesisClose],
  [tokens.BracketOpen, tokens.BracketClose],
  [tokens.BraceOpen, tokens.BraceClose],
  [tokens.ListOpen, tokens.ListClose],
]);
const closers: ReadonlySet<TokenType> = new Set(closerOf.values());

const describe = (token: IToken | undefined) =>
  describeToken(token?.tokenType === EOF ? undefined : token);

const label = (type: TokenType) => type.LABEL ?? type.name;

/** What may stand in a rule where a name or a closing bracket is missing; the rule's own names are not for users. */
const missingName: ReadonlyMap<string, string> = new Map([
  ["operand", "a member name after '.'"],
  ["newExpression", "a class name after 'new'"],
  ["index", "a name for the index after '['"],
  ["parameterList", "a parameter name"],
]);

/** What a list may go on with instead of being closed: at its beginning, and behind its first element. */
const insteadOfCloser: ReadonlyMap<string, readonly [string, string]> = new Map([
  ["record", ["a member", "a member"]],
  ["callArguments", ["an argument", "','"]],
  ["parameters", ["a parameter name", "','"]],
  ["list", ["an expression", "';'"]],
]);

function missingCloser(closer: TokenType, previous: IToken, ruleName: string): string {
  const [first, later] = insteadOfCloser.get(ruleName) ?? [];
  const instead = closerOf.has(previous.tokenType) ? first : later;
  return instead === undefined ? label(closer) : `${instead} or ${label(closer)}`;
}

function missing(expected: TokenType, previous: IToken, ruleName: string): string {
  if (closers.has(expected)) return missingCloser(expected, previous, ruleName);
  if (expected === tokens.Identifier) return missingName.get(ruleName) ?? label(expected);
  const isAfterName = previous.tokenType === tokens.Identifier;
  if (expected === tokens.Assign && isAfterName) return `'=' after the name '${previous.image}'`;
  return label(expected);
}

export const parserMessages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual, previous, ruleName }) =>
    `expected ${missing(expected, previous, ruleName)}, found ${describe(actual)}`,
  buildNotAllInputParsedMessage: ({ firstRedundant, ruleName }) =>
    ruleName === "members"
      ? `expected a member or the end of the text, found ${describe(firstRedundant)}`
      : `expected an operator or the end of the text, found ${describe(firstRedundant)}`,
  buildNoViableAltMessage: ({ actual }) => `expected an expression, found ${describe(actual[0])}`,
  buildEarlyExitMessage: ({ actual }) => `expected an expression, found ${describe(actual[0])}`,
};

/** What Chevrotain found, as the error to throw. */
export function syntaxError(exception: IRecognitionException, stream: TokenStream): CntkError {
  const { token, message } = exception;
  const isEnd = token.tokenType === EOF;
  const position = isEnd ? stream.tokens.length : stream.tokens.indexOf(token);
  const previous = stream.tokens[position - 1];
  const isOpen = isEnd || /'[\])}|]+', found/.test(message);
  const opener = isOpen ? openerHint(stream.tokens.slice(0, position)) : undefined;
  const hint = habitHint(exception, previous) ?? opener;
  const error = new CntkError("parsing", message, {
    hint,
    ranges: [isEnd ? stream.end : placeOf(token)],
  });
  return withIncludes(error, stream);
}

/** Adds the `include` directives through which the parser came to the place of the error. */
export function withIncludes(error: CntkError, stream: TokenStream): CntkError {
  let result = error;
  let directive = stream.includedFrom.get(error.ranges[0]?.file ?? { name: "", text: "" });
  while (directive !== undefined) {
    result = result.at(directive);
    directive = stream.includedFrom.get(directive.file);
  }
  return result;
}

/** Advice for what is written in other languages but not here. */
function habitHint(
  { token, message, context }: IRecognitionException,
  previous: IToken | undefined,
) {
  const isMemberExpected = message.startsWith("expected a member or");
  if (tokens.isKeyword(token) && (isMemberExpected || / name( after '.')?,/.test(message))) {
    return `'${token.image}' is reserved and cannot be a name`;
  }
  if (context.ruleStack.at(-1) === "index") return "an array member is v[i:first..last] = value";
  if (closers.has(token.tokenType) && isSeparator(previous)) {
    return `remove the '${previous?.image ?? ""}' before it`;
  }
  if (!isMemberExpected) return undefined;
  switch (token.tokenType) {
    case tokens.Semicolon:
      return "one ';' at most stands behind a member";
    case tokens.Comma:
      return "members are separated by a line end or ';', not by ','";
    case tokens.Assign:
      return previous?.tokenType === tokens.Identifier
        ? `'${previous.image}' was taken for the value of the member before it`
        : "a bracket behind an operand is a call or an index, even on the next line; a ';' before it ends the member";
    default:
      return undefined;
  }
}

function isSeparator(token: IToken | undefined): boolean {
  return token?.tokenType === tokens.Comma || token?.tokenType === tokens.Semicolon;
}

function openerHint(before: readonly IToken[]): string | undefined {
  const open: IToken[] = [];
  for (const token of before) {
    if (closerOf.has(token.tokenType)) open.push(token);
    if (closers.has(token.tokenType)) open.pop();
  }
  const innermost = open.at(-1);
  if (innermost === undefined) return undefined;
  return `the '${innermost.image}' at ${describePlace(placeOf(innermost))} is not closed`;
}
