/**
 * Warnings about the outer layer of a config: what CNTK reads without a word, though hardly anyone means it (config.md 3,
 * 4 and 6). A warning is a CntkError that nobody throws.
 */

import { CntkError, nearestName } from "../../grammar/errors.js";
import type { SourceRange } from "../../grammar/source.js";
import { isKnownKey, KNOWN_KEYS } from "./known-keys.js";
import type { UsedEntry } from "./section.js";
import { variablesIn } from "./variables.js";

type EntryLint = (entry: UsedEntry, usedVariables: ReadonlySet<string>) => CntkError | undefined;

/** In this order: an entry gets one warning at most. */
const ENTRY_LINTS: readonly EntryLint[] = [
  slashComment,
  strayBracket,
  lostBehindBracket,
  oddKey,
  commentInValue,
  unreadFlag,
  unreadKey,
];

/** Warnings about the entries of a configuration that has been read as a run would read it. */
export function lintEntries(entries: readonly UsedEntry[]): CntkError[] {
  const variables = new Set(
    entries.flatMap(({ entry }) => variablesIn(entry.value.text)).map((name) => name.toLowerCase()),
  );
  return entries
    .filter((used) => !isBehindSlashes(used))
    .flatMap((used) => {
      for (const lint of ENTRY_LINTS) {
        const warning = lint(used, variables);
        if (warning !== undefined) return [warning];
      }
      return [];
    });
}

function warning(range: SourceRange, message: string, hint?: string): CntkError {
  return new CntkError("configuring", message, { hint, ranges: [range] });
}

/** What stands before a place on its line. */
function lineBefore({ file, start }: SourceRange): string {
  const line = Math.max(
    file.text.lastIndexOf("\n", start - 1),
    file.text.lastIndexOf("\r", start - 1),
  );
  return file.text.slice(line + 1, start);
}

const isName = (key: string): boolean => /^[A-Za-z_][^\s"'[\](){}<>?:|!@#%^&*+~`$]*$/.test(key);

const COMMENT_HINT = "comments begin with # at the beginning of a line or after a blank";

function slashComment({ entry }: UsedEntry): CntkError | undefined {
  const opener = /^\/[/*]/.exec(entry.key)?.[0];
  if (opener === undefined) return undefined;
  return warning(
    entry.keyRange,
    `'${opener}' begins no comment outside of BrainScript: the text is read as keys and values`,
    COMMENT_HINT,
  );
}

/** The other entries that come of such a comment are not worth a word of their own. */
function isBehindSlashes({ entry }: UsedEntry): boolean {
  return /(?:^|[\s,;])\/[/*]/.test(lineBefore(entry.keyRange));
}

function strayBracket({ entry }: UsedEntry): CntkError | undefined {
  const bracket = /^[\])}]/.exec(entry.key)?.[0];
  if (bracket === undefined) return undefined;
  return warning(entry.keyRange, `a closing '${bracket}' without its opening bracket`);
}

/** `a = [x=1].y`, `a = "x" + "y"`, `a = f(x) y`. */
function lostBehindBracket({ entry, isRead }: UsedEntry): CntkError | undefined {
  const before = lineBefore(entry.keyRange).trimEnd();
  const closer = /[\])}"]$/.exec(before)?.[0];
  if (closer === undefined || !before.includes("=")) return undefined;
  if (isName(entry.key) && (!entry.isFlag || isRead)) return undefined;
  return warning(
    entry.keyRange,
    `'${entry.key}' is lost: a value ends with its first ${closer === '"' ? "quoted text" : "pair of brackets"}`,
    closer === '"'
      ? "put all of the value between one pair of quotes; quoted elements of a list stand in parentheses"
      : "the next entry stands on a line of its own, or behind ';'",
  );
}

function oddKey({ entry, isRead }: UsedEntry): CntkError | undefined {
  if (isRead || isName(entry.key)) return undefined;
  return warning(
    entry.keyRange,
    `'${entry.key}' is no name of a key`,
    "',' and ';' end a value; a list of values is written a:b or (a, b)",
  );
}

/** `a = 1# one` keeps what looks like a comment, and so does `a = 1 // one`. */
function commentInValue({ entry }: UsedEntry): CntkError | undefined {
  const { file, start } = entry.valueRange;
  if (entry.isFlag || /["[{(]/.test(file.text.charAt(start))) return undefined;
  const match = /[^\s#]#(?=\s|$)|\s\/\//.exec(entry.value.text);
  if (match === null) return undefined;
  const at = match.index + 1;
  const opener = match[0].slice(1);
  return warning(
    entry.value.rangeOf(at, at + opener.length),
    `'${opener}' begins no comment here: it belongs to the value of ${entry.key}`,
    COMMENT_HINT,
  );
}

/** The `q` of `a = p, q`. */
function unreadFlag(used: UsedEntry, variables: ReadonlySet<string>): CntkError | undefined {
  const { entry } = used;
  if (!entry.isFlag || isUsed(used, variables)) return undefined;
  const isBehindComma = lineBefore(entry.keyRange).trimEnd().endsWith(",");
  return warning(
    entry.keyRange,
    `'${entry.key}' stands for ${entry.key}=true, and nobody reads it`,
    isBehindComma ? "',' ends a value; a list of values is written a:b or (a, b)" : undefined,
  );
}

function unreadKey(used: UsedEntry, variables: ReadonlySet<string>): CntkError | undefined {
  const { entry, section, asked } = used;
  if (isUsed(used, variables)) return undefined;
  const nearest = nearestName(entry.key, [...asked]) ?? nearestName(entry.key, KNOWN_KEYS);
  const isSection = /^[[{(]/.test(entry.value.text);
  // sections have names that users choose: commands, streams, blocks put aside
  if (isSection && (nearest === undefined || section === "" || isPutAside(entry.key))) {
    return undefined;
  }
  const spelling = KNOWN_KEYS.find((key) => key.toLowerCase() === nearest?.toLowerCase());
  return warning(
    entry.keyRange,
    `nobody reads the key '${entry.key}'${section === "" ? "" : ` of ${section}`}`,
    nearest === undefined ? undefined : `did you mean '${spelling ?? nearest}'?`,
  );
}

function isUsed({ entry, isRead }: UsedEntry, variables: ReadonlySet<string>): boolean {
  return isRead || isKnownKey(entry.key) || variables.has(entry.key.toLowerCase());
}

/** `SGD_old`, `BrainScriptNetworkBuilder_disabled`. */
function isPutAside(key: string): boolean {
  return KNOWN_KEYS.some((known) => key.toLowerCase().startsWith(`${known.toLowerCase()}_`));
}
