/** The tokens of the outer configuration layer and its pairs of brackets (config.md 4.1). */

import type { IToken, Lexer as ChevrotainLexer, TokenType } from "chevrotain";
import { createToken, createTokenInstance, Lexer } from "../chevrotain.js";
import { CntkError } from "../errors.js";
import { describePlace, type SourceText } from "../source.js";

/** Parts of an unquoted key; parts of an unquoted value or element; a pair of brackets or quotes with its content. */
export const KeyPart = createToken({ name: "KeyPart", pattern: Lexer.NA });
export const ValuePart = createToken({ name: "ValuePart", pattern: Lexer.NA });
export const Bracketed = createToken({ name: "Bracketed", pattern: Lexer.NA });

const Pair = createToken({ name: "Pair", pattern: Lexer.NA, categories: Bracketed });
const Quoted = createToken({
  name: "Quoted",
  pattern: /"[^"]*"/,
  line_breaks: true,
  categories: Bracketed,
});
/** What ends an entry or element: which characters do depends on what is split. */
export const Separator = createToken({ name: "Separator", pattern: Lexer.NA });
export const Equals = createToken({ name: "Equals", pattern: "=", categories: ValuePart });
export const Star = createToken({ name: "Star", pattern: "*", categories: [KeyPart, ValuePart] });
const Word = createToken({
  name: "Word",
  pattern: /[^"[\](){}=*,;: \t\r\n]+/,
  categories: [KeyPart, ValuePart],
});

const Blank = createToken({ name: "Blank", pattern: /[ \t]+/, group: Lexer.SKIPPED });
const LineEnd = createToken({ name: "LineEnd", pattern: /[\r\n]/, line_breaks: true });
const Punctuation = createToken({ name: "Punctuation", pattern: /[,;:]/ });
const Open = createToken({ name: "Open", pattern: /[[({]/ });
const Close = createToken({ name: "Close", pattern: /[\])}]/ });
const UnclosedQuote = createToken({ name: "UnclosedQuote", pattern: '"' });

/** What the lexer reads; `tokenize` turns the second line into separators, pairs and words. */
const lexed = [Blank, Word, Equals, Star, Quoted];
const reclassified = [LineEnd, Punctuation, Open, Close, UnclosedQuote];
/** What the grammar sees. */
export const grammarTokens: TokenType[] = [
  ...[Separator, Word, Equals, Star, Pair, Quoted],
  ...[KeyPart, ValuePart, Bracketed],
];

let sharedLexer: ChevrotainLexer | undefined;

function lexer(): ChevrotainLexer {
  sharedLexer ??= new Lexer([...lexed, ...reclassified], {
    positionTracking: "onlyOffset",
    skipValidations: true,
  });
  return sharedLexer;
}

const closerOf: ReadonlyMap<string, string> = new Map([
  ["[", "]"],
  ["{", "}"],
  ["(", ")"],
]);

/**
 * The tokens of a text as the grammar sees them, each outermost pair of brackets as one.
 * @param separators the characters that separate besides line ends, such as `,;`
 * @throws CntkError "configuring" where brackets do not match
 */
export function tokenize(text: SourceText, separators: string): IToken[] {
  const open: IToken[] = [];
  const pairs: (readonly [opener: IToken, closer: IToken])[] = [];
  const result: IToken[] = [];
  const { tokens } = lexer().tokenize(text.text);
  for (const token of tokens) {
    const innermost = open.at(-1);
    if (token.tokenType === UnclosedQuote) throw quoteNotClosed(text, token, tokens);
    if (token.tokenType === Open) open.push(token);
    if (token.tokenType === Close && innermost !== undefined) {
      if (closerOf.get(innermost.image) !== token.image) throw wrongCloser(text, innermost, token);
      open.pop();
      pairs.push([innermost, token]);
      if (open.length === 0) result.push(pairOf(text, innermost, token));
    } else if (open.length === 0) {
      result.push(...classify(token, separators));
    }
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) throw notClosed(text, unclosed, pairs);
  return result;
}

/** A closing bracket outside any pair is an ordinary character, as in CNTK. */
function classify(token: IToken, separators: string): IToken[] {
  switch (token.tokenType) {
    case LineEnd:
      return [as(Separator, token.image, token.startOffset)];
    case Punctuation: {
      const type = separators.includes(token.image) ? Separator : Word;
      return [as(type, token.image, token.startOffset)];
    }
    case Close:
      return [as(Word, token.image, token.startOffset)];
    case Word:
    case Star:
      return splitWord(token, separators);
    default:
      return [token];
  }
}

/** A custom separator, such as `|`, is found inside words. */
function splitWord(token: IToken, separators: string): IToken[] {
  const isCut = Array.from(separators).some((separator) => token.image.includes(separator));
  if (!isCut) return [token];
  let offset = token.startOffset;
  const result: IToken[] = [];
  for (const part of token.image) {
    result.push(as(separators.includes(part) ? Separator : Word, part, offset));
    offset += part.length;
  }
  return result;
}

function pairOf(text: SourceText, opener: IToken, closer: IToken): IToken {
  const image = text.text.slice(opener.startOffset, closer.startOffset + 1);
  return as(Pair, image, opener.startOffset);
}

function as(type: TokenType, image: string, start: number): IToken {
  return createTokenInstance(type, image, start, start + image.length - 1, NaN, NaN, NaN, NaN);
}

const bracketHint = "brackets count in // comments and '...' strings, too";
const quoteHint = "a quote ends at the next quote; a blank and '#' begin a comment, even in quotes";

const placeOf = (text: SourceText, { startOffset }: IToken) =>
  text.rangeOf(startOffset, startOffset + 1);

/**
 * A bracket that is left open takes the closing bracket of the one around it, and so on, so that an outer one is open in
 * the end. The culprit is the first pair whose lines are indented differently.
 */
function notClosed(
  text: SourceText,
  unclosed: IToken,
  pairs: readonly (readonly [opener: IToken, closer: IToken])[],
): CntkError {
  const lines = new Lines(text.text);
  const suspect = pairs.find(([opener, closer]) => {
    const { start, indentation } = lines.at(closer.startOffset);
    const isFirstOfLine = start + indentation === closer.startOffset;
    return isFirstOfLine && indentation < lines.at(opener.startOffset).indentation;
  });
  const [opener, taken] = suspect ?? [unclosed, undefined];
  const hint =
    taken === undefined
      ? bracketHint
      : `by its indentation, the '${taken.image}' at ${describePlace(placeOf(text, taken))} does not belong to it`;
  const message = `the '${opener.image}' is not closed: expected '${closerOf.get(opener.image) ?? ""}'`;
  return new CntkError("configuring", message, { hint, ranges: [placeOf(text, opener)] });
}

interface Line {
  readonly start: number;
  /** blanks and tabs that it begins with */
  readonly indentation: number;
}

/** The lines of a text by offset. A text may be one long line with very many brackets, so each line is looked at once. */
class Lines {
  readonly #lines: readonly Line[];

  constructor(text: string) {
    this.#lines = [...text.matchAll(/^[ \t]*/gm)].map(({ index, 0: { length } }) => ({
      start: index,
      indentation: length,
    }));
  }

  /** The line with the character at an offset, found by halving. */
  at(offset: number): Line {
    let [low, high] = [0, this.#lines.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lines[middle]?.start ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return this.#lines[low] ?? { start: 0, indentation: 0 };
  }
}

/** A quote that is left open ends at the next one, and so on: the first string over several lines is the culprit. */
function quoteNotClosed(text: SourceText, last: IToken, tokens: readonly IToken[]): CntkError {
  const opener =
    tokens.find(({ tokenType, image }) => tokenType === Quoted && image.includes("\n")) ?? last;
  const message = "the '\"' is not closed: expected '\"'";
  return new CntkError("configuring", message, {
    hint: quoteHint,
    ranges: [placeOf(text, opener)],
  });
}

function wrongCloser(text: SourceText, opener: IToken, found: IToken): CntkError {
  const place = describePlace(placeOf(text, opener));
  const expected = `'${closerOf.get(opener.image) ?? ""}' for the '${opener.image}' at ${place}`;
  return new CntkError("configuring", `expected ${expected}, found '${found.image}'`, {
    hint: bracketHint,
    ranges: [placeOf(text, found)],
  });
}
