/** The learning rate after an epoch, as the criterion asks for it: adjustAfterEpoch (training.md 13.1). */

import { printf } from "../script/printf.js";
import type { AutoAdjustSettings } from "./auto-adjust-settings.js";
import { notANumber } from "./criterion.js";

export interface FinishedEpoch {
  /** counted from 0 */
  readonly epoch: number;
  /** average of the criterion that controls the rate */
  readonly criterion: number;
  readonly learningRatePerSample: number;
  /** goes back to the model after so many epochs. @returns what its checkpoint says */
  readonly rollBackTo: (epochs: number) => {
    readonly learningRatePerSample: number;
    readonly previousCriterion: number;
  };
}

export interface Verdict {
  /** for the next epoch */
  readonly learningRatePerSample: number;
  readonly isRolledBack: boolean;
  /** true: the rate was reduced and did not help, the model is final */
  readonly isFinished: boolean;
}

/** Judges epoch after epoch, by the average over an interval of them. */
export class LearningRateControl {
  readonly #settings: AutoAdjustSettings;
  /** epochs with a rate of their own in the config are not adjusted */
  readonly #explicitRates: number;
  readonly #log: (text: string) => void;
  #average = Infinity;
  #previous = Infinity;
  /** epochs of the first interval that ran before the training was resumed */
  #uncounted: number;
  #isReducing = false;

  constructor(
    settings: AutoAdjustSettings,
    explicitRates: number,
    startEpoch: number,
    log: (text: string) => void,
  ) {
    this.#settings = settings;
    this.#explicitRates = explicitRates;
    this.#uncounted = startEpoch % settings.learnRateAdjustInterval;
    this.#log = log;
  }

  /** What the last finished interval gave; Infinity before there was one. */
  get previousCriterion(): number {
    return this.#previous;
  }

  /** Continues with what a checkpoint says; without one CNTK takes 0. */
  resumeWith(previousCriterion: number): void {
    this.#previous = previousCriterion;
  }

  /** @throws CntkError "running" if the criterion is NaN and there is nothing to go back to */
  judge(finished: FinishedEpoch): Verdict {
    const { epoch, criterion, learningRatePerSample } = finished;
    const interval = this.#settings.learnRateAdjustInterval;
    const position = (epoch % interval) + 1;
    const isLast = position === interval;
    this.#average = this.#averageWith(criterion, position);
    const isAdjusted =
      this.#settings.autoAdjustLR === "adjustAfterEpoch" && epoch >= this.#explicitRates && isLast;
    if (!isAdjusted && Number.isNaN(this.#average)) throw notANumber();
    const verdict = isAdjusted
      ? this.#adjust(finished)
      : { learningRatePerSample, isRolledBack: false, isFinished: false };
    if (isLast && !verdict.isRolledBack) {
      this.#previous = this.#average;
      this.#uncounted = 0;
    }
    return verdict;
  }

  /** The first epoch of an interval begins anew, also after a NaN. */
  #averageWith(criterion: number, position: number): number {
    const before = position - 1 - this.#uncounted;
    if (before <= 0 || this.#average === Infinity) return criterion;
    return (before * this.#average + criterion) / (before + 1);
  }

  #adjust({ epoch, learningRatePerSample, rollBackTo }: FinishedEpoch): Verdict {
    const { loadBestModel, continueReduce, learnRateAdjustInterval } = this.#settings;
    const isRolledBack = this.#isWorse() && loadBestModel;
    let rate = learningRatePerSample;
    if (isRolledBack) {
      const epochs = epoch + 1 - learnRateAdjustInterval;
      // the initial model has no checkpoint
      if (epochs <= 0) throw notANumber();
      const state = rollBackTo(epochs);
      rate = state.learningRatePerSample;
      this.#previous = state.previousCriterion;
    }
    if (!continueReduce) {
      return { learningRatePerSample: this.#adjustedOnce(rate), isRolledBack, isFinished: false };
    }
    const isFinished = this.#isSmall() && this.#isReducing;
    if (this.#isSmall()) this.#isReducing = true;
    if (this.#isReducing && !isFinished) rate = this.#reduced(rate);
    return { learningRatePerSample: rate, isRolledBack, isFinished };
  }

  #adjustedOnce(rate: number): number {
    const { increaseLearnRateIfImproveMoreThan, learnRateIncreaseFactor } = this.#settings;
    if (this.#isSmall()) return this.#reduced(rate);
    const isLarge =
      this.#previous !== Infinity &&
      this.#previous - this.#average > increaseLearnRateIfImproveMoreThan * this.#previous;
    if (!isLarge) return rate;
    const increased = rate * learnRateIncreaseFactor;
    this.#log(printf("learnRatePerSample increased to %.8g", increased));
    return increased;
  }

  #reduced(rate: number): number {
    const reduced = rate * this.#settings.learnRateDecreaseFactor;
    this.#log(printf("learnRatePerSample reduced to %.8g", reduced));
    return reduced;
  }

  #isWorse(): boolean {
    if (Number.isNaN(this.#average)) return true;
    return this.#previous !== Infinity && this.#previous - this.#average < 0;
  }

  /** True if the improvement is too small; after a rollback against the criterion before that. */
  #isSmall(): boolean {
    if (Number.isNaN(this.#average)) return true;
    const least = this.#settings.reduceLearnRateIfImproveLessThan * this.#previous;
    return this.#previous !== Infinity && this.#previous - this.#average <= least;
  }
}
