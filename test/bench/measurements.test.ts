import { describe, expect, it } from "@jest/globals";
import { EXPERIMENTS } from "../../bench/experiments.js";
import { compare, readLog, renderTable } from "../../bench/measurements.js";

const LOG = `
Starting minibatch loop.
 Epoch[ 1 of 3]-Minibatch[   1-   1, 0.11%]: rmse = 0.33060616 * 64; time = 1.0510s; samplesPerSecond = 60.9
 Epoch[ 1 of 3]-Minibatch[   6- 235, 25.07%]: rmse = 3.25559360e-05 * 14720; time = 0.8070s; samplesPerSecond = 18240.1
 Epoch[ 2 of 3]-Minibatch[   1- 500, 53.33%]: ce = 0.30956033 * 32000; errs = 9.431% * 32000; time = 2.2384s; samplesPerSecond = 14296.2
Finished Epoch[ 1 of 3]: [Training] rmse = 0.31387936 * 60000; totalSamplesSeen = 60000; learningRatePerSample = 0.00015000001; epochTime=4.34712s
Minibatch[1-10]: ce = 1.0 * 10000
Final Results: Minibatch[1-10]: errs = 2.560% * 10000; ce = 0.08479329 * 10000; perplexity = 1.08849204
`;

describe("readLog", () => {
  it("finds the values of minibatches, epochs and the test", () => {
    expect([...readLog(LOG)]).toEqual([
      ["epoch 1, minibatches 1-1: rmse", 0.33060616],
      ["epoch 1, minibatches 6-235: rmse", 3.2555936e-5],
      ["epoch 2, minibatches 1-500: ce", 0.30956033],
      ["epoch 2, minibatches 1-500: errs", 9.431],
      ["epoch 1: rmse", 0.31387936],
      ["test: errs", 2.56],
      ["test: ce", 0.08479329],
    ]);
  });
});

describe("compare", () => {
  const expectation = { line: "epoch 1", node: "rmse", calculated: 0.3138, tolerance: 1e-3 };

  it.each([
    { name: "near enough", calculated: 0.3138, passed: true },
    { name: "too far", calculated: 0.3142, passed: false },
  ])("$name", ({ calculated, passed }) => {
    const [comparison] = compare([{ ...expectation, calculated }], readLog(LOG));
    expect(comparison).toMatchObject({ measured: 0.31387936, passed });
  });

  it("fails where the log lacks the line", () => {
    const comparisons = compare([{ ...expectation, line: "epoch 9" }], readLog(LOG));
    expect(comparisons).toMatchObject([{ measured: undefined, passed: false }]);
    expect(renderTable(comparisons)).toMatch(/epoch 9 +rmse +- +0\.31380000 +missing .*FAILED/);
  });
});

describe("experiments", () => {
  it("have names of their own", () => {
    const names = EXPERIMENTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
