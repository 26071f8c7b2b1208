/** The minibatch size found by trials before the epoch: autoAdjustMinibatch (training.md 13.3). */

import { printf } from "../script/printf.js";
import type { AutoAdjustSettings } from "./auto-adjust-settings.js";

export interface MinibatchSizeSearch {
  readonly epoch: number;
  /** the nominal one, from the config */
  readonly minibatchSize: number;
  /** how the learning rate has changed: from the first epoch to this one, and by the search for it */
  readonly learningRateChange: number;
  /** Trains a short while and goes back. @returns the average criterion */
  readonly trial: (minibatchSize: number, prefix: string) => Promise<number>;
  readonly traceLevel: number;
  readonly log: (text: string) => void;
}

/** Sizes are tried in multiples of it. */
const MULTIPLE = 64;
const GROWTH = Math.fround(Math.SQRT2);

/** At least one multiple: a minibatch of no samples cannot be trained. */
const rounded = (size: number) =>
  Math.max(1, Math.floor((size + MULTIPLE / 2) / MULTIPLE)) * MULTIPLE;

/** Searches, and remembers the size of the epoch before. */
export class MinibatchSizeSearches {
  readonly #settings: AutoAdjustSettings;
  /** 0 if there is none */
  #previous: number;

  /** @param previous size of the epoch before: from the config, or from a checkpoint */
  constructor(settings: AutoAdjustSettings, previous: number) {
    this.#settings = settings;
    this.#previous = previous;
  }

  /** Takes over the size in the checkpoint to which training went back. */
  resumeWith(minibatchSize: number): void {
    this.#previous = minibatchSize;
  }

  /** The size for the epoch. */
  async search(search: MinibatchSizeSearch): Promise<number> {
    const { epoch, log, traceLevel } = search;
    if (epoch < 2 && this.#previous !== 0) {
      log(
        printf(
          " Before Epoch[2], previous minibatchSize %d is considered invalid -> resetting.",
          this.#previous,
        ),
      );
      this.#previous = 0;
    }
    const size = this.#isSkipped(epoch) ? this.#kept(search) : await this.#searched(search);
    if (traceLevel <= 0 && size !== this.#previous) {
      log(printf("Minibatch size adapted to %d.", size));
    }
    this.#previous = size;
    return size;
  }

  #isSkipped(epoch: number): boolean {
    const frequency = this.#settings.minibatchSizeTuningFrequency;
    return this.#previous !== 0 && epoch + 1 > frequency && (epoch + 1) % frequency !== 0;
  }

  #kept({ epoch, log }: MinibatchSizeSearch): number {
    log(
      printf(
        " AdaptiveMinibatchSearch: Search for a better minibatchSize in epoch %d skipped, keeping minibatchSize of %d",
        epoch + 1,
        this.#previous,
      ),
    );
    return this.#previous;
  }

  #searched(search: MinibatchSizeSearch): Promise<number> {
    // with a smaller learning rate a minibatch may be larger
    const change = Math.sqrt(search.learningRateChange);
    const nominal = search.minibatchSize;
    let lower = change < 1 ? Math.floor(nominal / change) : nominal;
    let upper = this.#settings.minibatchSizeTuningMax;
    if (this.#previous !== 0) {
      lower = Math.max(lower, Math.floor(this.#previous / 2));
      upper = Math.min(upper, 2 * this.#previous);
    }
    return largestGoodSize(search, { lower, upper }, this.#settings);
  }
}

interface Range {
  readonly lower: number;
  readonly upper: number;
}

/** The largest size whose criterion is hardly worse than that of the smallest. */
async function largestGoodSize(
  { epoch, traceLevel, log, trial }: MinibatchSizeSearch,
  { lower, upper }: Range,
  { minibatchSearchCriterionErrorMargin }: AutoAdjustSettings,
): Promise<number> {
  // so it is where the rate has become very small
  if (lower > upper) return upper;
  const place = printf(" AdaptiveMinibatchSearch Epoch[%d]: ", epoch + 1);
  const trace = (text: string) => {
    if (traceLevel > 0) log(place + text);
  };
  const range = printf("%d..%d", rounded(lower), rounded(upper));
  log(`${place}Evaluating minibatchSizes ${range}`);
  const evaluate = (size: number, prefix: string) => {
    trace(printf("Evaluating trial minibatchSize=%d (search range: %s)...", size, range));
    return trial(size, prefix);
  };
  let good = rounded(lower);
  const base = await evaluate(good, "BaseAdaptiveMinibatchSearch:");
  let goodCriterion = base;
  trace(printf("Computed baseCriterion %.8f for minibatchSize=%d", base, good));
  const worst = base * (1 + minibatchSearchCriterionErrorMargin / 100);
  for (let size = grown(lower); size <= upper; size = grown(size)) {
    const criterion = await evaluate(rounded(size), "AdaptiveMinibatchSearch:");
    // also at a NaN, unlike CNTK
    if (!(criterion <= worst)) break;
    good = rounded(size);
    goodCriterion = criterion;
    if (grown(size) > upper) break;
    trace(
      printf("Keep searching... epochCriterion = %.8f vs. baseCriterion = %.8f", criterion, base),
    );
  }
  trace(
    printf(
      "Search successful. New minibatchSize is %d. epochCriterion = %.8f vs baseCriterion = %.8f",
      good,
      goodCriterion,
      base,
    ),
  );
  return good;
}

const grown = (size: number) => Math.fround(Math.fround(size) * GROWTH);
