/** What a peer is given: the network's first values, the samples, the settings; and the losses that we get from them. */

import { writeFileSync } from "node:fs";
import { loadModelFile } from "../src/train/checkpoint.js";
import type { ComputationNetwork } from "../src/network/network.js";
import type { ComputationNode } from "../src/network/node.js";
import { evaluationOrder } from "../src/network/order.js";
import { readTrainingLog } from "./epoch-log.js";
import { lastLines, runTscntk } from "./program.js";
import { writeSampleBytes, writeSyntheticText } from "./samples.js";
import {
  argumentsOf,
  MNIST,
  OUTPUT,
  textFile,
  type PeerModel,
  type Workload,
} from "./workloads.js";

/** As bench/peers/peer.py reads it; files are relative to the repository. */
export interface Job {
  readonly model: PeerModel;
  readonly minibatchSize: number;
  readonly intervalMinibatches: number;
  readonly learningRatePerSample: number;
  /** what is left of the last gradients after a minibatch */
  readonly momentum: number;
  readonly parameters: { readonly file: string; readonly shapes: readonly (readonly number[])[] };
  readonly samples: {
    readonly text: string;
    readonly testText: string;
    readonly features: string;
    readonly labels: string;
    readonly count: number;
    readonly shape: readonly number[];
  };
  readonly outputDir: string;
}

export interface Reference {
  readonly job: Job;
  /** our losses on the intervals that the peers train first */
  readonly losses: readonly number[];
}

const INTERVALS = 4;
/** Peers keep their samples as floats; more than this only takes time to load, and fewer might stay in a cache. */
const MOST_SAMPLES = 30000;

/** Trains a few intervals with samples in order, which leaves the first model and the losses to compare with. */
export async function prepareReference(workload: Workload): Promise<Reference> {
  const { name, minibatchSize, intervalMinibatches, synthetic } = workload;
  const text = textFile(workload);
  if (synthetic !== undefined) writeSyntheticText(text, synthetic);
  const outputDir = `${OUTPUT}/${name}`;
  const args = argumentsOf(workload, {
    epochSize: INTERVALS * intervalMinibatches * minibatchSize,
    maxEpochs: 1,
    numMBsToShowResult: intervalMinibatches,
    inOrder: true,
    outputDir,
  });
  const { log, exitCode } = await runTscntk(args);
  if (exitCode !== 0) throw new Error(`${name}: the program failed:\n${lastLines(log, 8)}`);
  const { intervals, learningRatePerSample, momentum } = readTrainingLog(log);
  const network = loadModelFile(firstModel(log), { precision: "float" });
  const parameters = writeParameters(network, `${outputDir}/parameters`);
  const shape = network.groups.feature[0]?.shape ?? [];
  const values = shape.reduce((product, size) => product * size, 1);
  const bytes = writeSampleBytes(text, values, `${OUTPUT}/samples-${values}`);
  const samples = {
    text,
    testText: `${MNIST}/Test-28x28_cntk_text.txt`,
    ...bytes,
    count: Math.min(bytes.count, MOST_SAMPLES),
    shape,
  };
  const { model } = workload;
  const settings = { minibatchSize, intervalMinibatches, learningRatePerSample, momentum };
  return { job: { model, ...settings, parameters, samples, outputDir }, losses: intervals };
}

/** The model before training, next to the one that the log says was saved last. */
function firstModel(log: string): string {
  const saved = /Saving checkpoint model '([^']*)'/.exec(log)?.[1];
  if (saved === undefined) throw new Error(`the program saved no model:\n${lastLines(log)}`);
  return `${saved}.0`;
}

/** The trained parameters in the order in which a sample passes them, as floats in memory order. */
function writeParameters(network: ComputationNetwork, file: string): Job["parameters"] {
  const parameters = inOrderOfUse(network);
  const values = parameters.map(({ parameter }) => Float32Array.from(parameter?.value ?? []));
  writeFileSync(file, Buffer.concat(values.map(({ buffer }) => Buffer.from(buffer))));
  return { file, shapes: parameters.map(({ shape }) => shape) };
}

function inOrderOfUse(network: ComputationNetwork): ComputationNode[] {
  const used = evaluationOrder(network.groups.criterion).flatMap(({ inputs }) => inputs);
  const isTrained = ({ parameter }: ComputationNode) =>
    parameter !== undefined && parameter.learningRateMultiplier > 0;
  return [...new Set(used.filter(isTrained))];
}
