/** The epoch loop: its log lines, files, resume. */

import assert from "node:assert/strict";
import { describe, expect, it } from "@jest/globals";
import { CntkError } from "../../grammar/errors.js";
import { makeNetwork, makeReader, train } from "./small-training.js";

describe("trainNetwork", () => {
  it("logs what CNTK logs, line by line", async () => {
    const { log, error } = await train({ maxEpochs: 2 });
    expect(error).toBeUndefined();
    // by hand, momentum 0.25 for two samples and 0.5 for one: w = 1, 1.225, 1.4725, 1.647625,
    // sums of the criterion 2.5, 3.875625, 0.52787813
    expect(log).toEqual([
      "\nModel has 4 nodes. Using CPU.",
      "",
      "Training criterion:   ce = CrossEntropyWithSoftmax",
      "Evaluation criterion: errs = ClassificationError",
      "",
      "Training 1 parameters in 1 out of 1 parameter tensors and 2 nodes with gradient:",
      "",
      "\tNode 'w' (LearnableParameter operation) : [1]",
      "",
      "No PreCompute nodes found, or all already computed. Skipping pre-computation step.",
      "",
      "Starting Epoch 1: learning rate per sample = 0.100000  effective momentum = 0.250000  momentum as time constant = 1.4 samples",
      "",
      "Starting minibatch loop.",
      " Epoch[ 1 of 2]-Minibatch[   1-   2]: ce = 1.59390616 * 4; errs = 75.000% * 4; time = ?s; samplesPerSecond = ?",
      "Finished Epoch[ 1 of 2]: [Training] ce = 1.38070049 * 5; errs = 80.000% * 5; totalSamplesSeen = 5; learningRatePerSample = 0.1; epochTime=?s",
      "SGD: Saving checkpoint model 'model.1'",
      "",
      "Starting Epoch 2: learning rate per sample = 0.050000  effective momentum = 0.250000  momentum as time constant = 1.4 samples",
      "",
      "Starting minibatch loop.",
      expect.stringMatching(/^ Epoch\[ 2 of 2\]-Minibatch\[ {3}1- {3}2, 100.00%\]: ce = /),
      expect.stringMatching(
        /^Finished Epoch\[ 2 of 2\]: .*totalSamplesSeen = 10; learningRatePerSample = 0.050000001; /,
      ),
      "SGD: Saving checkpoint model 'model.2'",
    ]);
  });

  it("says little at traceLevel 0", async () => {
    const { log } = await train({ maxEpochs: 1, traceLevel: 0 });
    expect(log).toEqual([
      "\nModel has 4 nodes. Using CPU.",
      "",
      "Training criterion:   ce = CrossEntropyWithSoftmax",
      "Evaluation criterion: errs = ClassificationError",
      "",
      "Training 1 parameters in 1 parameter tensors.",
      expect.stringMatching(/^Finished Epoch\[ 1 of 1\]: \[Training\] ce = /),
    ]);
  });

  it("writes checkpoint before model, and removes the checkpoint before", async () => {
    expect((await train()).events).toEqual([
      "model 0",
      "checkpoint 1",
      "model 1",
      "checkpoint 2",
      "model 2",
      "removed 1",
      "checkpoint 3",
      "model 3",
      "removed 2",
    ]);
    expect((await train({ keepCheckPointFiles: true })).events).not.toContain("removed 1");
  });

  it("compiles once for full and once for short minibatches, and leaves nothing behind", async () => {
    const { used, seeds } = await train();
    expect(used).toEqual({ compiled: [2, 1], disposed: 2 });
    expect(seeds).toEqual([1, 3, 5]);
  });

  it("continues from a checkpoint as if it had not stopped", async () => {
    const whole = await train({ keepCheckPointFiles: true });
    const network = makeNetwork();
    const value = network.nodes[0]?.parameter?.value;
    assert(value !== undefined);
    value[0] = whole.models.get(1) ?? NaN;
    const resumed = await train(
      {},
      { network, startEpoch: 1, isNewNetwork: false, files: whole.files },
    );
    expect(resumed.error).toBeUndefined();
    expect(value[0]).toBe(whole.network.nodes[0]?.parameter?.value?.[0]);
    expect(resumed.log.slice(10)).toEqual(
      whole.log.slice(17).map((line) =>
        // the estimate of the epoch's size was made in epoch 1
        line.startsWith(" Epoch[") ? expect.stringMatching(/^ Epoch\[/) : line,
      ),
    );
  });

  it("warns if the checkpoint is missing", async () => {
    const { log } = await train({}, { startEpoch: 1, isNewNetwork: false });
    expect(log).toContain(
      "Warning: Checkpoint file is missing. Parameter-learning state (such as momentum) will be reset.",
    );
  });

  it("stops before an epoch whose learning rate is below the minimum", async () => {
    const { log, events } = await train({
      minLearningRatePerSample: 0.01,
      learningRatePerSample: (epoch) => (epoch === 0 ? 0.1 : 0.001),
    });
    expect(log.at(-1)).toBe(
      "Learn Rate Per Sample for Epoch[2] = 0.001 is less than minLearningRatePerSample 0.01. Training complete.",
    );
    expect(events).toEqual(["model 0", "checkpoint 1", "model 1"]);
  });

  it("validates after every epoch", async () => {
    const { log } = await train({ maxEpochs: 1 }, { cvReader: makeReader([1, 2, 3]) });
    expect(log.slice(-3)).toEqual([
      expect.stringMatching(
        /^Final Results: Minibatch\[1-2\]: ce = 0\.39541\d{3} \* 3; perplexity = 1\.485\d{5}; errs = 66\.667% \* 3$/,
      ),
      expect.stringMatching(
        /^Finished Epoch\[ 1 of 1\]: \[Validate\] ce = 0\.39541\d{3} \* 3; errs = 66\.667% \* 3$/,
      ),
      "SGD: Saving checkpoint model 'model.1'",
    ]);
  });

  it.each([
    ["at the end of the epoch", 0, []],
    ["where a line is due", 1, []],
  ])("stops if the criterion is NaN, %s", async (_, firstMBsToShowResult) => {
    const { error, events } = await train({ firstMBsToShowResult, numMBsToShowResult: 0 }, {}, [
      NaN,
    ]);
    expect(error).toBeInstanceOf(CntkError);
    expect(error).toHaveProperty("message", "The training criterion is not a number (NAN).");
    expect(events).toEqual(["model 0"]);
  });

  it("announces the dropout rate when it changes", async () => {
    const { log } = await train({ dropoutRate: (epoch) => (epoch === 1 ? 0.5 : 0) });
    expect(log.filter((line) => line.includes("ropout"))).toEqual([
      "Setting dropout rate to 0.5.",
      "WARNING: there is no Dropout node in the network; the dropout rate has no effect.",
      "Setting dropout rate to 0.",
    ]);
  });

  it("asks for a criterion", async () => {
    const network = makeNetwork();
    const groups = { ...network.groups, criterion: [] };
    const { error } = await train({}, { network: { ...network, groups } });
    expect(error).toHaveProperty("message", "the network has no training criterion");
  });
});
