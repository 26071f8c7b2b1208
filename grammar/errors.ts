/** CntkError, the only error class for mistakes in a config, script, model or data file. */

import { caretExcerpt, describePlace, type SourceRange } from "./source.js";

/** What the program was doing; shown in front of every message. */
export type Phase =
  "reading" | "configuring" | "tokenizing" | "parsing" | "evaluating" | "validating" | "running";

export interface CntkErrorDetails {
  /** what to do about it; left out when there is nothing to say */
  readonly hint?: string | undefined;
  /** places, innermost first */
  readonly ranges?: readonly SourceRange[];
  /** true once the whole chain of calls is known: further places are not added */
  readonly isTraced?: boolean;
}

/** A user's mistake. Any other exception is a bug in tscntk. */
export class CntkError extends Error {
  readonly phase: Phase;
  readonly hint: string | undefined;
  readonly ranges: readonly SourceRange[];
  readonly isTraced: boolean;

  constructor(phase: Phase, message: string, details: CntkErrorDetails = {}) {
    super(message);
    this.name = "CntkError";
    this.phase = phase;
    this.hint = details.hint;
    this.ranges = details.ranges ?? [];
    this.isTraced = details.isTraced ?? false;
  }

  /** The same error with one more enclosing place; a place already known is not repeated. */
  at(range: SourceRange | undefined): CntkError {
    return range === undefined ? this : this.#withRanges([range], this.isTraced);
  }

  /** The same error with the rest of its chain of calls; later places do not belong to it. */
  traced(callers: readonly SourceRange[]): CntkError {
    return this.#withRanges(callers, true);
  }

  #withRanges(added: readonly SourceRange[], isTraced: boolean): CntkError {
    const ranges = [...this.ranges];
    for (const range of this.isTraced ? [] : added) {
      if (!ranges.some((known) => samePlace(known, range))) ranges.push(range);
    }
    const error = new CntkError(this.phase, this.message, { hint: this.hint, ranges, isTraced });
    if (this.stack !== undefined) error.stack = this.stack;
    return error;
  }

  /** The text the program prints: place, message, excerpt with caret, hint, chain of calls. */
  format(): string {
    const user = this.ranges.filter((range) => range.file.isLibrary !== true);
    const library = this.ranges.filter((range) => range.file.isLibrary === true);
    const [first, ...callers] = user.length > 0 ? user : library;
    const place = first === undefined ? "" : `${describePlace(first)}: `;
    const lines = [`${place}${this.phase}: ${this.message}`];
    if (first !== undefined) lines.push(caretExcerpt(first));
    if (this.hint !== undefined) lines.push(`  hint: ${this.hint}`);
    const innermostOfLibrary = user.length > 0 ? library[0] : undefined;
    if (innermostOfLibrary !== undefined)
      lines.push(`  raised in ${describePlace(innermostOfLibrary)}`);
    for (const caller of callers.slice(0, 10)) lines.push(`  called from ${describePlace(caller)}`);
    if (callers.length > 10) lines.push(`  ... and ${callers.length - 10} more`);
    return lines.join("\n");
  }
}

function samePlace(one: SourceRange, other: SourceRange): boolean {
  return one.file === other.file && one.start === other.start;
}

/** Adds a place to a CntkError on its way up; anything else passes unchanged. */
export function located(error: unknown, range: SourceRange | undefined): unknown {
  return error instanceof CntkError ? error.at(range) : error;
}

/** The known name nearest to a misspelt one, if any is near enough to be meant. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(Math.max(1, Math.floor(name.length / 3)) + 1, name.length);
  for (const candidate of known) {
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
