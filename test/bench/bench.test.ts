import { describe, expect, it } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { ratioChart } from "../../bench/chart.js";
import { ourContestants } from "../../bench/contestants.js";
import { readTrainingLog } from "../../bench/epoch-log.js";
import { parseReport } from "../../bench/peers.js";
import { kernelTimes, readSchedule, selfTimes } from "../../bench/profile.js";
import { lossTable, markdownTable, ratioTable, rounded, speedTable } from "../../bench/results.js";
import { parseSamples, writeSyntheticText } from "../../bench/samples.js";
import {
  fastest,
  hasLearned,
  largestDifference,
  median,
  ratios,
  type Outcome,
} from "../../bench/statistics.js";
import { argumentsOf, WORKLOADS } from "../../bench/workloads.js";
import { checkConfig } from "../../src/cli/check.js";

describe("workloads", () => {
  it("have names of their own", () => {
    const names = WORKLOADS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(WORKLOADS.map((workload) => [workload.name, workload] as const))(
    "%s passes check",
    async (_, workload) => {
      const config = argumentsOf(workload, {
        epochSize: workload.epochSize,
        maxEpochs: 4,
        numMBsToShowResult: workload.intervalMinibatches,
        inOrder: true,
        outputDir: "output/bench/check",
      });
      let printed = "";
      const print = (text: string) => void (printed += text);
      const passed = await checkConfig({ args: config, graph: false, json: true, print });
      expect(JSON.parse(printed)).toEqual([]);
      expect(passed).toBe(true);
    },
  );
});

const LOG = `
Computing with the compiled schedule on kernels avx2 (compiled for this machine), computing in float.
Starting Epoch 1: learning rate per sample = 0.000150  effective momentum = 0.898824  momentum as time constant = 600.0 samples
Starting minibatch loop.
 Epoch[ 1 of 2]-Minibatch[   1- 100, 50.00%]: rmse = 0.32987630 * 6400; time = 0.3266s; samplesPerSecond = 19596.1
 Epoch[ 1 of 2]-Minibatch[ 101- 200, 100.00%]: rmse = 0.32653560 * 6400; errs = 3.5% * 6400; time = 0.3s; samplesPerSecond = 21333.3
Finished Epoch[ 1 of 2]: [Training] rmse = 0.32820595 * 12800; errs = 3.5% * 12800; totalSamplesSeen = 12800; learningRatePerSample = 0.00015000001; epochTime=0.755869s
SGD: Saving checkpoint model 'output/models/07.1'
Finished Epoch[ 2 of 2]: [Training] rmse = 0.31530157 * 12800; totalSamplesSeen = 25600; learningRatePerSample = 7.5e-05; epochTime=0.592359s
Finished Epoch[ 2 of 2]: [Validate] rmse = 0.5 * 100
`;

describe("readTrainingLog", () => {
  it("finds epochs, intervals and the settings that peers need", () => {
    expect(readTrainingLog(LOG)).toEqual({
      epochs: [
        { samples: 12800, seconds: 0.755869, loss: 0.32820595 },
        { samples: 12800, seconds: 0.592359, loss: 0.31530157 },
      ],
      intervals: [0.3298763, 0.3265356],
      learningRatePerSample: 0.00015000001,
      momentum: 0.898824,
      engine:
        "Computing with the compiled schedule on kernels avx2 (compiled for this machine), computing in float.",
    });
  });
});

describe("parseReport", () => {
  it.each([
    [
      '{"interval": 3, "seconds": 0.25, "samples": 6400, "loss": 0.31}',
      { interval: 3, seconds: 0.25, samples: 6400, loss: 0.31 },
    ],
    ['{"version": "PyTorch 2.13.0"}', { version: "PyTorch 2.13.0" }],
    ['{"done": true}', { done: true }],
    ['{"test": 0.22, "samples": 10000}', undefined],
    ["a line that the library prints", undefined],
  ])("%s", (line, report) => {
    expect(parseReport(line)).toEqual(report);
  });
});

describe("ourContestants", () => {
  it.each([
    { help: "--backend --threads", names: ["wasm, 1 thread", "wasm, 2 threads"] },
    { help: "--backend", names: ["wasm"] },
  ])("follow the options of the program: $help", ({ help, names }) => {
    const warnings: string[] = [];
    const contestants = ourContestants(help, (line) => warnings.push(line));
    const found = contestants.map(({ name }) => name);
    expect(found.slice(0, names.length)).toEqual(names);
    expect(found.filter((name) => name.startsWith("native"))).toHaveLength(names.length);
    expect(warnings.some((line) => line.includes("two threads"))).toBe(names.length === 1);
    const hasTensorFlow = found.includes("tfjs-node");
    expect(warnings.some((line) => line.includes("tfjs-node"))).toBe(!hasTensorFlow);
  });
});

describe("statistics", () => {
  it.each([
    { values: [3, 1, 2], expected: 2 },
    { values: [4, 1, 3, 2], expected: 2.5 },
    { values: [], expected: NaN },
  ])("median of $values", ({ values, expected }) => {
    expect(median(values)).toBe(expected);
  });

  it.each([
    { name: "as far as both go", one: [1, 2.5, 9], other: [1, 2], expected: 0.25 },
    { name: "of nothing", one: [], other: [1], expected: NaN },
    { name: "of what is no number", one: [1, NaN], other: [1, 2], expected: NaN },
  ])("largest difference $name", ({ one, other, expected }) => {
    expect(largestDifference(one, other)).toBe(expected);
  });

  it.each([
    { name: "falls below the constant", losses: [0.31, 0.25], learned: true },
    { name: "rises", losses: [0.25, 0.26], learned: false },
    { name: "stays on the plateau of a dead network", losses: [0.3055, 0.3035], learned: false },
    { name: "is not a number", losses: [0.31, NaN], learned: false },
    { name: "has one epoch", losses: [0.25], learned: false },
  ])("a loss that $name", ({ losses, learned }) => {
    expect(hasLearned(losses, 0.303)).toBe(learned);
  });
});

const outcome = (contestant: string, library: string | undefined, speeds: number[]): Outcome => ({
  contestant,
  library,
  version: "",
  speeds,
  losses: [0.33, 0.22],
  lossDifference: library === undefined ? NaN : 4.8e-7,
  failure: undefined,
});

const OUTCOMES = [
  outcome("wasm, 1 thread", undefined, [160000, 150000, 170000]),
  outcome("native, 2 threads", undefined, [800000, 810000, 790000]),
  outcome("CNTK, 2 threads", "CNTK", [16000, 15000, 17000]),
  outcome("CNTK AVX2, 2 threads", "CNTK", [13000]),
  { ...outcome("JAX, 1 thread", "JAX", [9e9]), failure: "its losses differ" },
  outcome("JAX, 2 threads", "JAX", [100000]),
];
const RESULT = [{ name: "07", about: "auto-encoder 07", outcomes: OUTCOMES }];

describe("results", () => {
  it("compare ours with the fastest of every library that is right", () => {
    expect(fastest(OUTCOMES)?.contestant).toBe("native, 2 threads");
    expect(ratios(OUTCOMES)).toEqual([
      { ours: "wasm, 1 thread", peer: "CNTK, 2 threads", value: 10 },
      { ours: "native, 2 threads", peer: "CNTK, 2 threads", value: 50 },
      { ours: "wasm, 1 thread", peer: "JAX, 2 threads", value: 1.6 },
      { ours: "native, 2 threads", peer: "JAX, 2 threads", value: 8 },
    ]);
  });

  it("are tables", () => {
    expect(speedTable(RESULT).split("\n")).toEqual([
      "| samples/s       | wasm, 1 thread | native, 2 threads | CNTK, 2 threads | CNTK AVX2, 2 threads | JAX, 1 thread | JAX, 2 threads |",
      "| --------------- | -------------: | ----------------: | --------------: | -------------------: | ------------: | -------------: |",
      "| auto-encoder 07 |        160,000 |           800,000 |          16,000 |               13,000 |        FAILED |        100,000 |",
    ]);
    expect(ratioTable(RESULT).split("\n").at(-1)).toBe(
      "| auto-encoder 07 | native, 2 threads | 50x (CNTK, 2 threads) | 8.00x (JAX, 2 threads) |",
    );
    expect(lossTable(RESULT)).toMatch(
      /07, CNTK, 2 threads +\| 0\.33000 \| 0\.22000 \| +4\.8e-7 \| +ok/,
    );
    expect(markdownTable(["a", "b"], [["x", "1"]])).toBe(
      "| a   |   b |\n| --- | --: |\n| x   |   1 |",
    );
  });

  it.each([
    [857432, "857,000"],
    [12.34, "12"],
    [NaN, "-"],
  ])("round %d to three digits", (value, text) => {
    expect(rounded(value)).toBe(text);
  });

  it("are a chart with a bar for every library", () => {
    const chart = ratioChart(RESULT, "a < b");
    expect(chart).toMatch(/^<svg [^>]*>/);
    expect(chart).toContain("a &lt; b");
    const widths = [...chart.matchAll(/<rect [^>]*width="([\d.]+)" height="13" fill="(#\w+)"/g)];
    const bars = widths
      .filter(([rect]) => !rect.includes('y="12"'))
      .map(([, width]) => Number(width));
    expect(bars).toHaveLength(2);
    // on a logarithmic axis
    expect((bars[0] ?? 0) / (bars[1] ?? 1)).toBeCloseTo(Math.log(50) / Math.log(8), 2);
  });
});

describe("profile", () => {
  it("adds up the kernels of a schedule", () => {
    const calls = readSchedule(`
Schedule of 152 calls, mean of 200 runs: 2762.3 us a minibatch
   0    45.2 us   1.6 %  2 x binary                               f1 [28 x 28 x 1 x 10] at 197.3, 0.3, 197.8 KB
   1   161.7 us   5.9 %  2 x convolution                          z.conv1.c [28 x 28 x 1 x 10] at 197.8 KB
  49     2.3 us   0.1 %  4 x binary                               gradient through z.conv1.c [28 x 28 x 1 x 11] at 233.6 KB

Action "train" complete.
`);
    expect(kernelTimes(calls)).toEqual([
      ["convolution", 161.7],
      ["binary", 47.5],
    ]);
  });

  it("adds up the time that functions spend themselves", () => {
    const frame = (functionName: string, url = "") => ({ functionName, url, lineNumber: 4 });
    const times = selfTimes({
      nodes: [
        { id: 1, callFrame: frame("(idle)") },
        { id: 2, callFrame: frame("run", "file:///x/dist/src/engine/compiled/program.js") },
        { id: 3, callFrame: frame("wasm-function[7]") },
      ],
      samples: [1, 2, 3, 2],
      timeDeltas: [5000, 1000, 6000, 1000],
    });
    expect(times).toEqual([
      { place: "wasm-function[7]", milliseconds: 6, share: 75 },
      { place: "run  engine/compiled/program.js:5", milliseconds: 2, share: 25 },
    ]);
  });
});

describe("samples", () => {
  it("parses a text into bytes", () => {
    const text = Buffer.from(
      "|labels 0 1 0 0 0 0 0 0 0 0 |features 0 255 7\n|labels 0 0 0 0 0 0 0 0 0 1 |features 12 0 99\n",
    );
    expect(parseSamples(text, 3)).toEqual({
      features: Uint8Array.of(0, 255, 7, 12, 0, 99),
      labels: Uint8Array.of(1, 9),
    });
  });

  it("writes the same synthetic images every time, and classes that can be told apart", () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), "tscntk-bench-"));
    const write = (name: string) => {
      const file = path.join(directory, name);
      writeSyntheticText(file, { valuesPerSample: 64, samples: 50 });
      expect(existsSync(file)).toBe(true);
      return readFileSync(file);
    };
    try {
      const text = write("one.txt");
      expect(write("other.txt").equals(text)).toBe(true);
      const { features, labels } = parseSamples(text, 64);
      expect(features).toHaveLength(50 * 64);
      expect(new Set(labels).size).toBeGreaterThan(5);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
