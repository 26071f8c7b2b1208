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
  const around: Surroundings = {
    before: stream.tokens.slice(0, position),
    previous: stream.tokens[position - 1],
    next: stream.tokens[position + 1],
  };
  const hint = habitHint(exception, around) ?? bracketHint(exception, around);
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

/** The tokens around the one that does not fit. */
interface Surroundings {
  readonly before: readonly IToken[];
  readonly previous: IToken | undefined;
  readonly next: IToken | undefined;
}

/** Advice for what is written in other languages but not here. */
function habitHint(
  { token, message, context }: IRecognitionException,
  { previous, next }: Surroundings,
): string | undefined {
  const isMemberExpected = message.startsWith("expected a member or");
  const reserved = reservedWord(
    token,
    previous,
    isMemberExpected || / name( after '.')?,/.test(message),
  );
  if (reserved !== undefined) return `'${reserved}' is reserved and cannot be a name`;
  if (context.ruleStack.at(-1) === "index") return "an array member is v[i:first..last] = value";
  if (closers.has(token.tokenType) && isSeparator(previous)) {
    return `remove the '${previous?.image ?? ""}' before it`;
  }
  if (message.startsWith("expected '='") && token.image === "-") {
    return "a name has letters, digits and '_'";
  }
  if (!isMemberExpected) {
    return token.tokenType === tokens.Assign ? "two values are compared by '=='" : undefined;
  }
  switch (token.tokenType) {
    case tokens.Semicolon:
      return "one ';' at most stands behind a member";
    case tokens.Comma:
      return "members are separated by a line end or ';', not by ','";
    case tokens.Assign:
      return previous?.tokenType === tokens.Identifier
        ? `'${previous.image}' was taken for the value of the member before it`
        : "a bracket behind an operand is a call or an index, even on the next line; a ';' before it ends the member";
    case tokens.NumberToken:
      if (previous?.tokenType === tokens.NumberToken && isDirectlyBehind(token, previous)) {
        return `'${previous.image}${token.image}' is not a number`;
      }
      return next?.tokenType === tokens.Identifier && isDirectlyBehind(next, token)
        ? "a name begins with a letter or '_'"
        : undefined;
    default:
      return undefined;
  }
}

function isDirectlyBehind(token: IToken, previous: IToken): boolean {
  const [place, before] = [placeOf(token), placeOf(previous)];
  return place.file === before.file && place.start === before.end;
}

/** The keyword that somebody took for a name: where a name is expected, or in front of a '='. */
function reservedWord(
  token: IToken,
  previous: IToken | undefined,
  isNameExpected: boolean,
): string | undefined {
  if (tokens.isKeyword(token)) return isNameExpected ? token.image : undefined;
  const isNamed = token.tokenType === tokens.Assign && previous !== undefined;
  return isNamed && tokens.isKeyword(previous) ? previous.image : undefined;
}

const separators: ReadonlySet<TokenType> = new Set([tokens.Comma, tokens.Semicolon, tokens.Colon]);

function isSeparator(token: IToken | undefined): boolean {
  return token !== undefined && separators.has(token.tokenType);
}

/** What begins a value: behind another one, something between the two is missing. */
const beginnings: ReadonlySet<TokenType> = new Set([
  tokens.Identifier,
  tokens.NumberToken,
  tokens.StringToken,
]);

function bracketHint(
  { token, message, context }: IRecognitionException,
  { before, next }: Surroundings,
): string | undefined {
  const isEnd = token.tokenType === EOF;
  if (!isEnd && !/'[\])}|]+', found/.test(message)) return undefined;
  const open = openBrackets(before);
  if (message.startsWith("expected a member or") && !isEnd) {
    const isStray = !open.some(({ tokenType }) => closerOf.get(tokenType) === token.tokenType);
    if (!closers.has(token.tokenType)) return undefined;
    if (isStray) return `no bracket is open that '${token.image}' closes`;
  }
  const isArgument = beginnings.has(token.tokenType) && next?.tokenType !== tokens.Assign;
  if (isArgument && context.ruleStack.at(-1) === "callArguments") {
    return "arguments are separated by ',', elements of a list by ':'";
  }
  const innermost = open.at(-1);
  if (innermost === undefined) return undefined;
  return `the '${innermost.image}' at ${describePlace(placeOf(innermost))} is not closed`;
}

function openBrackets(before: readonly IToken[]): readonly IToken[] {
  const open: IToken[] = [];
  for (const token of before) {
    if (closerOf.has(token.tokenType)) open.push(token);
    if (closers.has(token.tokenType)) open.pop();
  }
  return open;
}
