import { describe, expect, it } from "@jest/globals";
import { isReportDue, MinibatchReports } from "../../src/train/progress.js";

describe("isReportDue", () => {
  it.each([
    [10, 0, 30, [10, 20, 30]],
    [235, 5, 938, [1, 2, 3, 4, 5, 235, 470, 705]],
    [0, 0, 50, []],
    [0, 2, 50, [1, 2]],
    [3, 4, 10, [1, 2, 3, 4, 6, 9]],
  ])(
    "every %d after the first %d of %d",
    (numMBsToShowResult, firstMBsToShowResult, minibatches, expected) => {
      const settings = { numMBsToShowResult, firstMBsToShowResult };
      const due = Array.from({ length: minibatches }, (_, i) => i + 1).filter((minibatch) =>
        isReportDue(minibatch, settings),
      );
      expect(due).toEqual(expected);
    },
  );
});

interface Shown {
  readonly epoch: number;
  readonly after: number;
  readonly upTo: number;
}

function places(
  epochSize: number,
  minibatchSize: number,
  intervals: readonly Shown[],
): (string | undefined)[] {
  const settings = { maxEpochs: 3, epochSize, numMBsToShowResult: 10, firstMBsToShowResult: 0 };
  const reports = new MinibatchReports(settings);
  return intervals.map((interval) => {
    const samples = (interval.upTo - interval.after) * minibatchSize;
    const line = reports.line({ ...interval, samples, seconds: 1, minibatchSize, items: [] });
    return /Minibatch\[(.*)\]/.exec(line)?.[1];
  });
}

describe("MinibatchReports", () => {
  it("writes the line as CNTK does", () => {
    const settings = {
      maxEpochs: 3,
      epochSize: 60000,
      numMBsToShowResult: 235,
      firstMBsToShowResult: 5,
    };
    const line = new MinibatchReports(settings).line({
      epoch: 0,
      after: 5,
      upTo: 235,
      samples: 14720,
      seconds: 0.807,
      minibatchSize: 64,
      items: [
        { name: "ce", value: 0.30956033, count: 14720 },
        { name: "errs", value: 0.09431, count: 14720 },
      ],
    });
    expect(line).toBe(
      " Epoch[ 1 of 3]-Minibatch[   6- 235, 25.07%]: ce = 0.30956033 * 14720; errs = 9.431% * 14720; time = 0.8070s; samplesPerSecond = 18240.4",
    );
  });

  it.each([
    [
      "a given epochSize",
      60000,
      64,
      [
        { epoch: 0, after: 0, upTo: 1 },
        { epoch: 0, after: 4, upTo: 5 },
        { epoch: 0, after: 470, upTo: 705 },
        { epoch: 1, after: 5, upTo: 235 },
      ],
      ["   1-   1, 0.11%", "   5-   5, 0.53%", " 471- 705, 75.20%", "   6- 235, 25.07%"],
    ],
    [
      "no epochSize: no percentage in epoch 1, then an estimate from its last line",
      0,
      128,
      [
        { epoch: 0, after: 0, upTo: 10 },
        { epoch: 0, after: 60, upTo: 70 },
        { epoch: 1, after: 0, upTo: 10 },
        { epoch: 1, after: 10, upTo: 20 },
        { epoch: 2, after: 60, upTo: 70 },
      ],
      ["   1-  10", "  61-  70", "   1-  10, 14.29%", "  11-  20, 28.57%", "  61-  70, 100.00%"],
    ],
    [
      "one line in epoch 1 passes for the whole epoch",
      0,
      64,
      [
        { epoch: 0, after: 0, upTo: 500 },
        { epoch: 1, after: 0, upTo: 500 },
      ],
      ["   1- 500", "   1- 500, 100.00%"],
    ],
    [
      "more decimals for very many minibatches",
      100000000,
      1,
      [{ epoch: 0, after: 0, upTo: 10 }],
      ["   1-  10, 0.00001%"],
    ],
  ])("%s", (_, epochSize, minibatchSize, intervals, expected) => {
    expect(places(epochSize, minibatchSize, intervals)).toEqual(expected);
  });
});
