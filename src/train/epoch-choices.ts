/** Learning rate and minibatch size of an epoch: from the config, carried over, or found by trials (training.md 13). */

import { printf } from "../script/printf.js";
import { LearningRateSearches } from "./learning-rate-search.js";
import { formatCriterion } from "./log-format.js";
import type { MinibatchLoop, Pass } from "./minibatch-loop.js";
import { MinibatchSizeSearches } from "./minibatch-size-search.js";
import { takeSnapshot } from "./model-snapshot.js";
import type { ParameterUpdates } from "./parameter-updates.js";
import type { TrainingRequest } from "./training.js";

export interface Choice {
  readonly learningRatePerSample: number;
  readonly minibatchSize: number;
}

/** Where training stands before the epoch. */
export interface EpochStart {
  /** counted from 0 */
  readonly epoch: number;
  /** the rate of the epoch before, as it was adjusted; NaN before the first */
  readonly previousRate: number;
  /** Infinity if it is not known */
  readonly previousCriterion: number;
  readonly samplesSeen: number;
}

export class EpochChoices {
  readonly #request: TrainingRequest;
  readonly #loop: MinibatchLoop;
  readonly #updates: ParameterUpdates;
  readonly #rateSearches: LearningRateSearches;
  readonly #sizeSearches: MinibatchSizeSearches;

  constructor(request: TrainingRequest, loop: MinibatchLoop, updates: ParameterUpdates) {
    const { settings, startEpoch } = request;
    this.#request = request;
    this.#loop = loop;
    this.#updates = updates;
    this.#rateSearches = new LearningRateSearches(settings.autoAdjust);
    this.#sizeSearches = new MinibatchSizeSearches(
      settings.autoAdjust,
      settings.minibatchSize(startEpoch),
    );
  }

  /** Takes over the rate of the checkpoint from which training goes on. */
  resumeWith(startEpoch: number, learningRatePerSample: number): void {
    this.#rateSearches.resumeWith(startEpoch, learningRatePerSample);
  }

  /** Takes over the minibatch size of a checkpoint. */
  goBackTo(minibatchSize: number): void {
    this.#sizeSearches.resumeWith(minibatchSize);
  }

  /** Chooses; the minibatch size does not matter if the rate is too small to go on. */
  async choose(start: EpochStart): Promise<Choice> {
    const { settings } = this.#request;
    const rate = await this.#chooseLearningRate(start);
    const minibatchSize =
      rate < settings.minLearningRatePerSample
        ? settings.minibatchSize(start.epoch)
        : await this.#chooseMinibatchSize(start, rate);
    return { learningRatePerSample: rate, minibatchSize };
  }

  async #chooseLearningRate(start: EpochStart): Promise<number> {
    const { settings, run } = this.#request;
    const { epoch, previousRate, previousCriterion } = start;
    const { autoAdjustLR } = settings.autoAdjust;
    if (autoAdjustLR === "none" || epoch < settings.explicitLearningRates) {
      return settings.learningRatePerSample(epoch);
    }
    if (autoAdjustLR === "adjustAfterEpoch") return previousRate;
    const minibatchSize = settings.minibatchSize(epoch);
    return this.#rateSearches.search({
      epoch,
      minibatchSize,
      trialSamples: this.#trialSamples(epoch),
      epochSize: settings.epochSize,
      minLearningRatePerSample: settings.minLearningRatePerSample,
      previousCriterion,
      trial: (learningRatePerSample, prefix) =>
        this.#try(start, { learningRatePerSample, minibatchSize }, prefix),
      log: run.stampedLog,
    });
  }

  async #chooseMinibatchSize(start: EpochStart, rate: number): Promise<number> {
    const { settings, run } = this.#request;
    const { autoAdjust, explicitMinibatchSizes } = settings;
    const { epoch, previousRate } = start;
    const nominal = settings.minibatchSize(epoch);
    if (!autoAdjust.autoAdjustMinibatch || epoch < explicitMinibatchSizes) return nominal;
    const scheduled = settings.learningRatePerSample(epoch) / settings.learningRatePerSample(0);
    const searched = autoAdjust.autoAdjustLR === "searchBeforeEpoch" ? rate / previousRate : 1;
    const change = scheduled * searched;
    return this.#sizeSearches.search({
      epoch,
      minibatchSize: nominal,
      // without a rate to compare with there was no change
      learningRateChange: Number.isNaN(change) ? 1 : change,
      trial: (minibatchSize, prefix) =>
        this.#try(start, { learningRatePerSample: rate, minibatchSize }, prefix),
      traceLevel: settings.traceLevel,
      log: run.stampedLog,
    });
  }

  /** Samples of one trial: no more than an epoch has. */
  #trialSamples(epoch: number): number {
    const { autoAdjust, epochSize } = this.#request.settings;
    const samples = autoAdjust.numSamples4Search(epoch);
    return epochSize > 0 ? Math.min(samples, epochSize) : samples;
  }

  /** Trains a part of the epoch and takes it back. @returns the criterion */
  async #try({ epoch, samplesSeen }: EpochStart, choice: Choice, prefix: string): Promise<number> {
    const { network, run } = this.#request;
    const restore = takeSnapshot(network, this.#updates);
    const maxSamples = this.#trialSamples(epoch);
    const pass: Pass = { epoch, ...choice, maxSamples, prefix, samplesSeen };
    const items = await this.#loop.run(pass);
    restore();
    const criteria = items.map((item) => `${formatCriterion(item)}; `).join("");
    run.stampedLog(
      printf(" Finished Mini-Epoch[%d]: ", epoch + 1) +
        criteria +
        printf(
          "learningRatePerSample = %.8g; minibatchSize = %d",
          choice.learningRatePerSample,
          choice.minibatchSize,
        ),
    );
    return items[0]?.value ?? NaN;
  }
}
