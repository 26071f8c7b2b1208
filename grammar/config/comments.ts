/** Removes comments from the text of the outer configuration layer (config.md 3). */

import { SourceText } from "../source.js";

/**
 * The text without comments, without lines that are empty then, and with LF for CR LF. Only the first `#` of a line
 * counts, and only at its beginning or after a blank; quotes do not protect it.
 */
export function cleanComments(text: SourceText): SourceText {
  const kept: { start: number; end: number }[] = [];
  const keep = (start: number, end: number) => {
    const last = kept.at(-1);
    if (last?.end === start) last.end = end;
    else kept.push({ start, end });
  };
  const lines = /([^\r\n]*)(\r\n|\r|\n|$)/g;
  for (const match of text.text.matchAll(lines)) {
    const [, line = "", lineEnd = ""] = match;
    const [from, to] = withoutComment(line);
    if (from === to) continue;
    keep(match.index + from, match.index + to);
    const end = match.index + line.length + lineEnd.length;
    if (lineEnd !== "") keep(end - 1, end);
  }
  const isUnchanged = kept.length === 1 && kept[0]?.start === 0 && kept[0].end === text.length;
  return isUnchanged
    ? text
    : SourceText.concat(kept.map(({ start, end }) => text.slice(start, end)));
}

/** Beginning and end of what is left of a line. */
function withoutComment(line: string): [number, number] {
  const comment = line.indexOf("#");
  if (comment < 0) return [0, line.length];
  const before = line.slice(0, comment);
  if (before.trim() === "") return [0, 0];
  if (!/[ \t]$/.test(before)) return [0, line.length];
  return [before.length - before.trimStart().length, comment];
}
