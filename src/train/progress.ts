/** When and how the minibatch loop reports (training.md 8.3). */

import { printf } from "../script/printf.js";
import { formatCriterion, formatTime, type CriterionItem } from "./log-format.js";

export interface ReportSettings {
  readonly maxEpochs: number;
  /** as configured: 0 stands for one sweep, whose size the log then only estimates */
  readonly epochSize: number;
  readonly numMBsToShowResult: number;
  readonly firstMBsToShowResult: number;
}

/** True if a line is due after that many minibatches. */
export function isReportDue(
  minibatches: number,
  settings: Pick<ReportSettings, "numMBsToShowResult" | "firstMBsToShowResult">,
): boolean {
  const { numMBsToShowResult, firstMBsToShowResult } = settings;
  if (minibatches <= firstMBsToShowResult) return true;
  return numMBsToShowResult > 0 && minibatches % numMBsToShowResult === 0;
}

/** The stretch of an epoch that one line reports. */
export interface Interval {
  /** counted from 0 */
  readonly epoch: number;
  /** minibatch before the interval's first and the interval's last, counted from 1 */
  readonly after: number;
  readonly upTo: number;
  readonly samples: number;
  readonly seconds: number;
  readonly minibatchSize: number;
  readonly items: readonly CriterionItem[];
}

// What CNTK divides by if the first epoch gave it nothing to estimate from.
const UNKNOWN_SIZE = 2 ** 64 - 1;

/** Writes the lines of the minibatch loop; remembers the estimate of the epoch's size over all epochs. */
export class MinibatchReports {
  readonly #settings: ReportSettings;
  #estimatedEpochSize: number;

  constructor(settings: ReportSettings) {
    this.#settings = settings;
    this.#estimatedEpochSize = settings.epochSize > 0 ? settings.epochSize : UNKNOWN_SIZE;
  }

  /** ` Epoch[ 1 of 3]-Minibatch[   1-  10, 2.50%]: ce = ...` */
  line(interval: Interval): string {
    const { epoch, after, upTo, samples, seconds, items } = interval;
    const percent = this.#percent(interval);
    const place = printf(
      " Epoch[%2d of %d]-Minibatch[%4d-%4d",
      epoch + 1,
      this.#settings.maxEpochs,
      after + 1,
      upTo,
    );
    const criteria = items.map((item) => `${formatCriterion(item)}; `).join("");
    const speed = printf("%.1f", samples / seconds);
    return `${place}${percent}]: ${criteria}time = ${formatTime(seconds)}s; samplesPerSecond = ${speed}`;
  }

  #percent({ epoch, after, upTo, samples, minibatchSize }: Interval): string {
    const minibatches = upTo - after;
    if (epoch === 0 && this.#settings.epochSize === 0) {
      this.#estimatedEpochSize = Math.floor((upTo * samples) / minibatches);
      return "";
    }
    const minibatchesInEpoch = this.#estimatedEpochSize / minibatchSize;
    const digits = Math.max(Math.ceil(Math.log10(minibatchesInEpoch / minibatches)) - 2, 2);
    return `, ${printf(`%2.${digits}f%%`, (100 * upTo) / minibatchesInEpoch)}`;
  }
}
