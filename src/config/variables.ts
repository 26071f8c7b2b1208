/** Replaces `$name$` in a value of the outer configuration layer (config.md 5). */

import { cleanComments } from "../../grammar/config/comments.js";
import { CntkError } from "../../grammar/errors.js";
import { type SourceRange, SourceText } from "../../grammar/source.js";

const variable = /\$([A-Za-z_][^\s"'[\](){},/<>?;:\\|!@#%^&*+=~`$]*)\$/g;

/** The names of the variables that a text mentions. */
export function variablesIn(text: string): string[] {
  return Array.from(text.matchAll(variable), ([, name = ""]) => name);
}

/** Variables that double and double would fill any memory. */
const longestValue = 1_000_000;

export interface Expansion {
  /** key path of the entry whose value is expanded, for messages */
  readonly entry: string;
  /** the entry itself and the variables it is the value of, outermost first; what is in here refers to itself */
  readonly trail: readonly string[];
  /** the expanded value of a variable; the error of an unknown one */
  readonly lookUp: (name: string, trail: readonly string[]) => SourceText | undefined;
  readonly hintForUnknown: (name: string) => string;
}

/**
 * The text with all variables replaced. Anything else with a `$` stays. Values come in as plain text, so comments are
 * looked for once more.
 * @throws CntkError "configuring" for a variable that is unknown, refers to itself or has several lines
 */
export function expandVariables(text: SourceText, expansion: Expansion): SourceText {
  const parts: SourceText[] = [];
  let done = 0;
  for (const match of text.text.matchAll(variable)) {
    const [written, name = ""] = match;
    const end = match.index + written.length;
    const place = text.rangeOf(match.index, end);
    parts.push(text.slice(done, match.index), valueOf(name, place, expansion));
    done = end;
  }
  if (parts.length === 0) return text;
  const length = parts.reduce((sum, part) => sum + part.length, text.length - done);
  if (length > longestValue) {
    const message = `${expansion.entry}: a value may have up to ${longestValue} characters, with its variables it has ${length}`;
    throw new CntkError("configuring", message, { ranges: [text.rangeOf(0, text.length)] });
  }
  return cleanComments(SourceText.concat([...parts, text.slice(done)])).trim();
}

function valueOf(name: string, place: SourceRange, expansion: Expansion): SourceText {
  const { entry, trail, lookUp, hintForUnknown } = expansion;
  const fail = (message: string, hint: string | undefined) =>
    new CntkError("configuring", `${entry}: ${message}`, { hint, ranges: [place] });
  const known = trail.findIndex((earlier) => earlier.toLowerCase() === name.toLowerCase());
  if (known >= 0) {
    const circle = [...trail.slice(known), name].join(" -> ");
    const hint = `give it a value behind the config file on the command line: ${name}=...`;
    throw fail(`the variable $${name}$ refers to itself: ${circle}`, hint);
  }
  const value = lookUp(name, trail);
  if (value === undefined) throw fail(`unknown variable $${name}$`, hintForUnknown(name));
  if (/[\r\n]/.test(value.text)) {
    throw fail(`the value of $${name}$ has several lines`, "write it on one line");
  }
  return value;
}
