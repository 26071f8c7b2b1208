/** Texts of the outer configuration layer as values of a type (config.md 6). */

import { CntkError } from "../../grammar/errors.js";
import { floatingLiteral, valueOfLiteral } from "../../grammar/number.js";
import type { SourceRange } from "../../grammar/source.js";

/** A text to read, with what messages say of it. */
export interface TypedText {
  /** key path */
  readonly name: string;
  readonly text: string;
  readonly range: SourceRange;
}

const truths: ReadonlySet<string> = new Set(["1", "t", "T", "true", "True", "TRUE"]);
const falsehoods: ReadonlySet<string> = new Set(["", "0", "f", "F", "false", "False", "FALSE"]);

/** @throws CntkError "configuring" if the text is no spelling of true or false */
export function readBool(value: TypedText): boolean {
  if (truths.has(value.text)) return true;
  if (falsehoods.has(value.text)) return false;
  const hint = "spellings: 1, t, T, true, True, TRUE; 0, f, F, false, False, FALSE";
  throw unexpected(value, "true or false", hint);
}

/** @throws CntkError "configuring" unless the whole text is decimal digits with an optional sign */
export function readInteger(value: TypedText): number {
  const number = Number(value.text);
  if (/^[-+]?\d+$/.test(value.text)) {
    if (Number.isSafeInteger(number)) return number;
    throw unexpected(value, `an integer up to ${Number.MAX_SAFE_INTEGER}`);
  }
  const isInteger = value.text !== "" && Number.isSafeInteger(number);
  throw unexpected(value, "an integer", isInteger ? `write ${number}` : undefined);
}

/** @throws CntkError "configuring" unless the whole text is a number of C, an infinity, or a number with `#INF` */
export function readReal(value: TypedText): number {
  const unsigned = value.text.replace(/^[-+]/, "");
  const sign = value.text.startsWith("-") ? -1 : 1;
  if (floatingLiteral.test(unsigned)) return sign * valueOfLiteral(unsigned);
  if (/^inf(?:inity)?$/i.test(unsigned)) return sign * Infinity;
  // Whatever its sign, as in CNTK.
  if (floatingLiteral.test(unsigned.replace(/#INF$/i, ""))) return Infinity;
  throw unexpected(value, "a number");
}

/** The error of a text that is not what is asked for. */
export function unexpected(value: TypedText, expected: string, hint?: string): CntkError {
  const message = `${value.name}: expected ${expected}, found ${quoted(value.text)}`;
  return new CntkError("configuring", message, { hint, ranges: [value.range] });
}

function quoted(text: string): string {
  if (text === "") return "an empty value";
  const line = text.replace(/\s*[\r\n][^]*/, "");
  const isWhole = line.length === text.length && line.length <= 40;
  return `"${isWhole ? line : `${line.slice(0, 37)}...`}"`;
}
