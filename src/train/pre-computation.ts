/** The pass over the training data that Mean and InvStdDev need before the first epoch (training.md 6, nodes.md 15.1). */

import assert from "node:assert/strict";
import { CntkError } from "../../grammar/errors.js";
import type { Engine } from "../engine/engine.js";
import type { Precision } from "../engine/run.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import { evaluationOrder } from "../network/order.js";
import { networkRoots } from "../network/validate.js";
import type { Accumulator } from "../operations/operation.js";
import type { Reader } from "../readers/reader.js";
import { printf } from "../script/printf.js";
import { Programs } from "./programs.js";

export interface PreComputation {
  readonly network: ComputationNetwork;
  readonly engine: Engine;
  readonly reader: Reader;
  readonly minibatchSize: number;
  /** samples; 0 stands for one sweep over the data */
  readonly epochSize: number;
  readonly traceLevel: number;
  readonly precision: Precision;
  readonly log: (text: string) => void;
  readonly stampedLog: (text: string) => void;
}

/**
 * Computes the statistics that the network has not got yet, and says so in the log.
 * @returns true if there were any
 * @throws CntkError "running" if there are no data
 */
export function precompute(request: PreComputation): boolean {
  const { network, traceLevel, log, stampedLog } = request;
  const wanted = evaluationOrder(networkRoots(network)).filter(isWanted);
  if (wanted.length === 0) {
    if (traceLevel > 0) {
      stampedLog(
        "No PreCompute nodes found, or all already computed. Skipping pre-computation step.",
      );
    }
    return false;
  }
  log("");
  stampedLog(printf("Precomputing --> %d PreCompute nodes found.", wanted.length));
  log("");
  if (traceLevel > 0) {
    for (const { name, operation } of wanted) stampedLog(`\t${name} = ${operation.name}()`);
  }
  // a statistic of something that depends on another statistic takes a pass of its own
  for (let rest = wanted; rest.length > 0; rest = rest.filter(isWanted)) {
    const ready = rest.filter(({ inputs }) => !evaluationOrder(inputs).some(isWanted));
    runPass(ready, request);
  }
  log("");
  stampedLog("Precomputing --> Completed.");
  log("");
  return true;
}

const isWanted = ({ operation, parameter }: ComputationNode) =>
  operation.precompute !== undefined && parameter?.value === undefined;

interface Statistic {
  readonly node: ComputationNode;
  readonly input: ComputationNode;
  readonly accumulator: Accumulator;
}

function runPass(nodes: readonly ComputationNode[], request: PreComputation): void {
  const { network, engine, reader, minibatchSize, epochSize } = request;
  const statistics = nodes.map(startStatistic);
  const outputs = [...new Set(statistics.map(({ input }) => input))];
  const programs = new Programs(engine, { network, outputs });
  try {
    engine.beginPass();
    reader.startEpoch({ minibatchSize, epoch: 0, epochSize });
    for (let data = reader.nextMinibatch(); data !== undefined; data = reader.nextMinibatch()) {
      if (data.samples === 0) continue;
      const program = programs.for(data.samples);
      program.run(data, { isTraining: false, dropoutRate: 0 });
      for (const { input, accumulator } of statistics) {
        accumulator.add(program.value(input), data.samples);
      }
    }
  } finally {
    programs.dispose();
  }
  for (const statistic of statistics) store(statistic, request.precision);
}

function startStatistic(node: ComputationNode): Statistic {
  const [input] = node.inputs;
  const accumulator = node.operation.precompute?.();
  assert(input !== undefined && accumulator !== undefined);
  return { node, input, accumulator };
}

function store({ node, accumulator }: Statistic, precision: Precision): void {
  const value = accumulator.value();
  if (value === undefined) {
    throw new CntkError("running", "No data accumulated during precomputation.", {
      ranges: node.ranges,
      hint: `${node.operation.name} '${node.name}' is computed from the training data, of which there are none`,
    });
  }
  assert(node.parameter !== undefined, `'${node.name}' has no place for its value`);
  node.parameter.value = precision === "float" ? Float32Array.from(value) : value;
}
