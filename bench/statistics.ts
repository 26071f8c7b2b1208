/** Medians, ratios and verdicts over what was measured. */

/** The middle value, or the mean of the two in the middle. NaN for none */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** Largest relative difference between two series, as far as both go. NaN if one of them is empty */
export function largestDifference(one: readonly number[], other: readonly number[]): number {
  const count = Math.min(one.length, other.length);
  if (count === 0) return NaN;
  const differences = one.slice(0, count).map((value, index) => {
    const reference = other[index] ?? NaN;
    return Math.abs(value - reference) / Math.abs(reference);
  });
  return differences.some(Number.isNaN) ? NaN : Math.max(...differences);
}

/** True if a network learned: its loss fell, and below what a constant output has. A dead one is faster and wrong. */
export function hasLearned(losses: readonly number[], constantLoss: number): boolean {
  const [first = NaN] = losses;
  const last = losses.at(-1) ?? NaN;
  return losses.length > 1 && last < first && last < constantLoss;
}

/** What one contestant did on one workload, over all rounds. */
export interface Outcome {
  readonly contestant: string;
  /** undefined for us */
  readonly library: string | undefined;
  /** what it says about itself: version, or how it computes */
  readonly version: string;
  /** of every epoch or interval that counts */
  readonly speeds: readonly number[];
  /** in order, the first included */
  readonly losses: readonly number[];
  /** largest relative difference to the losses of our reference on the same minibatches; NaN where there is none */
  readonly lossDifference: number;
  /** why it does not count; undefined if it does */
  readonly failure: string | undefined;
}

export const speedOf = ({ speeds }: Pick<Outcome, "speeds">) => median(speeds);

/** The fastest of those that did not fail. */
export function fastest(outcomes: readonly Outcome[]): Outcome | undefined {
  const valid = outcomes.filter(
    ({ failure, speeds }) => failure === undefined && speeds.length > 0,
  );
  return valid.sort((one, other) => speedOf(other) - speedOf(one))[0];
}

export interface Ratio {
  readonly ours: string;
  readonly peer: string;
  readonly value: number;
}

/** Our contestants, each against the fastest of every library, best of ours first. */
export function ratios(outcomes: readonly Outcome[]): Ratio[] {
  const ours = outcomes.filter(
    ({ library, failure }) => library === undefined && failure === undefined,
  );
  const libraries = [...new Set(outcomes.flatMap(({ library }) => library ?? []))];
  return libraries.flatMap((library) => {
    const best = fastest(outcomes.filter((outcome) => outcome.library === library));
    if (best === undefined) return [];
    return ours.map((outcome) => ({
      ours: outcome.contestant,
      peer: best.contestant,
      value: speedOf(outcome) / speedOf(best),
    }));
  });
}
