/** The AutoAdjust record of the SGD section as typed settings (training.md 3.4); CNTK: SGDParams. */

import type { Section } from "../config/section.js";
import { scheduleOf } from "../config/schedule.js";

/** When the learning rate is adjusted automatically. */
export type LearningRateSearch = "none" | "searchBeforeEpoch" | "adjustAfterEpoch";

export interface AutoAdjustSettings {
  readonly autoAdjustLR: LearningRateSearch;
  /** relative to the previous criterion */
  readonly reduceLearnRateIfImproveLessThan: number;
  readonly increaseLearnRateIfImproveMoreThan: number;
  readonly continueReduce: boolean;
  /** epochs whose average is judged */
  readonly learnRateAdjustInterval: number;
  readonly learnRateDecreaseFactor: number;
  readonly learnRateIncreaseFactor: number;
  readonly loadBestModel: boolean;
  readonly useCVSetControlLRIfCVExists: boolean;
  readonly useEvalCriterionControlLR: boolean;
  readonly numPrevLearnRates: number;
  /** epochs whose search is refined */
  readonly numBestSearchEpoch: number;
  /** samples of one trial, in the given epoch */
  readonly numSamples4Search: (epoch: number) => number;
  readonly autoAdjustMinibatch: boolean;
  /** epochs between two searches for a minibatch size */
  readonly minibatchSizeTuningFrequency: number;
  readonly minibatchSizeTuningMax: number;
  /** percent */
  readonly minibatchSearchCriterionErrorMargin: number;
}

/** All spellings of autoAdjustLR, in lower case. */
const SEARCHES: ReadonlyMap<string, LearningRateSearch> = new Map([
  ["", "none"],
  ["false", "none"],
  ["none", "none"],
  ["searchbeforeepoch", "searchBeforeEpoch"],
  ["beforeepoch", "searchBeforeEpoch"],
  ["before", "searchBeforeEpoch"],
  ["adjustafterepoch", "adjustAfterEpoch"],
  ["afterepoch", "adjustAfterEpoch"],
  ["after", "adjustAfterEpoch"],
]);

const DEFAULTS = {
  autoAdjustLR: "none",
  reduceLearnRateIfImproveLessThan: 0,
  increaseLearnRateIfImproveMoreThan: Infinity,
  continueReduce: false,
  learnRateAdjustInterval: 1,
  learnRateDecreaseFactor: 0.618,
  learnRateIncreaseFactor: 1.382,
  loadBestModel: true,
  useCVSetControlLRIfCVExists: true,
  useEvalCriterionControlLR: false,
  numPrevLearnRates: 5,
  numBestSearchEpoch: 1,
  autoAdjustMinibatch: false,
  minibatchSizeTuningFrequency: 1,
  minibatchSizeTuningMax: 1048576,
  minibatchSearchCriterionErrorMargin: 1,
} as const;

// Of one trial, where the config does not say.
const MINIBATCHES_PER_TRIAL = 500;

/**
 * Reads the record.
 * @param minibatchSizes the explicit ones
 * @returns the settings, and a line for the log if a deprecated key was used
 * @throws CntkError "configuring" for wrong values
 */
export function autoAdjustSettings(
  sgd: Section,
  minibatchSizes: readonly number[],
): { readonly settings: AutoAdjustSettings; readonly notes: readonly string[] } {
  // without the record its keys are not looked for elsewhere
  const section = sgd.optionalSection("AutoAdjust");
  const perMinibatch = minibatchSizes.map((size) => size * MINIBATCHES_PER_TRIAL);
  if (section === undefined) {
    const samples = scheduleOf(perMinibatch);
    const numSamples4Search = (epoch: number) => samples.at(epoch);
    return { settings: { ...DEFAULTS, numSamples4Search }, notes: [] };
  }
  const samples = samplesForSearch(section, minibatchSizes, perMinibatch);
  return { settings: readRecord(section, samples.perEpoch), notes: samples.notes };
}

function readRecord(
  section: Section,
  numSamples4Search: AutoAdjustSettings["numSamples4Search"],
): AutoAdjustSettings {
  const number = (key: NumberKey) => section.number(key, DEFAULTS[key]);
  const integer = (key: NumberKey) => section.integer(key, DEFAULTS[key]);
  const bool = (key: BoolKey) => section.bool(key, DEFAULTS[key]);
  return {
    autoAdjustLR: learningRateSearch(section),
    reduceLearnRateIfImproveLessThan: number("reduceLearnRateIfImproveLessThan"),
    increaseLearnRateIfImproveMoreThan: number("increaseLearnRateIfImproveMoreThan"),
    continueReduce: bool("continueReduce"),
    learnRateAdjustInterval: Math.max(1, integer("learnRateAdjustInterval")),
    learnRateDecreaseFactor: factor(section, "learnRateDecreaseFactor", (value) => value <= 1),
    learnRateIncreaseFactor: factor(section, "learnRateIncreaseFactor", (value) => value >= 1),
    loadBestModel: bool("loadBestModel"),
    useCVSetControlLRIfCVExists: bool("useCVSetControlLRIfCVExists"),
    useEvalCriterionControlLR: bool("useEvalCriterionControlLR"),
    numPrevLearnRates: Math.max(1, integer("numPrevLearnRates")),
    numBestSearchEpoch: integer("numBestSearchEpoch"),
    numSamples4Search,
    autoAdjustMinibatch: bool("autoAdjustMinibatch"),
    minibatchSizeTuningFrequency: Math.max(1, integer("minibatchSizeTuningFrequency")),
    minibatchSizeTuningMax: Math.max(1, integer("minibatchSizeTuningMax")),
    minibatchSearchCriterionErrorMargin: number("minibatchSearchCriterionErrorMargin"),
  };
}

type KeysOf<Value> = {
  [Key in keyof typeof DEFAULTS]: (typeof DEFAULTS)[Key] extends Value ? Key : never;
}[keyof typeof DEFAULTS];
type NumberKey = KeysOf<number>;
type BoolKey = KeysOf<boolean>;

function learningRateSearch(section: Section): LearningRateSearch {
  const text = section.string("autoAdjustLR", DEFAULTS.autoAdjustLR);
  const search = SEARCHES.get(text.toLowerCase());
  if (search !== undefined) return search;
  throw section.error(
    "autoAdjustLR",
    `expected none, searchBeforeEpoch or adjustAfterEpoch, found "${text}"`,
  );
}

function factor(
  section: Section,
  key: "learnRateDecreaseFactor" | "learnRateIncreaseFactor",
  isAllowed: (value: number) => boolean,
): number {
  const value = section.number(key, DEFAULTS[key]);
  if (isAllowed(value) && value > 0) return value;
  const limit = key === "learnRateDecreaseFactor" ? "above 0 and at most 1" : "of at least 1";
  throw section.error(key, `expected a factor ${limit}, found ${value}`);
}

function samplesForSearch(
  section: Section,
  minibatchSizes: readonly number[],
  otherwise: readonly number[],
): { readonly perEpoch: (epoch: number) => number; readonly notes: readonly string[] } {
  const deprecated = "numMiniBatch4LRSearch";
  if (section.has(deprecated)) {
    const minibatches = section.schedule(deprecated, "integer");
    const sizes = scheduleOf(minibatchSizes);
    return {
      perEpoch: (epoch) => minibatches.at(epoch) * sizes.at(epoch),
      notes: [
        `WARNING: '${deprecated}' is deprecated, please remove it and use 'numSamples4Search' instead.`,
      ],
    };
  }
  const samples = section.schedule("numSamples4Search", "integer", otherwise);
  return { perEpoch: (epoch) => samples.at(epoch), notes: [] };
}
