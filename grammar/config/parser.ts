/** Splits the outer configuration layer into entries and array elements that know their place (config.md 4). */

import type { IToken } from "chevrotain";
import { CntkError } from "../errors.js";
import { placeIn } from "../places.js";
import type { SourceRange, SourceText } from "../source.js";
import { ConfigGrammar, type EntryTokens } from "./grammar.js";
import { tokenize } from "./tokens.js";

export interface Entry {
  readonly key: string;
  readonly keyRange: SourceRange;
  /** brackets included, quotes not; for a key without value the key itself */
  readonly value: SourceText;
  /** quotes included */
  readonly valueRange: SourceRange;
  /** a key without value, which stands for `true` */
  readonly isFlag: boolean;
}

/** `v*n`: n times the value v. */
export interface Repeated<Value> {
  readonly value: Value;
  readonly range: SourceRange;
  readonly repeat: number;
}

/** An array element with its value: brackets included, quotes not. */
export interface Element extends Repeated<SourceText> {
  /** the n of `v*n` */
  readonly repeatRange: SourceRange | undefined;
}

let sharedGrammar: ConfigGrammar | undefined;

/** Built on first use, once: it takes longer than parsing. A test validates the grammar. */
function grammar(): ConfigGrammar {
  sharedGrammar ??= new ConfigGrammar({ skipValidations: true });
  return sharedGrammar;
}

/**
 * The entries of a section's text, repeated keys as they come. Brackets around the text are taken off.
 * @throws CntkError "configuring" where brackets do not match or a value is missing
 */
export function parseEntries(text: SourceText): Entry[] {
  return entriesOf(text, ",;", true);
}

function entriesOf(text: SourceText, separators: string, isOutermost: boolean): Entry[] {
  const rules = grammar();
  rules.input = tokenize(text, separators);
  return rules.entries().flatMap((found) => {
    if (found.key.length > 0 || found.equals !== undefined) return [entry(text, found)];
    // A pair without key is taken off at the outermost position; deeper it is ignored, as in CNTK.
    if (!isOutermost) return [];
    const inside = contentOf(spanOf(text, found.value).text, ";");
    return entriesOf(inside.text, `,${inside.separator}`, false);
  });
}

function entry(text: SourceText, { key, equals, value }: EntryTokens): Entry {
  const found = spanOf(text, key);
  if (equals !== undefined && key.length === 0) {
    const place = spanOf(text, [equals]).range;
    throw new CntkError("configuring", "expected a key before '='", { ranges: [place] });
  }
  if (equals !== undefined && value.length === 0) {
    const hint = "an opening bracket stands on the line of its '='; an empty value is written \"\"";
    const ranges = [spanOf(text, [equals]).range];
    const message = `${found.text.text}: expected a value after '='`;
    throw new CntkError("configuring", message, { hint, ranges });
  }
  const isFlag = value.length === 0;
  const given = isFlag ? found : spanOf(text, value);
  return {
    key: found.text.text,
    keyRange: found.range,
    value: value.length === 1 ? withoutQuotes(given.text) : given.text,
    valueRange: given.range,
    isFlag,
  };
}

/**
 * The elements of an array, repetitions not expanded. Brackets around the text are taken off.
 * @throws CntkError "configuring" where brackets do not match
 */
export function parseElements(text: SourceText): Element[] {
  return elementsOf(text, ",:", true);
}

function elementsOf(text: SourceText, separators: string, isOutermost: boolean): Element[] {
  const rules = grammar();
  rules.input = tokenize(text, separators);
  return rules.elements().flatMap((parts) => {
    const { text: whole, range } = spanOf(text, parts);
    const { value, repeat, repeatRange } = withoutRepetition(whole);
    if (!isOutermost || !/^[[({]/.test(value.text)) {
      return [{ value: withoutQuotes(value), range, repeat, repeatRange }];
    }
    if (repeatRange !== undefined) {
      const message =
        "brackets around a whole array cannot be repeated: expected no '*' behind them";
      throw new CntkError("configuring", message, { ranges: [repeatRange] });
    }
    const inside = contentOf(value, ":");
    return elementsOf(inside.text, `,${inside.separator}`, false);
  });
}

/**
 * The elements of an array, `v*n` as n elements; none if n is not positive.
 * @throws CntkError "configuring" where brackets do not match, or for a number of elements that fits no memory
 */
export function parseArray(text: SourceText): SourceText[] {
  return expandElements(parseElements(text));
}

const mostElements = 10_000_000;

/** Each value as often as its repeat factor says. */
export function expandElements<Value>(elements: readonly Repeated<Value>[]): Value[] {
  let count = 0;
  return elements.flatMap(({ value, repeat, range }) => {
    count += Math.max(0, repeat);
    if (count > mostElements) {
      const message = `an array may have up to ${mostElements} elements, found ${count}`;
      throw new CntkError("configuring", message, { ranges: [range] });
    }
    return new Array<Value>(Math.max(0, repeat)).fill(value);
  });
}

interface Span {
  readonly text: SourceText;
  readonly range: SourceRange;
}

/** From the beginning of the first token to the end of the last one. */
function spanOf(text: SourceText, tokens: readonly IToken[]): Span {
  const first = tokens[0]?.startOffset ?? 0;
  const last = tokens.at(-1);
  const end = last === undefined ? first : last.startOffset + last.image.length;
  return { text: text.slice(first, end), range: placeIn(text, first, end) };
}

/** Quoted text without its quotes and without the blanks just inside them. */
function withoutQuotes(text: SourceText): SourceText {
  return text.text.startsWith('"') && text.text.indexOf('"', 1) === text.length - 1
    ? text.slice(1, text.length - 1).trim()
    : text;
}

/** What brackets enclose, and the character that separates there beside `,` and line ends. */
function contentOf(bracketed: SourceText, usual: string): { text: SourceText; separator: string } {
  const inner = bracketed.text.slice(1, -1);
  // A separator of one's own stands right behind the bracket; numbers and relative paths begin like one.
  const isCustom =
    /^[`~!@$%^&*_\-+|:;,?.]/.test(inner) && !/^(?:\.\.|\.[\\/]|[-+]?\.?\d)/.test(inner);
  return isCustom && !bracketed.text.startsWith('"')
    ? { text: bracketed.slice(2, bracketed.length - 1), separator: inner.charAt(0) }
    : { text: bracketed.slice(1, bracketed.length - 1), separator: usual };
}

function withoutRepetition(text: SourceText): Omit<Element, "range"> {
  const [, value, star, times] = /^([^]*?\S)([ \t]*\*[ \t]*)([-+]?\d+)$/.exec(text.text) ?? [];
  if (value === undefined || star === undefined || times === undefined) {
    return { value: text, repeat: 1, repeatRange: undefined };
  }
  const repeatRange = text.rangeOf(text.length - times.length, text.length);
  return { value: text.slice(0, value.length), repeat: Number(times), repeatRange };
}
