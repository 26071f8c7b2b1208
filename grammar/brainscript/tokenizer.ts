/** Cuts BrainScript into tokens with their places and replaces `include "path"` (brainscript.md section 2). */

import type { IToken, Lexer as ChevrotainLexer } from "chevrotain";
import { Lexer } from "../chevrotain.js";
import { CntkError, located } from "../errors.js";
import { behind, join, placeIn } from "../places.js";
import { type SourceFile, type SourceRange, SourceText } from "../source.js";
import { allTokens, Include, isKeyword, StringToken } from "./tokens.js";
import { UnclosedComment, UnclosedString } from "./tokens.js";

/** Finds and reads the file of an `include`; `from` is the place of the directive. */
export type ResolveInclude = (path: string, from: SourceRange) => SourceFile;

/** The tokens of a script, those of included files in their place. */
export interface TokenStream {
  readonly tokens: readonly IToken[];
  /** just behind the last token */
  readonly end: SourceRange;
  /** for an included file, the place of the directive that included it last */
  readonly includedFrom: ReadonlyMap<SourceFile, SourceRange>;
}

/** The place of a token. */
export function placeOf(token: IToken): SourceRange {
  return token.payload as SourceRange; // tokensOf() has set it
}

/** What a message calls a token; none is the end of the text. */
export function describeToken(token: IToken | undefined): string {
  if (token === undefined) return "the end of the text";
  if (token.tokenType === StringToken) return `the string ${shortened(token.image)}`;
  return isKeyword(token) ? `the keyword '${token.image}'` : `'${token.image}'`;
}

function shortened(quoted: string): string {
  const line = quoted.replace(/[\r\n][^]*/, "");
  return line.length < quoted.length || line.length > 40 ? `${line.slice(0, 37)}...` : line;
}

/**
 * Cuts a text into tokens, replacing every `include "path"` by the tokens of that file.
 * @throws CntkError "tokenizing" for what is no token and for files that include each other
 */
export function tokenize(text: SourceText, resolveInclude: ResolveInclude): TokenStream {
  const includedFrom = new Map<SourceFile, SourceRange>();
  const tokens = tokensOf(text, { resolveInclude, includedFrom, open: [] });
  const last = tokens.at(-1);
  const end = last === undefined ? text.rangeOf(text.length, text.length) : behind(placeOf(last));
  return { tokens, end, includedFrom };
}

interface IncludeContext {
  readonly resolveInclude: ResolveInclude;
  readonly includedFrom: Map<SourceFile, SourceRange>;
  /** names of the files being included, outermost first */
  readonly open: readonly string[];
}

let sharedLexer: ChevrotainLexer | undefined;

/** Built on first use: it is expensive, and many runs need no BrainScript. */
function lexer(): ChevrotainLexer {
  sharedLexer ??= new Lexer(allTokens, { positionTracking: "onlyOffset", skipValidations: true });
  return sharedLexer;
}

function tokensOf(text: SourceText, context: IncludeContext): IToken[] {
  const { tokens, errors } = lexer().tokenize(text.text);
  const unclosed = tokens.find(
    ({ tokenType }) => tokenType === UnclosedComment || tokenType === UnclosedString,
  );
  const unexpected = errors[0]?.offset ?? Infinity;
  if (unexpected < (unclosed?.startOffset ?? Infinity)) throw unexpectedCharacter(text, unexpected);
  if (unclosed !== undefined) throw notClosed(text, unclosed);
  for (const token of tokens) {
    const end = token.startOffset + token.image.length;
    token.payload = placeIn(text, token.startOffset, end);
  }
  return tokens.some((token) => token.tokenType === Include)
    ? replaceIncludes(tokens, context)
    : tokens;
}

function unexpectedCharacter(text: SourceText, offset: number): CntkError {
  const character = String.fromCodePoint(text.text.codePointAt(offset) ?? 0);
  const variable = /^\$[A-Za-z_][^\s$"']*\$/.exec(text.text.slice(offset, offset + 100))?.[0];
  if (variable !== undefined) {
    const hint = "$variables$ are replaced in the config itself, not in the files it includes";
    const ranges = [text.rangeOf(offset, offset + variable.length)];
    const message = `unexpected character '$': the variable ${variable} has not been replaced`;
    return new CntkError("tokenizing", message, { hint, ranges });
  }
  const ranges = [text.rangeOf(offset, offset + character.length)];
  const hint = characterHints.get(character);
  const message = `unexpected character ${describeCharacter(character)}`;
  return new CntkError("tokenizing", message, { hint, ranges });
}

/** A character that looks like another one, or like nothing, is told by its number. */
function describeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const number = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  if (code > 0x20 && code < 0x7f) return `'${character}'`;
  return /[\p{C}\p{Z}]/u.test(character) ? number : `'${character}' (${number})`;
}

const quoteHint = "strings stand between straight quotes, \" or '";
const characterHints: ReadonlyMap<string, string> = new Map([
  ["&", "the logical operator is '&&'"],
  ["|", "the logical operator is '||'; a list is written [| a; b |]"],
  ["^", "the power operator is '**'"],
  ["“", quoteHint],
  ["”", quoteHint],
  ["‘", quoteHint],
  ["’", quoteHint],
  ["–", "minus is '-'"],
  ["−", "minus is '-'"],
  ["×", "products are written '*' and '.*'"],
  ["\u00A0", "this is a no-break space; write an ordinary one"],
  ["\uFEFF", "this is a byte order mark; only the first character of a file may be one"],
  ["\0", "save the file as UTF-8 text"],
]);

function notClosed(text: SourceText, opener: IToken): CntkError {
  const ranges = [text.rangeOf(opener.startOffset, opener.startOffset + opener.image.length)];
  return opener.tokenType === UnclosedComment
    ? new CntkError("tokenizing", "the comment is not closed: expected '*/'", { ranges })
    : new CntkError("tokenizing", `the string is not closed: expected ${opener.image}`, { ranges });
}

function replaceIncludes(tokens: readonly IToken[], context: IncludeContext): IToken[] {
  const result: IToken[] = [];
  let keyword: IToken | undefined;
  for (const token of tokens) {
    if (keyword !== undefined) {
      for (const included of include(keyword, token, context)) result.push(included);
      keyword = undefined;
    } else if (token.tokenType === Include) {
      keyword = token;
    } else {
      result.push(token);
    }
  }
  if (keyword !== undefined) throw noFileName(keyword, undefined);
  return result;
}

function include(keyword: IToken, path: IToken, context: IncludeContext): IToken[] {
  if (path.tokenType !== StringToken) throw noFileName(keyword, path);
  const directive = join(placeOf(keyword), placeOf(path));
  const file = resolve(path.image.slice(1, -1), directive, context);
  const open = [...context.open, directive.file.name];
  if (open.includes(file.name)) {
    const files = [...open.slice(open.indexOf(file.name)), file.name].join("' includes '");
    const message = `a file cannot include itself: '${files}'`;
    throw new CntkError("tokenizing", message, { ranges: [directive] });
  }
  context.includedFrom.set(file, directive);
  try {
    return tokensOf(SourceText.of(file), { ...context, open });
  } catch (error) {
    throw located(error, directive);
  }
}

function resolve(path: string, directive: SourceRange, context: IncludeContext): SourceFile {
  try {
    return context.resolveInclude(path, directive);
  } catch (error) {
    throw located(error, directive);
  }
}

function noFileName(keyword: IToken, found: IToken | undefined): CntkError {
  const message = `expected a file name in quotes after 'include', found ${describeToken(found)}`;
  const place = found === undefined ? behind(placeOf(keyword)) : placeOf(found);
  return new CntkError("tokenizing", message, { ranges: [place] });
}
