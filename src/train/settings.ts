/** The SGD section as typed settings (training.md 3 and 4); CNTK: SGDParams. */

import type { Schedule } from "../config/schedule.js";
import type { Section } from "../config/section.js";
import { autoAdjustSettings, type AutoAdjustSettings } from "./auto-adjust-settings.js";
import { GRAD_UPDATE_TYPES, type GradUpdateType, type UpdateSettings } from "./learners.js";
import type { TracedNames } from "./node-tracing.js";
import { unsupportedSgdKeys } from "./unsupported.js";

/** A value per epoch; epochs count from 0. */
export type PerEpoch = (epoch: number) => number;

/** How the gradient of MaxUnpooling is computed: as CNTK does (a max pooling), or as its derivative says. */
export type UnpoolingGradient = "max" | "gather";

export interface SgdSettings {
  readonly modelPath: string;
  readonly maxEpochs: number;
  /** samples; 0 stands for one sweep over the data */
  readonly epochSize: number;
  /** samples */
  readonly minibatchSize: PerEpoch;
  /** epochs whose minibatch size the config gives */
  readonly explicitMinibatchSizes: number;
  readonly numSubminibatches: number;
  /** Infinity without a limit */
  readonly maxSamplesInRAM: number;
  /** empty: the first of the network's criterion nodes */
  readonly trainCriterionNodeName: string;
  /** empty: the network's evaluation nodes */
  readonly evalCriterionNodeName: string;
  readonly learningRatePerSample: PerEpoch;
  /** epochs whose learning rate the config gives */
  readonly explicitLearningRates: number;
  readonly autoAdjust: AutoAdjustSettings;
  readonly minLearningRatePerSample: number;
  readonly momentumPerSample: PerEpoch;
  readonly update: UpdateSettings;
  readonly dropoutRate: PerEpoch;
  readonly batchNormalizationTimeConstant: PerEpoch;
  readonly batchNormalizationBlendTimeConstant: PerEpoch;
  readonly disableRegInBatchNormalization: boolean;
  readonly unpoolingGradient: UnpoolingGradient;
  readonly traceLevel: number;
  readonly numMBsToShowResult: number;
  readonly firstMBsToShowResult: number;
  readonly keepCheckPointFiles: boolean;
  /** statistics over the training data see all of them, or one epoch */
  readonly useAllDataForPreComputedNode: boolean;
  /** how much a reference network counts to which action adapt makes labels lean; 0 without one */
  readonly adaptationRegWeight: number;
  /** compares gradients with differences of the criterion, at every minibatch */
  readonly gradientcheck: boolean;
  /** digits that have to agree in that check */
  readonly sigFigs: number;
  /** nodes whose values are logged at every minibatch */
  readonly traceNodeNames: TracedNames;
  /** lines for the log about keys that have no effect here */
  readonly notes: readonly string[];
}

/** The section with the learner's settings; `optimizer` is its newer name. */
export function sgdSection(section: Section): Section {
  return section.optionalSection("optimizer") ?? section.section("SGD");
}

/**
 * Reads the SGD section.
 * @throws CntkError "configuring" for missing, contradictory or wrong values, and for what this version cannot do
 */
export function sgdSettings(sgd: Section): SgdSettings {
  const unsupported = unsupportedSgdKeys(sgd);
  const minibatchSizes = minibatchSizeSchedule(sgd);
  const minibatchSize: PerEpoch = (epoch) => minibatchSizes.at(epoch);
  const autoAdjust = autoAdjustSettings(sgd, minibatchSizes.values);
  const rates = learningRates(sgd, minibatchSize, autoAdjust.settings);
  return {
    modelPath: sgd.string("modelPath"),
    maxEpochs: positiveInteger(sgd, "maxEpochs"),
    epochSize: epochSize(sgd),
    minibatchSize,
    explicitMinibatchSizes: minibatchSizes.values.length,
    numSubminibatches: sgd.integer("numSubminibatches", 1),
    maxSamplesInRAM: maxSamplesInRAM(sgd),
    trainCriterionNodeName: sgd.string("trainCriterionNodeName", ""),
    evalCriterionNodeName: sgd.string("evalCriterionNodeName", ""),
    learningRatePerSample: rates.perSample,
    explicitLearningRates: rates.count,
    autoAdjust: autoAdjust.settings,
    minLearningRatePerSample: sgd.number("minLearningRatePerSample", Math.fround(1e-9)),
    momentumPerSample: momentumPerSample(sgd, minibatchSize),
    update: updateSettings(sgd),
    dropoutRate: dropoutRate(sgd),
    batchNormalizationTimeConstant: perEpoch(sgd, "batchNormalizationTimeConstant", [0]),
    batchNormalizationBlendTimeConstant: perEpoch(sgd, "batchNormalizationBlendTimeConstant", [0]),
    disableRegInBatchNormalization: sgd.bool("disableRegInBatchNormalization", false),
    unpoolingGradient: unpoolingGradient(sgd),
    traceLevel: sgd.integer("traceLevel", 0),
    numMBsToShowResult: sgd.integer("numMBsToShowResult", 10),
    firstMBsToShowResult: sgd.integer("firstMBsToShowResult", 0),
    keepCheckPointFiles: sgd.bool("keepCheckPointFiles", false),
    useAllDataForPreComputedNode: sgd.bool("UseAllDataForPreComputedNode", true),
    adaptationRegWeight: adaptationRegWeight(sgd),
    gradientcheck: gradientcheck(sgd),
    sigFigs: sgd.integer("sigFigs", 6),
    traceNodeNames: {
      real: sgd.strings("traceNodeNamesReal", []),
      category: sgd.strings("traceNodeNamesCategory", []),
      sparse: sgd.strings("traceNodeNamesSparse", []),
    },
    notes: [...unsupported, ...autoAdjust.notes],
  };
}

function positiveInteger(sgd: Section, key: string): number {
  const value = sgd.integer(key);
  if (value < 1) throw sgd.error(key, `expected a positive integer, found ${value}`);
  return value;
}

function perEpoch(sgd: Section, key: string, defaultValue: readonly number[]): PerEpoch {
  const schedule = sgd.schedule(key, "real", defaultValue);
  return (epoch) => schedule.at(epoch);
}

function minibatchSizeSchedule(sgd: Section): Schedule {
  const schedule = sgd.schedule("minibatchSize", "integer", [256]);
  for (const size of schedule.values) {
    if (size < 1) {
      throw sgd.error("minibatchSize", `expected positive integers, found ${size}`);
    }
  }
  return schedule;
}

function maxSamplesInRAM(sgd: Section): number {
  if (!sgd.has("maxSamplesInRAM")) return Infinity;
  const samples = sgd.integer("maxSamplesInRAM");
  if (samples >= 1) return samples;
  throw sgd.error("maxSamplesInRAM", `expected a positive integer, found ${samples}`);
}

function adaptationRegWeight(sgd: Section): number {
  const type = sgd.string("adaptationRegType", "none");
  const weight = sgd.number("adaptationRegWeight", 0);
  if (!/^(none|kl|)$/i.test(type)) {
    throw sgd.error("adaptationRegType", `expected none or kl, found "${type}"`);
  }
  if (!(weight >= 0 && weight <= 1)) {
    throw sgd.error("adaptationRegWeight", `expected a number from 0 to 1, found ${weight}`);
  }
  return type.toLowerCase() === "kl" ? weight : 0;
}

/** Central differences need more digits than single precision has. */
function gradientcheck(sgd: Section): boolean {
  const isWanted = sgd.bool("gradientcheck", false);
  if (!isWanted || sgd.string("precision", "float") === "double") return isWanted;
  throw sgd.error(
    "gradientcheck",
    "Gradient check needs to use precision = 'double'.",
    "set precision = double at the top level of the config, or remove gradientcheck",
  );
}

function epochSize(sgd: Section): number {
  const size = sgd.integer("epochSize", 0);
  if (size < 0) throw sgd.error("epochSize", `expected 0 or more, found ${size}`);
  const largest = Math.max(...sgd.schedule("minibatchSize", "integer", [256]).values);
  if (size > 0 && size < largest) {
    throw sgd.error(
      "epochSize",
      "epoch size must be larger than mbsize.",
      `epochSize is ${size}, minibatchSize reaches ${largest}; epochSize = 0 stands for the whole data`,
    );
  }
  return size;
}

const RATE_KEYS = { perSample: "learningRatesPerSample", perMinibatch: "learningRatesPerMB" };

/** Learning rates are single precision: a rate per minibatch is divided in single precision, too. */
function learningRates(
  sgd: Section,
  minibatchSize: PerEpoch,
  { autoAdjustLR }: AutoAdjustSettings,
): { readonly perSample: PerEpoch; readonly count: number } {
  const isPerSample = sgd.has(RATE_KEYS.perSample);
  const isPerMinibatch = sgd.has(RATE_KEYS.perMinibatch);
  if (isPerSample && isPerMinibatch) {
    throw sgd.error(
      RATE_KEYS.perMinibatch,
      "You specified both learningRatesPerSample and learningRatesPerMB. Please comment out one of them.",
    );
  }
  if (!isPerSample && !isPerMinibatch) {
    if (autoAdjustLR !== "none") return { perSample: () => NaN, count: 0 };
    throw sgd.error(
      RATE_KEYS.perSample,
      "If autoLearnRateSearchType is false you must specify the learningRatesPerSample or learningRatesPerMB parameter.",
      "for example: learningRatesPerSample = 0.01*5:0.005",
    );
  }
  const key = isPerSample ? RATE_KEYS.perSample : RATE_KEYS.perMinibatch;
  const schedule = sgd.schedule(key, "real");
  for (const rate of schedule.values) {
    if (!(rate >= 0)) throw sgd.error(key, `expected rates of 0 or more, found ${rate}`);
  }
  const perSample: PerEpoch = isPerSample
    ? (epoch) => Math.fround(schedule.at(epoch))
    : (epoch) => Math.fround(Math.fround(schedule.at(epoch)) / Math.fround(minibatchSize(epoch)));
  return { perSample, count: schedule.values.length };
}

const MOMENTUM_KEYS = ["momentumPerMB", "momentumPerSample", "momentumAsTimeConstant"] as const;

/** How each key's number becomes momentum per sample; single precision, as CNTK keeps these schedules. */
const MOMENTUM_PER_SAMPLE: Record<
  (typeof MOMENTUM_KEYS)[number],
  (value: number, minibatchSize: number) => number
> = {
  momentumPerMB: (value, minibatchSize) => Math.fround(value) ** (1 / minibatchSize),
  momentumPerSample: (value) => Math.fround(value),
  momentumAsTimeConstant: (value) =>
    value === 0 ? 0 : Math.fround(Math.exp(-1 / Math.fround(value))),
};

function momentumPerSample(sgd: Section, minibatchSize: PerEpoch): PerEpoch {
  const given = MOMENTUM_KEYS.filter((key) => sgd.has(key));
  if (given.length > 1) {
    throw sgd.error(
      given[1] ?? "",
      `expected only one of ${MOMENTUM_KEYS.join(", ")}, found ${given.join(" and ")}`,
    );
  }
  const key = given[0] ?? "momentumPerMB";
  const schedule = sgd.schedule(key, "real", [0.9]);
  const convert = MOMENTUM_PER_SAMPLE[key];
  for (const [epoch, value] of schedule.values.entries()) {
    const momentum = convert(value, minibatchSize(epoch));
    if (!(momentum >= 0 && momentum < 1)) {
      throw sgd.error(key, "Momentum parameter must be in [0, 1).", `${key} contains ${value}`);
    }
  }
  return (epoch) => convert(schedule.at(epoch), minibatchSize(epoch));
}

/** Samples after which a gradient's weight has fallen to 1/e, as the log shows it. */
export function momentumAsTimeConstant(momentumPerSample: number): number {
  const isConstant = momentumPerSample <= 0 || momentumPerSample >= 1;
  return isConstant ? 0 : -1 / Math.log(momentumPerSample);
}

function updateSettings(sgd: Section): UpdateSettings {
  return {
    gradUpdateType: gradUpdateType(sgd),
    useNesterovMomentum: sgd.bool("useNAG", false),
    normWithAveMultiplier: sgd.bool("normWithAveMultiplier", true),
    rms: {
      gamma: sgd.number("rms_gamma", 0.99),
      increase: sgd.number("rms_wgt_inc", 1.2),
      decrease: sgd.number("rms_wgt_dec", 0.75),
      max: sgd.number("rms_wgt_max", 10),
      min: sgd.number("rms_wgt_min", 0.1),
    },
    fsAdagrad: {
      varianceTimeConstant: sgd.number("varianceTimeConstant", 720000),
      targetAverageDenominator: sgd.number("fsAdagradTargetAvDenom", 1),
    },
    L1RegWeight: sgd.number("L1RegWeight", 0),
    L2RegWeight: sgd.number("L2RegWeight", 0),
    clippingThresholdPerSample: sgd.number("clippingThresholdPerSample", Infinity),
    gradientClippingWithTruncation: sgd.bool("gradientClippingWithTruncation", true),
    gaussianNoiseInjectStd: sgd.number("gaussianNoiseInjectStd", 0),
  };
}

function gradUpdateType(sgd: Section): GradUpdateType {
  if (sgd.bool("useAdagrad", false)) return "adagrad";
  const text = sgd.string("gradUpdateType", "none");
  const type = GRAD_UPDATE_TYPES.get(text.toLowerCase());
  if (type !== undefined) return type;
  throw sgd.error(
    "gradUpdateType",
    `expected none, adagrad, rmsProp or fsAdagrad, found "${text}"`,
  );
}

function dropoutRate(sgd: Section): PerEpoch {
  const schedule = sgd.schedule("dropoutRate", "real", [0]);
  for (const rate of schedule.values) {
    if (!(rate >= 0 && rate < 1)) {
      throw sgd.error("dropoutRate", "dropoutRate must be >= 0 and < 1.", `found ${rate}`);
    }
  }
  return (epoch) => schedule.at(epoch);
}

function unpoolingGradient(sgd: Section): UnpoolingGradient {
  const text = sgd.string("unpoolingGradient", "max");
  const value = text.toLowerCase();
  if (value === "max" || value === "gather") return value;
  throw sgd.error(
    "unpoolingGradient",
    `expected max or gather, found "${text}"`,
    "max is what CNTK computes, gather is the derivative of the unpooling",
  );
}
