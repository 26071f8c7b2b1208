/** Warnings about comments whose quotes and brackets count all the same (config.md 3 and 4.1). */

import { CntkError } from "../../grammar/errors.js";
import type { SourceFile } from "../../grammar/source.js";

/**
 * What matters about a text here: quoted text, and what looks like a comment. Only `#` at the beginning of a line or
 * behind a blank is cut out before brackets are matched; the other kinds are comments of BrainScript alone.
 */
const pieces = new RegExp(
  [
    String.raw`(?<quoted>"[^"\r\n]*")`,
    String.raw`(?<=^|[ \t])(?<cut>#[^\r\n]*)`,
    String.raw`(?<=[^ \t])(?<hash>#[ \t][^\r\n]*)`,
    // lines of such comments that follow each other are one: brackets may be closed in the next one
    String.raw`(?<!:)(?<slashes>\/\/[^\r\n]*(?:(?:\r\n|\r|\n)[ \t]*\/\/[^\r\n]*)*)`,
    String.raw`(?<=^|[\s;,{}()[\]])(?<block>\/\*[^]*?\*\/)`,
  ].join("|"),
  "gm",
);

/** Warnings about the comments of a config file. */
export function lintComments(file: SourceFile): CntkError[] {
  return [...quotesCutByComments(file), ...commentsThatCount(file)];
}

/** `s = "a # b"`: the comment begins between the quotes. */
function quotesCutByComments(file: SourceFile): CntkError[] {
  return Array.from(file.text.matchAll(/^([^#\r\n]*[ \t])(#)([^\r\n]*)$/gm)).flatMap((match) => {
    const [, before = "", , after = ""] = match;
    const isQuoted = count(before, '"') % 2 === 1 && after.includes('"');
    const isSingleQuoted = /[=(,:{]\s*'[^']*$/.test(before) && after.includes("'");
    if (!isQuoted && !isSingleQuoted) return [];
    const start = match.index + before.length;
    return [
      new CntkError("configuring", "the '#' between quotes begins a comment all the same", {
        hint: "quotes do not protect a '#' behind a blank",
        ranges: [{ file, start, end: start + 1 }],
      }),
    ];
  });
}

function commentsThatCount(file: SourceFile): CntkError[] {
  return Array.from(file.text.matchAll(pieces)).flatMap((match) => {
    const comment = match.groups?.hash ?? match.groups?.slashes ?? match.groups?.block;
    const stray = comment === undefined ? undefined : strayCharacter(comment);
    if (comment === undefined || stray === undefined) return [];
    const opener = comment.startsWith("#") ? "#" : comment.slice(0, 2);
    const start = match.index + stray;
    return [
      new CntkError(
        "configuring",
        `the ${comment.charAt(stray)} in this comment counts: outside of BrainScript '${opener}' begins no comment here`,
        {
          hint: "close it, remove it, or write # behind a blank",
          ranges: [{ file, start, end: start + 1 }],
        },
      ),
    ];
  });
}

const openerOf: ReadonlyMap<string, string> = new Map([
  ["]", "["],
  ["}", "{"],
  [")", "("],
]);

/** Offset of a quote or bracket without partner; undefined if they all have one. */
function strayCharacter(comment: string): number | undefined {
  // what the outer layer cuts from a line of it does not count
  const kept = comment.replace(/(?<=[ \t])#[^\r\n]*/g, (cut) => " ".repeat(cut.length));
  const open: { readonly character: string; readonly at: number }[] = [];
  for (const { 0: character, index } of kept.matchAll(/["[\](){}]/g)) {
    const innermost = open.at(-1);
    if (innermost?.character === '"') {
      if (character === '"') open.pop();
    } else if (/["[({]/.test(character)) {
      open.push({ character, at: index });
    } else if (innermost === undefined || innermost.character !== openerOf.get(character)) {
      return index;
    } else {
      open.pop();
    }
  }
  return open.at(-1)?.at;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
