/** The words of BrainScript (brainscript.md section 2); labels are what messages call them. */

import type { IToken, TokenType } from "chevrotain";
import { createToken, Lexer } from "../chevrotain.js";

/** Operators with two operands, `:` among them; the parser knows their precedence. */
export const Infix = createToken({ name: "Infix", label: "an operator", pattern: Lexer.NA });
/** Operators with one operand; `+` and `-` are infix too. */
export const Prefix = createToken({
  name: "Prefix",
  label: "a prefix operator",
  pattern: Lexer.NA,
});

export const Identifier = createToken({
  name: "Identifier",
  label: "a name",
  pattern: /[A-Za-z_][A-Za-z_0-9]*/,
});
export const NumberToken = createToken({
  name: "NumberToken",
  label: "a number",
  // A C floating literal, except that it never takes the first dot of `..`.
  pattern:
    /0[xX](?:[0-9a-fA-F]+(?:\.(?!\.)[0-9a-fA-F]*)?|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?|(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?/,
});
export const StringToken = createToken({
  name: "StringToken",
  label: "a string",
  pattern: /"[^"]*"|'[^']*'/,
  line_breaks: true,
});

function keyword(word: string, categories: TokenType[] = []): TokenType {
  return createToken({
    name: `Keyword ${word}`,
    label: `'${word}'`,
    pattern: word,
    longer_alt: Identifier,
    categories,
  });
}

export const Include = keyword("include");
export const New = keyword("new");
export const With = keyword("with", [Infix]);
export const True = keyword("true");
export const False = keyword("false");
export const If = keyword("if");
export const Then = keyword("then");
export const Else = keyword("else");
export const ArrayKeyword = keyword("array");
const keywords = [Include, New, With, True, False, If, Then, Else, ArrayKeyword];

export const isKeyword = (token: IToken): boolean => keywords.includes(token.tokenType);

function symbol(text: string, categories: TokenType[] = []): TokenType {
  return createToken({ name: `Symbol ${text}`, label: `'${text}'`, pattern: text, categories });
}

export const ListOpen = symbol("[|");
export const ListClose = symbol("|]");
export const Arrow = symbol("=>");
export const DotDot = symbol("..");
export const Assign = symbol("=");
export const Semicolon = symbol(";");
export const Comma = symbol(",");
export const BracketOpen = symbol("[");
export const BracketClose = symbol("]");
export const ParenthesisOpen = symbol("(");
export const ParenthesisClose = symbol(")");
export const BraceOpen = symbol("{");
export const BraceClose = symbol("}");
export const Dot = symbol(".");
export const Colon = symbol(":", [Infix]);

const twoCharacterOperators = ["**", ".*", "||", "&&", "<<", ">>", "==", "!=", ">=", "<="];
const oneCharacterOperators = ["*", "/", "%", "<", ">"];
const infixSymbol = (text: string) => symbol(text, [Infix]);
const Plus = symbol("+", [Infix, Prefix]);
const Minus = symbol("-", [Infix, Prefix]);
const Not = symbol("!", [Prefix]);

const skipped = { group: Lexer.SKIPPED };
const Blank = createToken({ name: "Blank", pattern: /[ \t\r\n]+/, line_breaks: true, ...skipped });
const LineComment = createToken({ name: "LineComment", pattern: /(?:#|\/\/)[^\r\n]*/, ...skipped });
const BlockComment = createToken({
  name: "BlockComment",
  pattern: /\/\*[^]*?\*\//,
  line_breaks: true,
  ...skipped,
});
// These two match only where the complete token above them did not.
export const UnclosedComment = createToken({ name: "UnclosedComment", pattern: "/*" });
export const UnclosedString = createToken({ name: "UnclosedString", pattern: /["']/ });

/** In the order in which they are tried. */
export const allTokens: TokenType[] = [
  Blank,
  LineComment,
  BlockComment,
  UnclosedComment,
  NumberToken,
  ...keywords,
  Identifier,
  StringToken,
  UnclosedString,
  ListOpen,
  ListClose,
  Arrow,
  ...twoCharacterOperators.map(infixSymbol),
  DotDot,
  Assign,
  Semicolon,
  Comma,
  BracketOpen,
  BracketClose,
  ParenthesisOpen,
  ParenthesisClose,
  BraceOpen,
  BraceClose,
  Dot,
  Colon,
  ...oneCharacterOperators.map(infixSymbol),
  Plus,
  Minus,
  Not,
  Infix,
  Prefix,
];
