/** A training of a few lines: an engine, a reader, files in memory; one parameter w, criterion (w - x)^2 / 2 per sample. */

import assert from "node:assert/strict";
import type { Engine } from "../../src/engine/engine.js";
import type { Run, TrainingReport } from "../../src/engine/run.js";
import type { ComputationNetwork } from "../../src/network/network.js";
import type { ComputationNode, Tag } from "../../src/network/node.js";
import { operation } from "../../src/operations/operation.js";
import type { Minibatch, Reader } from "../../src/readers/reader.js";
import type { AutoAdjustSettings } from "../../src/train/auto-adjust-settings.js";
import type { SgdSettings } from "../../src/train/settings.js";
import { trainNetwork } from "../../src/train/sgd.js";
import type { TrainingFiles, TrainingRequest, TrainingState } from "../../src/train/training.js";
import { PLAIN_UPDATE } from "./update-settings.js";

function node(
  name: string,
  operationName: string,
  more: Partial<ComputationNode>,
): ComputationNode {
  return {
    name,
    operation: { ...operation({ inputs: [], shape: () => [1] }), name: operationName },
    settings: {},
    inputs: [],
    tags: new Set<Tag>(),
    ranges: [],
    shape: [1],
    dynamicAxis: undefined,
    needsGradient: true,
    ...more,
  };
}

export function makeNetwork(): ComputationNetwork {
  const w = node("w", "LearnableParameter", {
    parameter: {
      learningRateMultiplier: 1,
      initialization: { kind: "constant", value: 1 },
      value: new Float32Array([1]),
      gradient: undefined,
    },
  });
  const x = node("x", "InputValue", { dynamicAxis: "*", needsGradient: false });
  const ce = node("ce", "CrossEntropyWithSoftmax", { inputs: [w, x], dynamicAxis: "*" });
  const errs = node("errs", "ClassificationError", { inputs: [w, x], needsGradient: false });
  const groups = { feature: [x], label: [], criterion: [ce], evaluation: [errs, ce], output: [] };
  return { nodes: [w, x, ce, errs], groups };
}

/** Counts what is compiled and in use. */
function makeEngine(network: ComputationNetwork, seeds: number[]) {
  const parameter = network.nodes[0]?.parameter;
  const used = { compiled: [] as number[], disposed: 0 };
  const engine: Engine = {
    description: "test engine",
    prepare: () => Promise.resolve(),
    compile({ columns, criterion }) {
      used.compiled.push(columns);
      let values = new Map<string, Float32Array>();
      return {
        run({ streams }) {
          assert(parameter?.value !== undefined);
          const w = parameter.value[0] ?? 0;
          const x = Float32Array.from(streams.get("x")?.values ?? []);
          values = new Map([
            ["ce", x.map((value) => (w - value) ** 2 / 2)],
            ["errs", new Float32Array([x.filter((value) => value > w).length])],
          ]);
          const gradient = x.reduce((sum, value) => sum + (w - value), 0);
          if (criterion !== undefined) parameter.gradient = new Float32Array([gradient]);
        },
        value: ({ name }) => values.get(name) ?? new Float32Array(),
        dispose: () => used.disposed++,
      };
    },
    beginPass: () => undefined,
    seedRandomNodes: (seedOf) => {
      const [any] = network.nodes;
      assert(any !== undefined);
      seeds.push(seedOf(any, 1, 2));
    },
    dispose: () => undefined,
  };
  return { engine, used };
}

/** The data in their order, sweep after sweep. */
export function makeReader(data: readonly number[]): Reader {
  let rest: number[] = [];
  let size = 1;
  return {
    sweepSize: data.length,
    streams: new Map([["x", { dimension: 1, isSparse: false }]]),
    startEpoch: ({ minibatchSize }) => {
      rest = [...data];
      size = minibatchSize;
    },
    nextMinibatch(): Minibatch | undefined {
      const values = new Float32Array(rest.splice(0, size));
      if (values.length === 0) return undefined;
      const stream = { kind: "dense", dimension: 1, values } as const;
      return { samples: values.length, streams: new Map([["x", stream]]) };
    },
  };
}

/** Models and checkpoints in memory, with the order of what happened to them. */
function makeFiles() {
  const events: string[] = [];
  const models = new Map<number, number>();
  const checkpoints = new Map<number, TrainingState>();
  const files: TrainingFiles = {
    pathAfter: (epochs) => `model.${epochs}`,
    saveModel(network, epochs) {
      events.push(`model ${epochs}`);
      models.set(epochs, network.nodes[0]?.parameter?.value?.[0] ?? NaN);
    },
    restoreModel(network, epochs) {
      events.push(`restored ${epochs}`);
      network.nodes[0]?.parameter?.value?.set([models.get(epochs) ?? NaN]);
    },
    removeModel(epochs) {
      events.push(`removed model ${epochs}`);
      models.delete(epochs);
    },
    saveCheckpoint(state, _, epochs) {
      events.push(`checkpoint ${epochs}`);
      checkpoints.set(epochs, structuredClone(state));
    },
    loadCheckpoint: (_, epochs) => checkpoints.get(epochs),
    removeCheckpoint(epochs) {
      events.push(`removed ${epochs}`);
      checkpoints.delete(epochs);
    },
  };
  return { files, events, models, checkpoints };
}

export const NO_ADJUSTMENT: AutoAdjustSettings = {
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
  numSamples4Search: () => 3,
  autoAdjustMinibatch: false,
  minibatchSizeTuningFrequency: 1,
  minibatchSizeTuningMax: 1048576,
  minibatchSearchCriterionErrorMargin: 1,
};

const SETTINGS: SgdSettings = {
  modelPath: "model",
  maxEpochs: 3,
  epochSize: 0,
  minibatchSize: () => 2,
  trainCriterionNodeName: "",
  evalCriterionNodeName: "",
  explicitMinibatchSizes: 1,
  numSubminibatches: 1,
  maxSamplesInRAM: Infinity,
  explicitLearningRates: 2,
  autoAdjust: NO_ADJUSTMENT,
  useAllDataForPreComputedNode: true,
  adaptationRegWeight: 0,
  gradientcheck: false,
  sigFigs: 6,
  traceNodeNames: { real: [], category: [], sparse: [] },
  learningRatePerSample: (epoch) => Math.fround(epoch === 0 ? 0.1 : 0.05),
  minLearningRatePerSample: 1e-9,
  momentumPerSample: () => 0.5,
  update: PLAIN_UPDATE,
  dropoutRate: () => 0,
  batchNormalizationTimeConstant: () => 0,
  batchNormalizationBlendTimeConstant: () => 0,
  disableRegInBatchNormalization: false,
  unpoolingGradient: "max",
  traceLevel: 1,
  numMBsToShowResult: 2,
  firstMBsToShowResult: 0,
  keepCheckPointFiles: false,
  notes: [],
};

const DATA = [3, 2, 1, 4, 2.5];

/** Runs a training; the log has its times replaced. */
export async function train(
  settings: Partial<SgdSettings> = {},
  more: Partial<TrainingRequest> = {},
  data: readonly number[] = DATA,
) {
  const network = more.network ?? makeNetwork();
  const log: string[] = [];
  const seeds: number[] = [];
  const reports: TrainingReport[] = [];
  const { engine, used } = makeEngine(network, seeds);
  const memory = makeFiles();
  const run: Run = {
    log: (text) => log.push(text),
    stampedLog: (text) => log.push(text),
    precision: "float",
    deviceId: -1,
    engine: () => Promise.resolve(engine),
    nextSeed: () => 1,
    includeDirectories: [],
    progress: undefined,
    report: (report) => reports.push(report),
    readText: (name) => ({ name, text: "" }),
  };
  const request: TrainingRequest = {
    network,
    settings: { ...SETTINGS, ...settings },
    reader: makeReader(data),
    cvReader: undefined,
    startEpoch: 0,
    isNewNetwork: true,
    files: memory.files,
    run,
    ...more,
  };
  const error = await trainNetwork(request).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  const masked = log.map((line) =>
    line.replace(/(time = |samplesPerSecond = |epochTime=)[\d.e+-]+/g, "$1?"),
  );
  return { ...memory, network, log: masked, seeds, used, reports, error };
}
