/** CntkError, the only error class for mistakes in a config, script, model or data file. */

import { caretExcerpt, describePlace, type SourceRange } from "./source.js";

/** What the program was doing; shown in front of every message. */
export type Phase =
  "reading" | "configuring" | "tokenizing" | "parsing" | "evaluating" | "validating" | "running";

export interface CntkErrorDetails {
  /** what to do about it; left out when there is nothing to say */
  readonly hint?: string | undefined;
  /** further lines to show, such as the operands of an operation */
  readonly notes?: readonly string[];
  /** places, innermost first */
  readonly ranges?: readonly SourceRange[];
  /** true once the whole chain of calls is known: further places are not added */
  readonly isTraced?: boolean;
  /** what was found instead of what was expected: if it is an argument of a call, the message is about that argument */
  readonly culprit?: Culprit | undefined;
}

export interface Culprit {
  readonly value: object;
  /** the message without the words before its first colon */
  readonly complaint: string;
}

/** A user's mistake. Any other exception is a bug in tscntk. */
export class CntkError extends Error {
  readonly phase: Phase;
  readonly hint: string | undefined;
  readonly notes: readonly string[];
  readonly ranges: readonly SourceRange[];
  readonly isTraced: boolean;
  readonly culprit: Culprit | undefined;

  constructor(phase: Phase, message: string, details: CntkErrorDetails = {}) {
    super(message);
    this.name = "CntkError";
    this.phase = phase;
    this.hint = details.hint;
    this.notes = details.notes ?? [];
    this.ranges = withoutRepetitions(details.ranges ?? []);
    this.isTraced = details.isTraced ?? false;
    this.culprit = details.culprit;
  }

  /** The same error with one more enclosing place; a place already known is not repeated. */
  at(range: SourceRange | undefined): CntkError {
    return range === undefined ? this : this.#withRanges([range], this.isTraced);
  }

  /** The same error with the rest of its chain of calls; later places do not belong to it. */
  traced(callers: readonly SourceRange[]): CntkError {
    return this.#withRanges(callers, true);
  }

  /** The error as one about an argument, at the argument's place. */
  aboutArgument(name: string, range: SourceRange): CntkError {
    const message = `${name}: ${this.culprit?.complaint ?? this.message}`;
    return this.#with({ message, ranges: [range], culprit: undefined });
  }

  /** The same error in other words. */
  renamed(message: string): CntkError {
    return this.#with({ message });
  }

  /** The same error with further lines to show. */
  withNotes(notes: readonly string[]): CntkError {
    return this.#with({ notes: [...this.notes, ...notes] });
  }

  #withRanges(added: readonly SourceRange[], isTraced: boolean): CntkError {
    if (this.isTraced) return this;
    return this.#with({ ranges: [...this.ranges, ...added], isTraced });
  }

  #with(changes: CntkErrorDetails & { readonly message?: string }): CntkError {
    const { message = this.message, ...details } = changes;
    const { hint, notes, ranges, isTraced, culprit } = this;
    const kept = { hint, notes, ranges, isTraced, culprit };
    const error = new CntkError(this.phase, message, { ...kept, ...details });
    if (this.stack !== undefined) error.stack = this.stack;
    return error;
  }

  /**
   * The text the program prints: place, message, excerpt with caret, hint, chain of calls.
   * @param kind what stands before the message
   */
  format(kind: string = this.phase): string {
    const user = this.ranges.filter((range) => range.file.isLibrary !== true);
    const library = this.ranges.filter((range) => range.file.isLibrary === true);
    const [first, ...callers] = user.length > 0 ? user : library;
    const place = first === undefined ? "" : `${describePlace(first)}: `;
    const lines = [`${place}${kind}: ${this.message}`];
    if (first !== undefined) lines.push(caretExcerpt(first));
    if (this.hint !== undefined) lines.push(`  hint: ${this.hint}`);
    for (const note of this.notes) lines.push(`  ${note}`);
    const innermostOfLibrary = user.length > 0 ? library[0] : undefined;
    if (innermostOfLibrary !== undefined)
      lines.push(`  raised in ${describePlace(innermostOfLibrary)}`);
    for (const caller of callers.slice(0, 10)) lines.push(`  called from ${describePlace(caller)}`);
    if (callers.length > 10) lines.push(`  ... and ${callers.length - 10} more`);
    // what a damaged file holds must not move the cursor of a terminal
    return lines.join("\n").replace(/[^\P{Cc}\n]/gu, "\u{FFFD}");
  }
}

function withoutRepetitions(ranges: readonly SourceRange[]): readonly SourceRange[] {
  return ranges.filter(
    (range, index) => !ranges.slice(0, index).some((known) => tellsNothingNew(range, known)),
  );
}

/** True for an expression around a known place or within it, and for the library's own calls behind any place. */
function tellsNothingNew(range: SourceRange, known: SourceRange): boolean {
  if (range.file.isLibrary === true) return true;
  return range.file === known.file && (encloses(range, known) || encloses(known, range));
}

const encloses = (outer: SourceRange, inner: SourceRange) =>
  outer.start <= inner.start && outer.end >= inner.end;

/** Adds a place to a CntkError on its way up; anything else passes unchanged. */
export function located(error: unknown, range: SourceRange | undefined): unknown {
  return error instanceof CntkError ? error.at(range) : error;
}

/** What an error of the system says: `ENOENT: no such file or directory, ...`. It may come from another realm. */
export function reasonOf(error: unknown): string {
  const hasMessage = typeof error === "object" && error !== null && "message" in error;
  return String(hasMessage ? error.message : error);
}

/** The known name nearest to a misspelt one, if any is near enough to be meant. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(Math.max(1, Math.floor(name.length / 3)) + 1, name.length);
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, removals, substitutions and swaps of neighbours that turn one text into the other. */
function editDistance(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  const cost = (row: number, column: number) => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= other.length; column++) {
      const [a, b] = [one[row - 1], other[column - 1]];
      const isSwap = a === other[column - 2] && b === one[row - 2];
      current.push(
        Math.min(
          cost(row - 1, column - 1) + (a === b ? 0 : 1),
          cost(row - 1, column) + 1,
          cost(row, column - 1) + 1,
          isSwap ? cost(row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return cost(one.length, other.length);
}
