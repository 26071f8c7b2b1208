/** Action `bnstat`: estimates the running statistics of batch normalisation anew, layer by layer (actions.md 8). */

import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { createNode } from "../network/construct-node.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import { evaluationOrder } from "../network/order.js";
import { createReader } from "../readers/index.js";
import { saveModelFile } from "../train/checkpoint.js";
import { Programs } from "../train/programs.js";
import { networkFromFile } from "./network-source.js";
import { nodesToEvaluate } from "./test.js";

/** The keys of the section itself. @throws CntkError "configuring" */
export function bnstatSettings(section: Section) {
  const modelPath = section.string("modelPath");
  section.bool("enableDistributedMBReading", false);
  const itersPerNode = section.integer("itersPerNode", 30);
  if (itersPerNode < 1)
    throw section.error("itersPerNode", `expected at least 1, found ${itersPerNode}`);
  return {
    modelPath,
    newModelPath: section.string("newModelPath", `${modelPath}.PBN`),
    minibatchSize: section.schedule("minibatchSize", "integer", [40960]).at(0),
    itersPerNode,
    evalNodeNames: section.strings("evalNodeNames", []),
    traceLevel: section.integer("traceLevel", 0),
  };
}

export async function bnstatAction(section: Section, run: Run): Promise<void> {
  const settings = bnstatSettings(section);
  const { minibatchSize, itersPerNode, traceLevel } = settings;
  const reader = await createReader(section.section("reader"), { log: run.log, traceLevel });
  const network = networkFromFile(settings.modelPath, section, run);
  const evaluated = nodesToEvaluate(network, settings.evalNodeNames, run.log);
  const normalizations = evaluationOrder(evaluated).filter(isNormalization);
  const engine = await run.engine(network);
  engine.beginPass();
  const epochSize = normalizations.length * minibatchSize * itersPerNode;
  if (epochSize > 0) reader.startEpoch({ minibatchSize, epoch: 0, epochSize });
  for (const node of normalizations) {
    run.stampedLog(`Estimating Statistics --> ${node.name}`);
    resetStatistics(node);
    const estimation = estimationOf(node);
    const programs = new Programs(engine, estimation);
    try {
      for (let iteration = 0; iteration < itersPerNode; iteration++) {
        const data = reader.nextMinibatch();
        if (data === undefined) break;
        programs.for(data.samples).run(data, { isTraining: true, dropoutRate: 0 });
      }
    } finally {
      programs.dispose();
    }
  }
  saveModelFile(settings.newModelPath, network, run.precision);
}

const isNormalization = ({ operation }: ComputationNode) => operation.name === "BatchNormalization";

/** Running mean and variance, and for how many samples they stand. */
function resetStatistics({ inputs }: ComputationNode): void {
  for (const { parameter } of inputs.slice(3)) parameter?.value?.fill(0);
}

/**
 * What the node needs, so changed that running it in training averages its statistics over all samples seen, while those
 * of the layers below stay as they are. Parameters are shared with the network.
 */
function estimationOf(node: ComputationNode) {
  const copies = new Map<ComputationNode, ComputationNode>();
  for (const original of evaluationOrder([node])) {
    copies.set(original, original.operation.leaf === undefined ? copyOf(original, node) : original);
  }
  for (const [original, copy] of copies) {
    if (copy !== original) copy.inputs = original.inputs.map((input) => copies.get(input) ?? input);
  }
  const network: ComputationNetwork = {
    nodes: [...copies.values()],
    groups: { feature: [], label: [], criterion: [], evaluation: [], output: [] },
  };
  return { network, outputs: [copies.get(node) ?? node] };
}

/** Negative: the average over all samples. */
const CORPUS_TIME_CONSTANT = -1;

function copyOf(original: ComputationNode, estimated: ComputationNode): ComputationNode {
  const { name, operation, shape, dynamicAxis, ranges, parameter, settings } = original;
  return createNode({
    name,
    operation,
    shape,
    ranges,
    settings:
      original === estimated
        ? { ...settings, normalizationTimeConstant: CORPUS_TIME_CONSTANT, blendTimeConstant: 0 }
        : (operation.frozen?.(settings) ?? settings),
    ...(dynamicAxis === undefined ? {} : { dynamicAxis }),
    ...(parameter === undefined ? {} : { parameter }),
  });
}
