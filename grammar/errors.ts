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
}

/** A user's mistake. Any other exception is a bug in tscntk. */
export class CntkError extends Error {
  readonly phase: Phase;
  readonly hint: string | undefined;
  readonly ranges: readonly SourceRange[];

  constructor(phase: Phase, message: string, details: CntkErrorDetails = {}) {
    super(message);
    this.name = "CntkError";
    this.phase = phase;
    this.hint = details.hint;
    this.ranges = details.ranges ?? [];
  }

  /** The same error with one more enclosing place; a place already known is not repeated. */
  at(range: SourceRange | undefined): CntkError {
    if (range === undefined || this.ranges.some((known) => samePlace(known, range))) return this;
    const details = { hint: this.hint, ranges: [...this.ranges, range] };
    return new CntkError(this.phase, this.message, details);
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
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance. */
function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const substitution =
        (previous[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1);
      const removal = (previous[column] ?? 0) + 1;
      const insertion = (current[column - 1] ?? 0) + 1;
      current.push(Math.min(substitution, removal, insertion));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
