/** Learning rates and minibatch sizes that training finds by itself (training.md 13). */

import { describe, expect, it } from "@jest/globals";
import type { AutoAdjustSettings } from "../../src/train/auto-adjust-settings.js";
import { LearningRateControl } from "../../src/train/learning-rate-control.js";
import { LearningRateSearches } from "../../src/train/learning-rate-search.js";
import { MinibatchSizeSearches } from "../../src/train/minibatch-size-search.js";
import { makeNetwork, makeReader, NO_ADJUSTMENT, train } from "./small-training.js";

const AFTER: AutoAdjustSettings = { ...NO_ADJUSTMENT, autoAdjustLR: "adjustAfterEpoch" };

/** Feeds criteria to the control; a rollback goes back to rate 1 and criterion 10. */
function judgeAll(criteria: readonly number[], settings: Partial<AutoAdjustSettings>, start = 0) {
  const log: string[] = [];
  const control = new LearningRateControl({ ...AFTER, ...settings }, 1, start, (line) =>
    log.push(line),
  );
  let rate = 1;
  const verdicts = criteria.map((criterion, i) => {
    const verdict = control.judge({
      epoch: start + i,
      criterion,
      learningRatePerSample: rate,
      rollBackTo: (epochs) => {
        log.push(`back to ${epochs}`);
        return { learningRatePerSample: 1, previousCriterion: 10 };
      },
    });
    rate = verdict.learningRatePerSample;
    return verdict;
  });
  return { log, rates: verdicts.map((v) => v.learningRatePerSample), verdicts, control };
}

describe("LearningRateControl", () => {
  const noBest = { loadBestModel: false };

  it.each<[string, number[], Partial<AutoAdjustSettings>, number[]]>([
    ["explicit rates are left alone", [10, 20], { ...noBest, autoAdjustLR: "none" }, [1, 1]],
    ["worse: reduced", [10, 20], noBest, [1, 0.618]],
    ["better: kept", [10, 9, 8], noBest, [1, 1, 1]],
    ["equal: reduced", [10, 10], noBest, [1, 0.618]],
    [
      "too little better: reduced",
      [10, 9.95],
      { ...noBest, reduceLearnRateIfImproveLessThan: 0.01 },
      [1, 0.618],
    ],
    [
      "much better: increased",
      [10, 5],
      { ...noBest, increaseLearnRateIfImproveMoreThan: 0.4 },
      [1, 1.382],
    ],
    ["NaN: reduced", [10, NaN], noBest, [1, 0.618]],
    // averages 10, 11 and 10.5 of two epochs each
    [
      "the average of an interval",
      [8, 12, 10, 12, 11, 10],
      { ...noBest, learnRateAdjustInterval: 2 },
      [1, 1, 1, 0.618, 0.618, 0.618],
    ],
    // reduces from the first small improvement on, and stops at the second
    [
      "continueReduce",
      [10, 9, 9, 8, 7],
      { ...noBest, continueReduce: true },
      [1, 1, 0.618, 0.618 ** 2, 0.618 ** 3],
    ],
  ])("%s", (_, criteria, settings, expected) => {
    expect(judgeAll(criteria, settings).rates.map((rate) => rate.toFixed(9))).toEqual(
      expected.map((rate) => rate.toFixed(9)),
    );
  });

  it("is finished at the second small improvement of continueReduce", () => {
    const { verdicts } = judgeAll([10, 10, 10], { ...noBest, continueReduce: true });
    expect(verdicts.map(({ isFinished }) => isFinished)).toEqual([false, false, true]);
  });

  it("goes back to the best model, and judges against what that one knew", () => {
    const { log, verdicts } = judgeAll([10, 9, 12], {});
    expect(log).toEqual(["back to 2", "learnRatePerSample reduced to 0.618"]);
    expect(verdicts[2]).toEqual({
      learningRatePerSample: 0.618,
      isRolledBack: true,
      isFinished: false,
    });
  });

  it("forgets a NaN when the epoch runs again", () => {
    const { verdicts } = judgeAll([10, NaN], {});
    expect(verdicts[1]?.isRolledBack).toBe(true);
  });

  it.each([
    ["where nothing is adjusted", [NaN], { autoAdjustLR: "none" } as const],
    ["in an epoch with a rate of its own", [NaN], {}],
  ])("stops at NaN %s", (_, criteria, settings) => {
    expect(() => judgeAll(criteria, settings)).toThrow(
      "The training criterion is not a number (NAN).",
    );
  });

  it("does not count the epochs of an interval that ran before a resume", () => {
    // interval of three, resumed after its second epoch
    const { control } = judgeAll([6], { ...noBest, learnRateAdjustInterval: 3 }, 2);
    expect(control.previousCriterion).toBe(6);
  });
});

describe("LearningRateSearches", () => {
  /** The criterion is best at the given rate; 1 without learning. */
  async function search(best: number, settings: Partial<AutoAdjustSettings> = {}, epoch = 3) {
    const lines: string[] = [];
    const trials: string[] = [];
    const searches = new LearningRateSearches({ ...NO_ADJUSTMENT, ...settings });
    const found = await searches.search({
      epoch,
      minibatchSize: 100,
      trialSamples: 25,
      epochSize: 100,
      minLearningRatePerSample: 1e-9,
      previousCriterion: 1,
      trial: (rate, prefix) => {
        trials.push(prefix);
        if (rate > 4 * best) return Promise.resolve(NaN);
        return Promise.resolve(1 - rate * (2 * best - rate));
      },
      log: (line) => lines.push(line),
    });
    return { found, lines, trials };
  }

  it("takes the first rate that makes nothing worse", async () => {
    // 0.125/0.618/10 = 0.0202 first falls to 0.0125, then to 0.0125 * 0.618^k
    const { found, lines, trials } = await search(0.002);
    expect(found).toBeCloseTo(0.0125 * 0.618 ** 3, 12);
    expect(trials).toEqual([
      "BaseAdaptiveLearnRateSearch:",
      ...Array.from({ length: 4 }, () => "AdaptiveLearnRateSearch:"),
    ]);
    expect(lines).toEqual([
      " SearchForBestLearnRate Epoch[4]: Best learningRatePerSample = 0.0029503629, baseCriterion=1",
    ]);
  });

  it("closes in on the best rate in the first epochs", async () => {
    const { found, trials } = await search(0.002, { numBestSearchEpoch: 4 });
    expect(Math.abs(found - 0.002)).toBeLessThan(0.0005);
    expect(trials).toContain("DetailBaseAdaptiveLearnRateSearch:");
    expect(trials).toContain("DetailRightAdaptiveLearnRateSearch:");
    expect(trials).toContain("DetailLeftAdaptiveLearnRateSearch:");
  });

  it("begins above the largest rate of the last epochs", async () => {
    const searches = new LearningRateSearches(NO_ADJUSTMENT);
    searches.resumeWith(1, 0.3);
    const rates: number[] = [];
    await searches.search({
      epoch: 1,
      minibatchSize: 1,
      trialSamples: 1,
      epochSize: 0,
      minLearningRatePerSample: 1e-9,
      previousCriterion: Infinity,
      trial: (rate) => Promise.resolve(rates.push(rate) === 0 ? 0 : 1),
      log: () => undefined,
    });
    expect(rates).toEqual([0, (0.3 / 0.618 / 0.618) * 0.618]);
  });
});

describe("MinibatchSizeSearches", () => {
  const settings = { ...NO_ADJUSTMENT, autoAdjustMinibatch: true };

  /** Sizes up to `largest` are as good as the smallest. */
  async function search(
    largest: number,
    more: Partial<Parameters<MinibatchSizeSearches["search"]>[0]> = {},
    previous = 256,
    tuning: Partial<AutoAdjustSettings> = {},
  ) {
    const lines: string[] = [];
    const found = await new MinibatchSizeSearches({ ...settings, ...tuning }, previous).search({
      epoch: 2,
      minibatchSize: 128,
      learningRateChange: 1,
      trial: (size) => Promise.resolve(size > largest ? size : 1),
      traceLevel: 1,
      log: (line) => lines.push(line),
      ...more,
    });
    return { found, lines };
  }

  it("tries larger ones until the criterion rises, with CNTK's lines", async () => {
    expect(await search(300)).toEqual({
      found: 256,
      lines: [
        "Evaluating minibatchSizes 128..512",
        "Evaluating trial minibatchSize=128 (search range: 128..512)...",
        "Computed baseCriterion 1.00000000 for minibatchSize=128",
        "Evaluating trial minibatchSize=192 (search range: 128..512)...",
        "Keep searching... epochCriterion = 1.00000000 vs. baseCriterion = 1.00000000",
        "Evaluating trial minibatchSize=256 (search range: 128..512)...",
        "Keep searching... epochCriterion = 1.00000000 vs. baseCriterion = 1.00000000",
        "Evaluating trial minibatchSize=384 (search range: 128..512)...",
        "Search successful. New minibatchSize is 256. epochCriterion = 1.00000000 vs baseCriterion = 1.00000000",
      ].map((line) => ` AdaptiveMinibatchSearch Epoch[3]: ${line}`),
    });
  });

  it.each<[string, Parameters<typeof search>, number]>([
    ["no more than twice the size before", [1e9], 512],
    ["no more than the limit", [1e9, {}, 256, { minibatchSizeTuningMax: 256 }], 256],
    ["a smaller rate allows a larger minibatch at once", [0, { learningRateChange: 0.25 }], 256],
    ["a larger rate does not ask for a smaller one", [0, { learningRateChange: 4 }], 128],
    ["sizes are multiples of 64", [0, { minibatchSize: 100 }, 100], 128],
    ["the size before is invalid at first", [0, { epoch: 1 }, 4096], 128],
    ["a NaN is no success", [0, { trial: (size) => Promise.resolve(size > 128 ? NaN : 1) }], 128],
  ])("%s", async (_, args, expected) => {
    expect((await search(...args)).found).toBe(expected);
  });

  it("keeps the size between two searches", async () => {
    expect(await search(1e9, { epoch: 3 }, 192, { minibatchSizeTuningFrequency: 3 })).toEqual({
      found: 192,
      lines: [
        " AdaptiveMinibatchSearch: Search for a better minibatchSize in epoch 4 skipped, keeping minibatchSize of 192",
      ],
    });
  });
});

const withoutMomentum = { momentumPerSample: () => 0, minibatchSize: () => 5 };

/** Four minibatches of the same five samples: w runs away from its optimum with a rate above 2 / 5. */
const FOUR_TIMES = Array.from({ length: 4 }, () => [3, 2, 1, 4, 2.5]).flat();

describe("training with adjustAfterEpoch", () => {
  const settings = {
    ...withoutMomentum,
    maxEpochs: 3,
    explicitLearningRates: 1,
    learningRatePerSample: () => 0.44,
    autoAdjust: AFTER,
  };

  it("goes back with a smaller rate until the criterion is better", async () => {
    const { log, events, error } = await train(settings, {}, FOUR_TIMES);
    expect(error).toBeUndefined();
    expect(log.filter((line) => /^(SGD|Load|learnRate|Starting Epoch)/.test(line))).toEqual([
      expect.stringMatching(/^Starting Epoch 1: learning rate per sample = 0\.440000 /),
      "SGD: Saving checkpoint model 'model.1'",
      expect.stringMatching(/^Starting Epoch 2: learning rate per sample = 0\.440000 /),
      "Loading (rolling back to) previous model with best training-criterion value: model.1.",
      "learnRatePerSample reduced to 0.27192",
      "SGD: revoke back to and update checkpoint file for epoch 1",
      expect.stringMatching(/^Starting Epoch 2: learning rate per sample = 0\.271920 /),
      "SGD: Saving checkpoint model 'model.2'",
      expect.stringMatching(/^Starting Epoch 3: learning rate per sample = 0\.271920 /),
      "SGD: Saving checkpoint model 'model.3'",
    ]);
    expect(events).toEqual([
      "model 0",
      ...["checkpoint 1", "model 1"],
      ...["restored 1", "checkpoint 1"],
      ...["checkpoint 2", "model 2", "removed 1"],
      ...["checkpoint 3", "model 3", "removed 2"],
    ]);
  });

  it("counts each sample once although epochs ran several times", async () => {
    const { log } = await train(settings, {}, FOUR_TIMES);
    expect(log.filter((line) => line.startsWith("Finished Epoch")).at(-1)).toMatch(
      /totalSamplesSeen = 60;/,
    );
  });

  it("saves the final model when the rate has become too small", async () => {
    const { log, events } = await train(
      { ...settings, minLearningRatePerSample: 0.4 },
      {},
      FOUR_TIMES,
    );
    expect(log.at(-1)).toBe(
      "Learn Rate Per Sample for Epoch[2] = 0.27192 is less than minLearningRatePerSample 0.4. Training complete.",
    );
    expect(events.at(-1)).toBe("model 3");
  });

  it("keeps the checkpoint in front of an interval, and removes what a rollback undid", async () => {
    const { events } = await train(
      { ...settings, maxEpochs: 4, autoAdjust: { ...AFTER, learnRateAdjustInterval: 2 } },
      {},
      FOUR_TIMES,
    );
    expect(events).toEqual([
      "model 0",
      ...["checkpoint 1", "model 1"],
      ...["checkpoint 2", "model 2", "removed 1"],
      ...["checkpoint 3", "model 3"],
      ...["restored 2", "removed model 3", "removed 3", "checkpoint 2"],
      ...["checkpoint 3", "model 3"],
      ...["checkpoint 4", "model 4", "removed 3", "removed 2"],
    ]);
  });

  it("uses the evaluation node or the validation if told to", async () => {
    // trained on one side of the optimum: the training criterion falls, that of the validation rises
    const cvReader = makeReader([-10]);
    const run = (more: Partial<AutoAdjustSettings>) =>
      train(
        { ...settings, learningRatePerSample: () => 0.01, autoAdjust: { ...AFTER, ...more } },
        { cvReader },
      );
    const isReduced = ({ log }: { log: string[] }) =>
      log.some((line) => line.startsWith("learnRatePerSample reduced"));
    expect(isReduced(await run({}))).toBe(true);
    expect(isReduced(await run({ useCVSetControlLRIfCVExists: false }))).toBe(false);
    // the number of larger samples stays the same, which is no improvement
    expect(
      isReduced(await run({ useCVSetControlLRIfCVExists: false, useEvalCriterionControlLR: true })),
    ).toBe(true);
  });

  it("continues from a checkpoint with the rate it had found", async () => {
    const whole = await train({ ...settings, keepCheckPointFiles: true }, {}, FOUR_TIMES);
    const network = makeNetwork();
    network.nodes[0]?.parameter?.value?.set([whole.models.get(2) ?? NaN]);
    const resumed = await train(
      settings,
      { network, startEpoch: 2, isNewNetwork: false, files: whole.files },
      FOUR_TIMES,
    );
    expect(network.nodes[0]?.parameter?.value).toEqual(whole.network.nodes[0]?.parameter?.value);
    expect(resumed.log.at(-2)).toBe(whole.log.at(-2));
  });

  it("asks for a rate where neither config nor checkpoint has one", async () => {
    const { error } = await train({ ...settings, explicitLearningRates: 0 });
    expect(error).toHaveProperty(
      "message",
      expect.stringContaining(
        'When using "AdjustAfterEpoch", there must either exist a checkpoint',
      ),
    );
  });
});

describe("training with searchBeforeEpoch and autoAdjustMinibatch", () => {
  it("finds a rate, with the lines of its trials, and trials leave no trace", async () => {
    const { log, error, reports } = await train({
      ...withoutMomentum,
      maxEpochs: 2,
      minibatchSize: () => 2,
      numMBsToShowResult: 1,
      explicitLearningRates: 1,
      autoAdjust: { ...NO_ADJUSTMENT, autoAdjustLR: "searchBeforeEpoch" },
    });
    expect(error).toBeUndefined();
    const trials = log.slice(log.findIndex((line) => line.startsWith("  BaseAdaptive")));
    expect(trials.slice(0, 3)).toEqual([
      expect.stringMatching(
        /^ {2}BaseAdaptiveLearnRateSearch: Epoch\[ 2 of 2\]-Minibatch\[ {3}1- {3}1, /,
      ),
      expect.stringMatching(/^ {2}BaseAdaptiveLearnRateSearch: Epoch\[ 2 of 2\]-Minibatch\[ {3}2-/),
      expect.stringMatching(
        /^ Finished Mini-Epoch\[2\]: ce = .* \* 4; errs = .* \* 4; learningRatePerSample = 0; minibatchSize = 2$/,
      ),
    ]);
    expect(log).toContainEqual(
      expect.stringMatching(/^ SearchForBestLearnRate Epoch\[2\]: Best learningRatePerSample = /),
    );
    const shown = reports.filter(({ kind }) => kind === "minibatches");
    expect(shown.map(({ samplesSeen }) => samplesSeen)).toEqual([2, 4, 5, 7, 9, 10]);
  });

  it("adapts the minibatch size", async () => {
    const { log } = await train(
      {
        ...withoutMomentum,
        traceLevel: 0,
        maxEpochs: 3,
        learningRatePerSample: () => 1e-4,
        autoAdjust: {
          ...NO_ADJUSTMENT,
          numSamples4Search: () => 299,
          autoAdjustMinibatch: true,
          minibatchSizeTuningMax: 128,
        },
      },
      {},
      Array.from({ length: 300 }, (_, i) => i % 5),
    );
    expect(log.filter((line) => line.startsWith("Minibatch size adapted"))).toEqual([
      "Minibatch size adapted to 128.",
    ]);
  });
});
