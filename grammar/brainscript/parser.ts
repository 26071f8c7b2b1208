/** Reads BrainScript: text in, syntax tree out. */

import type { IToken } from "chevrotain";
import type { Expression, Member } from "../ast.js";
import { CntkError } from "../errors.js";
import type { SourceText } from "../source.js";
import { BrainScriptGrammar } from "./grammar.js";
import { syntaxError, withIncludes } from "./messages.js";
import { placeOf, type ResolveInclude, tokenize, type TokenStream } from "./tokenizer.js";

export type { ResolveInclude } from "./tokenizer.js";

let sharedGrammar: BrainScriptGrammar | undefined;

/** Built on first use, once: it takes longer than parsing. A test validates the grammar. */
function grammar(): BrainScriptGrammar {
  sharedGrammar ??= new BrainScriptGrammar({ skipValidations: true });
  return sharedGrammar;
}

/**
 * The members that a script adds to the global record.
 * @throws CntkError "tokenizing" or "parsing"
 */
export function parseScript(text: SourceText, resolveInclude: ResolveInclude): readonly Member[] {
  return parse(tokenize(text, resolveInclude), (rules) => rules.members());
}

/** @throws CntkError "tokenizing" or "parsing" */
export function parseExpression(text: SourceText, resolveInclude: ResolveInclude): Expression {
  return parse(tokenize(text, resolveInclude), (rules) => rules.expression()).expression;
}

function parse<Result>(stream: TokenStream, rule: (rules: BrainScriptGrammar) => Result): Result {
  const rules = grammar();
  rules.input = [...stream.tokens];
  let result: Result;
  try {
    result = rule(rules);
  } catch (error) {
    if (error instanceof CntkError) throw withIncludes(error, stream);
    throw error instanceof RangeError ? tooDeep(rules.next, stream) : error;
  }
  const [exception] = rules.errors;
  if (exception !== undefined) throw syntaxError(exception, stream);
  return result;
}

/** The grammar's limit is reached, or even the stack is used up: no config written by hand gets there. */
function tooDeep(reached: IToken, stream: TokenStream): CntkError {
  const known = stream.tokens.includes(reached) ? placeOf(reached) : stream.end;
  const message = "brackets and expressions are nested too deeply";
  const hint = "give inner expressions a name: inner = ...";
  return withIncludes(new CntkError("parsing", message, { hint, ranges: [known] }), stream);
}
