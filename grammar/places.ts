/** Arithmetic on places in the source. */

import type { SourceRange, SourceText } from "./source.js";

/** The empty place after another one. */
export function behind(place: SourceRange): SourceRange {
  return { file: place.file, start: place.end, end: place.end };
}

/** From the beginning of one place to the end of another, as far as both lie in one file. */
export function join(first: SourceRange, last: SourceRange): SourceRange {
  const isOneStretch = first.file === last.file && last.end >= first.start;
  return isOneStretch ? { file: first.file, start: first.start, end: last.end } : first;
}

/**
 * The place of characters [start, end). Unlike `SourceText.rangeOf`, one that is put together from several pieces,
 * such as `"$dir$/x"` or a block without its comments, reaches to its end if that lies behind in the same file.
 */
export function placeIn(text: SourceText, start: number, end: number): SourceRange {
  const range = text.rangeOf(start, end);
  return range.end - range.start >= end - start ? range : join(range, text.rangeOf(end - 1, end));
}
