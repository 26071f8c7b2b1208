/** Action `write`: values of nodes as text, one file per node (actions.md 5). */

import { closeSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import { CntkError, reasonOf } from "../../grammar/errors.js";
import { createDirectory } from "../config/create-directory.js";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode, FloatArray } from "../network/node.js";
import { NodeText, type WriteFormat } from "../operations/node-text.js";
import { elementCount } from "../operations/shape.js";
import { createReader } from "../readers/index.js";
import type { Minibatch } from "../readers/reader.js";
import { Programs } from "../train/programs.js";
import { obtainNetwork } from "./network-source.js";
import { namedNodes } from "./test.js";
import { writeFormat } from "./write-format.js";

/** The keys of the section itself. @throws CntkError "configuring" */
export function writeSettings(section: Section, run: Run) {
  return {
    outputPath: outputPathOf(section),
    format: writeFormat(section, run.readText),
    traceLevel: section.integer("traceLevel", 0),
    outputNodeNames: section.strings("outputNodeNames", []),
    minibatchSize: section.schedule("minibatchSize", "integer", [2048]).at(0),
    epochSize: section.integer("epochSize", 0),
  };
}

export async function writeAction(section: Section, run: Run): Promise<void> {
  const settings = writeSettings(section, run);
  const { outputPath, format, traceLevel, minibatchSize, epochSize } = settings;
  const readerSection = section.section("reader");
  const reader = await createReader(readerSection, { log: run.log, traceLevel, randomize: false });
  const network = obtainNetwork(section, run, "use");
  const nodes = nodesToWrite(network, settings.outputNodeNames, run.log);
  const engine = await run.engine(network);
  const programs = new Programs(engine, { network, outputs: nodes });
  const outputs = nodes.map((node) => openOutput(node, outputPath, format, run.log));
  try {
    engine.beginPass();
    reader.startEpoch({ minibatchSize, epoch: 0, epochSize });
    let samples = 0;
    for (let minibatch = 0; ; minibatch++) {
      const data = reader.nextMinibatch();
      if (data === undefined) break;
      const program = programs.for(data.samples);
      program.run(data, { isTraining: false, dropoutRate: 0 });
      for (const output of outputs) output.write(program.value(output.node), data, minibatch);
      run.log(`Minibatch[${minibatch}]: ActualMBSize = ${data.samples}`);
      samples += data.samples;
    }
    for (const output of outputs) output.finish();
    run.log(`Written to ${outputPath}*`);
    run.log(`Total Samples Evaluated = ${samples}`);
  } finally {
    programs.dispose();
    for (const output of outputs) output.close();
  }
}

/** What writing does not do, and what it waits for. */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  writeSequenceKey: "not available: the readers do not pass on the keys of sequences",
  nodeUnitTest: "not available: the engine gives out gradients of parameters, but not of inputs",
};

function outputPathOf(section: Section): string {
  if (section.has("writer")) {
    throw section.error(
      "writer",
      "not available: writers are plug-ins for the formats of speech tools",
      "give outputPath instead of writer for text files",
    );
  }
  if (!section.has("outputPath")) {
    throw section.error(
      "outputPath",
      "write command: You must specify either 'writer'or 'outputPath'",
    );
  }
  for (const [key, reason] of Object.entries(UNAVAILABLE)) {
    if (section.bool(key, false)) throw section.error(key, reason, `remove ${key}`);
  }
  return section.string("outputPath");
}

/** @throws CntkError "running" if there are none */
export function nodesToWrite(
  network: ComputationNetwork,
  names: readonly string[],
  log: (text: string) => void,
): readonly ComputationNode[] {
  const nodes = names.length > 0 ? namedNodes(network, names, log) : network.groups.output;
  if (nodes.length > 0) return nodes;
  throw new CntkError("running", "write: there is no node to write", {
    hint: "name nodes in outputNodeNames, or in the network's outputNodes",
  });
}

/** The file, or standard output, that takes one node's values. */
interface Output {
  readonly node: ComputationNode;
  write(values: FloatArray, data: Minibatch, minibatch: number): void;
  /** what stands at the end of a complete file */
  finish(): void;
  close(): void;
}

function openOutput(
  node: ComputationNode,
  outputPath: string,
  format: WriteFormat,
  log: (text: string) => void,
): Output {
  const sink = openSink(node, outputPath);
  const text = new NodeText(node, format, log);
  sink.put(format.prologue);
  return {
    node,
    write(values, data, minibatch) {
      sink.put(text.minibatch(values, sequenceSizes(node, data), minibatch));
    },
    finish: () => sink.put(format.epilogue),
    close: () => sink.close(),
  };
}

function openSink(node: ComputationNode, outputPath: string) {
  if (outputPath === "-") {
    return { put: (text: string) => void process.stdout.write(text), close: () => undefined };
  }
  const file = `${outputPath}.${node.name}`;
  try {
    createDirectory(path.dirname(file));
    const descriptor = openSync(file, "w");
    return {
      put: (text: string) => putAll(descriptor, text),
      close: () => closeSync(descriptor),
    };
  } catch (error) {
    const reason = reasonOf(error);
    throw new CntkError("running", `write: cannot write to '${file}': ${reason}`);
  }
}

/** A single call may write a part only. */
function putAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
}

/** Samples of each sequence. A node without dynamic axis is one sequence of its columns. */
export function sequenceSizes(node: ComputationNode, data: Minibatch): readonly number[] {
  if (node.dynamicAxis === undefined) {
    return [elementCount(node.shape) / (node.shape[0] ?? 1)];
  }
  const starts = longest(data);
  if (starts === undefined) return Array<number>(data.samples).fill(1);
  return Array.from(starts.subarray(1), (end, i) => end - (starts[i] ?? 0));
}

/** Where sequences begin in the stream that gives the minibatch its size. */
function longest(data: Minibatch): Int32Array | undefined {
  for (const starts of data.sequenceStarts?.values() ?? []) {
    if (starts.at(-1) === data.samples) return starts;
  }
  return undefined;
}
