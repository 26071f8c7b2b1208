/** Where text comes from: files, ranges in them, and texts assembled from pieces of several files. */

/** A text with a name to show in messages; `isLibrary` marks our own standard library. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
  readonly isLibrary?: boolean;
  /** number of the first line of `text`, where that is a part of a large file; 1 if left out */
  readonly firstLine?: number;
}

/** A half-open stretch of characters of one file. */
export interface SourceRange {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
}

/** Line and column of an offset, both counted from 1. */
export function positionOf(file: SourceFile, offset: number): { line: number; column: number } {
  const before = file.text.slice(0, offset);
  const lines = before.split(/\r\n|\r|\n/);
  const line = (file.firstLine ?? 1) + lines.length - 1;
  return { line, column: (lines.at(-1) ?? "").length + 1 };
}

/** `file:line:column`, as every message shows a place. */
export function describePlace(range: SourceRange): string {
  const { line, column } = positionOf(range.file, range.start);
  return `${range.file.name}:${line}:${column}`;
}

/** The source line of a range with carets under it; a range over several lines is marked on the first. */
export function caretExcerpt(range: SourceRange): string {
  const { line, column } = positionOf(range.file, range.start);
  const text = range.file.text.split(/\r\n|\r|\n/)[line - (range.file.firstLine ?? 1)] ?? "";
  const window = excerptWindow(text, column - 1);
  const width = Math.max(1, Math.min(range.end - range.start, text.length - (column - 1)));
  const gutter = `${line}`.padStart(3);
  const shown = text.slice(window.from, window.to).replace(/\t/g, " ");
  const blanks = " ".repeat(column - 1 - window.from);
  const carets = "^".repeat(Math.max(1, Math.min(width, window.to - (column - 1))));
  return `${gutter} | ${shown}\n${" ".repeat(gutter.length)} | ${blanks}${carets}`;
}

/** Very long lines are cut to the part around the mistake. */
function excerptWindow(text: string, column: number): { from: number; to: number } {
  const limit = 120;
  if (text.length <= limit) return { from: 0, to: text.length };
  const from = Math.max(0, column - limit / 2);
  return { from, to: Math.min(text.length, from + limit) };
}

interface Piece {
  readonly file: SourceFile;
  /** where the piece begins in its file */
  readonly start: number;
  readonly length: number;
}

/**
 * A text whose characters remember the file they come from. The outer configuration layer cuts comments, expands
 * `$variables$` and joins files; the result still knows the original place of every character.
 */
export class SourceText {
  readonly text: string;
  readonly #pieces: readonly Piece[];
  /** where each piece begins in the text */
  readonly #offsets: readonly number[];

  private constructor(text: string, pieces: readonly Piece[]) {
    this.text = text;
    this.#pieces = pieces;
    let offset = 0;
    this.#offsets = pieces.map(({ length }) => (offset += length) - length);
  }

  static of(file: SourceFile): SourceText {
    return new SourceText(file.text, [{ file, start: 0, length: file.text.length }]);
  }

  static concat(parts: readonly SourceText[]): SourceText {
    return new SourceText(
      parts.map((part) => part.text).join(""),
      parts.flatMap((part) => part.#pieces),
    );
  }

  get length(): number {
    return this.text.length;
  }

  slice(start: number, end: number = this.length): SourceText {
    const pieces: Piece[] = [];
    const first = this.#pieceAt(start);
    let at = this.#offsets[first] ?? 0;
    for (let index = first; index < this.#pieces.length; index++) {
      const piece = this.#pieces[index];
      if (piece === undefined) break;
      const from = Math.max(start, at);
      const to = Math.min(end, at + piece.length);
      if (to > from) {
        pieces.push({ file: piece.file, start: piece.start + (from - at), length: to - from });
      }
      at += piece.length;
      if (at >= end) break;
    }
    return new SourceText(this.text.slice(start, end), pieces);
  }

  trim(): SourceText {
    const start = this.text.length - this.text.trimStart().length;
    return this.slice(start, Math.max(start, this.text.trimEnd().length));
  }

  /** The place of characters [start, end): as much of them as lies in the file where the first one lies. */
  rangeOf(start: number, end: number): SourceRange {
    const index = this.#pieceAt(start);
    const piece = this.#pieces[index];
    if (piece === undefined) return this.#endRange();
    const from = piece.start + (start - (this.#offsets[index] ?? 0));
    const to = Math.min(piece.start + piece.length, from + Math.max(0, end - start));
    return { file: piece.file, start: from, end: to };
  }

  /** The piece with the character at an offset, found by halving: a config has a piece for every line. */
  #pieceAt(offset: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const end = (this.#offsets[middle] ?? 0) + (this.#pieces[middle]?.length ?? 0);
      if (offset < end) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #endRange(): SourceRange {
    const last = this.#pieces.at(-1);
    if (last === undefined) return { file: { name: "(empty)", text: "" }, start: 0, end: 0 };
    const end = last.start + last.length;
    return { file: last.file, start: end, end };
  }
}
