/** What a text parser has to say about its file: notes, warnings, and errors up to a limit (readers.md 1.4). */

import { CntkError } from "../../grammar/errors.js";
import type { SourceRange } from "../../grammar/source.js";

export interface TextEventOptions {
  readonly file: string;
  /** 0 errors only, 1 warnings too, 2 notes too */
  readonly traceLevel: number;
  /** mistakes to put up with before one is thrown */
  readonly maxErrors: number;
  readonly log: (line: string) => void;
}

/** Text in memory; positions in it are what events are told of. */
export interface TextInView {
  readonly bytes: Uint8Array;
  /** offset in the file that position 0 stands for */
  readonly begin: number;
  /** position at which the text begins; default 0 */
  readonly first?: number;
  /** 0-based number of the line there */
  readonly firstLine: () => number;
}

const LINE_FEED = 10;
/** Of a longer line only so many bytes are shown. */
const SHOWN_BYTES = 2 ** 20;

/** Tells of events by position, and throws when there are more mistakes than allowed in the reader's lifetime. */
export class TextEvents {
  readonly #options: TextEventOptions;
  #budget: number;
  #view: TextInView = { bytes: new Uint8Array(), begin: 0, firstLine: () => 0 };

  constructor(options: TextEventOptions) {
    this.#options = options;
    this.#budget = options.maxErrors;
  }

  /** Positions refer to this from now on. */
  enter(view: TextInView): void {
    this.#view = view;
  }

  get tellsNotes(): boolean {
    return this.#options.traceLevel >= 2;
  }

  note(position: number, message: string): void {
    if (this.tellsNotes) this.#options.log(`INFO: ${this.#located(position, message)}`);
  }

  warn(position: number, message: string): void {
    if (this.#options.traceLevel >= 1)
      this.#options.log(`WARNING: ${this.#located(position, message)}`);
  }

  /**
   * A mistake that counts.
   * @param shownAt the place to point at, where it is not `position`
   * @throws CntkError "reading" if maxErrors mistakes were made before
   */
  mistake(position: number, message: string, shownAt = position): void {
    if (this.#budget > 0) {
      this.#budget--;
      this.warn(position, message);
      return;
    }
    const { maxErrors, traceLevel } = this.#options;
    const limit = maxErrors > 0 ? `; this is one more than maxErrors = ${maxErrors} allows` : "";
    const hidden =
      traceLevel < 1 && maxErrors > 0 ? "traceLevel = 0 hid the warnings before this one; " : "";
    throw new CntkError("reading", this.#located(position, message) + limit, {
      hint: `${hidden}maxErrors in the reader section is the number of mistakes to skip`,
      ranges: [this.#rangeAt(shownAt)],
    });
  }

  /** A mistake that no limit excuses. */
  fatal(position: number, message: string, hint: string): CntkError {
    const ranges = [this.#rangeAt(position)];
    return new CntkError("reading", this.#located(position, message), { hint, ranges });
  }

  #located(position: number, message: string): string {
    return `${message}, at byte offset ${this.#view.begin + position} of ${this.#options.file}`;
  }

  /** The line at a position as a source of its own: the file may be too large for a string. */
  #rangeAt(position: number): SourceRange {
    const { bytes, first = 0, firstLine } = this.#view;
    const at = Math.min(position, Math.max(0, bytes.length - 1));
    const lineStart = at === 0 ? 0 : bytes.lastIndexOf(LINE_FEED, at - 1) + 1;
    const from = Math.max(lineStart, position - SHOWN_BYTES);
    const lineEnd = bytes.indexOf(LINE_FEED, at);
    const to = Math.min(lineEnd < 0 ? bytes.length : lineEnd, position + SHOWN_BYTES);
    let line = firstLine() + 1;
    for (let lf = bytes.indexOf(LINE_FEED, first); lf >= 0 && lf < lineStart; line++)
      lf = bytes.indexOf(LINE_FEED, lf + 1);
    const text = Buffer.from(bytes.subarray(from, to)).toString("utf8");
    const start = Buffer.from(bytes.subarray(from, position)).toString("utf8").length;
    const file = { name: this.#options.file, text, firstLine: line };
    return { file, start, end: start + 1 };
  }
}

/** How a message shows a byte. */
export function describeByte(byte: number | undefined): string {
  if (byte === undefined) return "the end of the sequence";
  if (byte === LINE_FEED) return "the end of the line";
  if (byte > 0x20 && byte < 0x7f) return `'${String.fromCharCode(byte)}'`;
  if (byte === 0x20) return "a blank";
  return `byte 0x${byte.toString(16).padStart(2, "0")}`;
}
