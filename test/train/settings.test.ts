import { describe, expect, it } from "@jest/globals";
import { CntkError } from "../../grammar/errors.js";
import { SourceText } from "../../grammar/source.js";
import { rootSection } from "../../src/config/section.js";
import { printf } from "../../src/script/printf.js";
import { momentumAsTimeConstant, sgdSettings } from "../../src/train/settings.js";

const LEAST = "modelPath = m.dnn ; maxEpochs = 3 ; learningRatesPerSample = 0.1";

function settingsOf(entries: string) {
  const file = { name: "test.cntk", text: `SGD = [\n${entries}\n]\n` };
  return sgdSettings(rootSection(SourceText.of(file), file.name).section("SGD"));
}

describe("defaults", () => {
  it("are CNTK's", () => {
    const settings = settingsOf(LEAST);
    expect(settings).toMatchObject({
      modelPath: "m.dnn",
      maxEpochs: 3,
      epochSize: 0,
      minLearningRatePerSample: 9.999999717180685e-10,
      traceLevel: 0,
      numMBsToShowResult: 10,
      firstMBsToShowResult: 0,
      keepCheckPointFiles: false,
      unpoolingGradient: "max",
      notes: [],
      update: {
        gradUpdateType: "none",
        useNesterovMomentum: false,
        normWithAveMultiplier: true,
        rms: { gamma: 0.99, increase: 1.2, decrease: 0.75, max: 10, min: 0.1 },
        fsAdagrad: { varianceTimeConstant: 720000, targetAverageDenominator: 1 },
        clippingThresholdPerSample: Infinity,
        gradientClippingWithTruncation: true,
        L1RegWeight: 0,
        L2RegWeight: 0,
      },
    });
    expect(settings.minibatchSize(7)).toBe(256);
    expect(settings.momentumPerSample(0) ** 256).toBeCloseTo(0.9, 6);
  });
});

describe("conversions (training.md 4)", () => {
  it.each([
    ["momentumAsTimeConstant = 600 ; minibatchSize = 64", 0.9983347058296204, "0.898824", "600.0"],
    ["momentumAsTimeConstant = 2500 ; minibatchSize = 128", 0.9996000528, "0.950085", "2499.8"],
    ["momentumAsTimeConstant = 1024 ; minibatchSize = 64", undefined, "0.939413", "1024.0"],
    ["momentumPerMB = 0.9 ; minibatchSize = 25", undefined, "0.900000", "237.3"],
    ["momentumAsTimeConstant = 1000 ; minibatchSize = 100", undefined, "0.904837", "1000.0"],
    ["momentumAsTimeConstant = 0 ; minibatchSize = 64", 0, "0.000000", "0.0"],
    ["momentumPerSample = 0.5 ; minibatchSize = 2", 0.5, "0.250000", "1.4"],
  ])("%s", (entries, perSample, effective, timeConstant) => {
    const settings = settingsOf(`${LEAST} ; ${entries}`);
    const momentum = settings.momentumPerSample(0);
    if (perSample !== undefined) expect(momentum).toBeCloseTo(perSample, 10);
    expect(printf("%f", momentum ** settings.minibatchSize(0))).toBe(effective);
    expect(printf("%.1f", momentumAsTimeConstant(momentum))).toBe(timeConstant);
  });

  it.each([
    ["learningRatesPerSample = 0.00015", ["0.00015000001"]],
    ["learningRatesPerMB = 0.5:0.2 ; minibatchSize = 25", ["0.02", "0.0080000004", "0.0080000004"]],
    ["learningRatesPerSample = 0.01*2:0.005", ["0.0099999998", "0.0099999998", "0.0049999999"]],
    ["learningRatesPerSample = 0.000002", ["2e-06"]],
    ["learningRatesPerMB = 1 ; minibatchSize = 10:100", ["0.1", "0.0099999998"]],
  ])("%s", (entries, expected) => {
    const settings = settingsOf(`modelPath = m ; maxEpochs = 3 ; ${entries}`);
    const rates = expected.map((_, epoch) => printf("%.8g", settings.learningRatePerSample(epoch)));
    expect(rates).toEqual(expected);
  });
});

describe("learner", () => {
  it.each([
    ['gradUpdateType = ""', "none"],
    ["gradUpdateType = Simple", "none"],
    ["gradUpdateType = FSAdaGrad", "fsAdagrad"],
    ["gradUpdateType = rmsprop", "rmsProp"],
    ["gradUpdateType = none ; useAdagrad = true", "adagrad"],
  ])("%s", (entries, expected) => {
    expect(settingsOf(`${LEAST} ; ${entries}`).update.gradUpdateType).toBe(expected);
  });

  it("reads infinity as CNTK spells it", () => {
    const { update } = settingsOf(`${LEAST} ; clippingThresholdPerSample = 1#INF`);
    expect(update.clippingThresholdPerSample).toBe(Infinity);
  });
});

describe("mistakes", () => {
  it.each([
    ["modelPath = m ; learningRatesPerSample = 1", /maxEpochs/],
    ["modelPath = m ; maxEpochs = ten ; learningRatesPerSample = 1", /maxEpochs: .*ten/],
    [
      "modelPath = m ; maxEpochs = 0 ; learningRatesPerSample = 1",
      /expected a positive integer, found 0/,
    ],
    [
      "modelPath = m ; maxEpochs = 1",
      /^SGD.*you must specify the learningRatesPerSample or learningRatesPerMB parameter\.$/,
    ],
    [
      `${LEAST} ; learningRatesPerMB = 1`,
      /You specified both learningRatesPerSample and learningRatesPerMB/,
    ],
    [
      `${LEAST} ; momentumPerMB = 0.9 ; momentumPerSample = 0.9`,
      /expected only one of .*, found momentumPerMB and momentumPerSample/,
    ],
    [`${LEAST} ; momentumPerMB = 0.5:1`, /Momentum parameter must be in \[0, 1\)\./],
    [
      `${LEAST} ; epochSize = 100 ; minibatchSize = 10:101`,
      /epoch size must be larger than mbsize\./,
    ],
    [`${LEAST} ; minibatchSize = 0`, /minibatchSize: expected positive integers, found 0/],
    [`${LEAST} ; dropoutRate = 0:1`, /dropoutRate must be >= 0 and < 1\./],
    [
      `${LEAST} ; gradUpdateType = adam`,
      /expected none, adagrad, rmsProp or fsAdagrad, found "adam"/,
    ],
    [`${LEAST} ; unpoolingGradient = mean`, /expected max or gather, found "mean"/],
    [
      `${LEAST} ; AutoAdjust = [autoAdjustLR = sometimes]`,
      /autoAdjustLR: expected none, searchBeforeEpoch or adjustAfterEpoch, found "sometimes"/,
    ],
    [
      `${LEAST} ; AutoAdjust = [learnRateDecreaseFactor = 2]`,
      /learnRateDecreaseFactor: expected a factor above 0 and at most 1, found 2/,
    ],
    [
      `${LEAST} ; AutoAdjust = [learnRateIncreaseFactor = 0.5]`,
      /learnRateIncreaseFactor: expected a factor of at least 1, found 0.5/,
    ],
    [`${LEAST} ; maxSamplesInRAM = 0`, /maxSamplesInRAM: expected a positive integer, found 0/],
    [`${LEAST} ; truncated = true`, /truncated back-propagation through time is not available/],
    [`${LEAST} ; gradientcheck = true`, /Gradient check needs to use precision = 'double'\./],
  ])("%s", (entries, message) => {
    expect(() => settingsOf(entries)).toThrow(message);
    expect(() => settingsOf(entries)).toThrow(CntkError);
  });
});

describe("keys without effect", () => {
  it.each([
    [
      "ParallelTrain = [x = 1]",
      "parallelTrain option is not enabled. ParallelTrain config will be ignored.",
    ],
    [
      "AutoAdjust = [numMiniBatch4LRSearch = 10]",
      "WARNING: 'numMiniBatch4LRSearch' is deprecated, please remove it and use 'numSamples4Search' instead.",
    ],
    ["AutoAdjust = [autoAdjustLR = false]", undefined],
  ])("%s", (entries, note) => {
    const { notes } = settingsOf(`${LEAST} ; ${entries}`);
    if (note === undefined) expect(notes).toEqual([]);
    else expect(notes).toEqual([expect.stringContaining(note)]);
  });
});

describe("AutoAdjust", () => {
  const adjusted = (record: string) =>
    settingsOf(`${LEAST} ; minibatchSize = 10:20 ; AutoAdjust = [${record}]`).autoAdjust;

  it.each([
    ["autoAdjustLR = beforeEpoch", { autoAdjustLR: "searchBeforeEpoch" }],
    ["autoAdjustLR = AFTER", { autoAdjustLR: "adjustAfterEpoch" }],
    ["learnRateAdjustInterval = 0", { learnRateAdjustInterval: 1 }],
    [
      "increaseLearnRateIfImproveMoreThan = 1#INF",
      { increaseLearnRateIfImproveMoreThan: Infinity },
    ],
    ["autoAdjustLR = none", { learnRateDecreaseFactor: 0.618, learnRateIncreaseFactor: 1.382 }],
  ])("%s", (record, expected) => {
    expect(adjusted(record)).toMatchObject(expected);
  });

  it.each([
    ["autoAdjustLR = none", [5000, 10000, 10000]],
    ["numSamples4Search = 7:8", [7, 8, 8]],
    ["numMiniBatch4LRSearch = 3", [30, 60, 60]],
  ])("%s: samples of a trial", (record, expected) => {
    const { numSamples4Search } = adjusted(record);
    expect(expected.map((_, epoch) => numSamples4Search(epoch))).toEqual(expected);
  });

  it("needs no learning rate in the config", () => {
    const settings = settingsOf(
      "modelPath = m ; maxEpochs = 1 ; AutoAdjust = [autoAdjustLR = searchBeforeEpoch]",
    );
    expect(settings.explicitLearningRates).toBe(0);
  });
});
