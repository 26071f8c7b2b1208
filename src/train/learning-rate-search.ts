/** A learning rate found by trials before the epoch: searchBeforeEpoch (training.md 13.2). */

import { printf } from "../script/printf.js";
import type { AutoAdjustSettings } from "./auto-adjust-settings.js";

/** Trains a short while and goes back. @returns the average criterion */
export type Trial = (learningRatePerSample: number, prefix: string) => Promise<number>;

export interface LearningRateSearch {
  readonly epoch: number;
  readonly minibatchSize: number;
  /** samples of one trial, and of the epoch; 0 where the config does not say how many */
  readonly trialSamples: number;
  readonly epochSize: number;
  readonly minLearningRatePerSample: number;
  /** Infinity if it is not known */
  readonly previousCriterion: number;
  readonly trial: Trial;
  readonly log: (text: string) => void;
}

// The golden ratio's short form, as CNTK writes it.
const STEP = 0.618;
/** Both ends of a refinement are this near when it ends. */
const NEAR = 1.2;

/** Searches, and remembers the rates of the last epochs: the next search begins above the largest. */
export class LearningRateSearches {
  readonly #settings: AutoAdjustSettings;
  readonly #rates: number[] = [];

  constructor(settings: AutoAdjustSettings) {
    this.#settings = settings;
  }

  /** Takes over the rate of the checkpoint from which training goes on. */
  resumeWith(startEpoch: number, learningRatePerSample: number): void {
    this.#remember(startEpoch, learningRatePerSample);
  }

  #remember(epoch: number, rate: number): void {
    this.#rates[epoch % this.#settings.numPrevLearnRates] = rate;
  }

  /** The rate for the epoch. */
  async search(search: LearningRateSearch): Promise<number> {
    const base = await baseCriterion(search);
    const { rate, criterion } = await this.#firstGoodRate(search, base);
    const isRefined = search.epoch < this.#settings.numBestSearchEpoch;
    const best = isRefined ? await refined(search, rate, criterion) : rate;
    search.log(
      printf(
        " SearchForBestLearnRate Epoch[%d]: Best learningRatePerSample = %.10g, baseCriterion=%.10g",
        search.epoch + 1,
        best,
        base,
      ),
    );
    this.#remember(search.epoch, best);
    return best;
  }

  /** The largest rate of a falling sequence that does not make the criterion worse. */
  async #firstGoodRate(
    { minibatchSize, minLearningRatePerSample, trial }: LearningRateSearch,
    base: number,
  ): Promise<{ readonly rate: number; readonly criterion: number }> {
    const known = this.#rates.filter((rate) => rate > 0);
    const start =
      known.length === 0
        ? 1 / 8 / STEP / Math.sqrt(minibatchSize)
        : Math.max(...known) / STEP / STEP;
    for (let rate = start * STEP; ; rate *= STEP) {
      const criterion = await trial(rate, "AdaptiveLearnRateSearch:");
      // CNTK goes on after a NaN, for ever if it is one at any rate; the minimum ends the training anyway
      const isLast = rate <= 0.3 * minLearningRatePerSample;
      if (criterion <= base || isLast) return { rate, criterion };
    }
  }
}

/** What the criterion would be without learning, not better than it was in the epoch before. */
async function baseCriterion(search: LearningRateSearch): Promise<number> {
  const { epochSize, trialSamples, previousCriterion, trial } = search;
  const unchanged = await trial(0, "BaseAdaptiveLearnRateSearch:");
  const ratio = epochSize > 0 ? Math.sqrt(trialSamples / epochSize) : 0.3;
  const previous = previousCriterion === Infinity ? unchanged : previousCriterion;
  return Math.max(ratio * previous + (1 - ratio) * unchanged, unchanged);
}

/** Closes in on the best rate from both sides. */
async function refined(
  { minibatchSize, trial }: LearningRateSearch,
  rate: number,
  criterion: number,
): Promise<number> {
  let left = 0.01 / minibatchSize;
  let right = rate;
  let leftCriterion = await trial(left, "DetailBaseAdaptiveLearnRateSearch:");
  let rightCriterion = criterion;
  while (right > left * NEAR) {
    if (rightCriterion > leftCriterion) {
      right *= STEP;
      rightCriterion = await trial(right, "DetailRightAdaptiveLearnRateSearch:");
    } else {
      left /= STEP;
      leftCriterion = await trial(left, "DetailLeftAdaptiveLearnRateSearch:");
    }
  }
  return leftCriterion < rightCriterion ? left : right;
}
