/** What the program itself reads of a config: the keys of its outermost section (config.md 7.1). */

import os from "node:os";
import type { Section } from "../config/section.js";
import type { Precision } from "../engine/run.js";

/** What must be known before the first line is logged. */
export interface LogSettings {
  readonly traceLevel: number;
  /** names of sections, in the order in which they run */
  readonly commands: readonly string[];
  readonly hasTimestamps: boolean;
  /** begin of the log file's name; empty for none */
  readonly stderr: string;
}

/** @throws CntkError "configuring" */
export function readLogSettings(root: Section): LogSettings {
  return {
    traceLevel: root.integer("traceLevel", 0),
    commands: root.strings("command", ["train"]),
    hasTimestamps: root.bool("timestamping", false),
    stderr: root.string("stderr", ""),
  };
}

export interface RunSettings {
  readonly precision: Precision;
  /** threads to compute with; undefined lets the engine choose */
  readonly threads: number | undefined;
  /** what the config asks for and does not get */
  readonly notes: readonly string[];
  readonly hasConstantSeed: boolean;
  /** empty for none */
  readonly doneFile: string;
}

/** @throws CntkError "configuring" */
export function readRunSettings(root: Section): RunSettings {
  const precision = precisionOf(root);
  return {
    precision,
    threads: threadsOf(root),
    notes: notesOn(root, precision),
    hasConstantSeed: root.bool("forceConstantRandomSeed", false),
    doneFile: root.string("doneFile", ""),
  };
}

function precisionOf(root: Section): Precision {
  if (root.hasOwn("type")) {
    throw root.error("type", "deprecated, it is called 'precision' now");
  }
  const precision = root.string("precision", "float");
  if (precision === "float" || precision === "double") return precision;
  throw root.error(
    "precision",
    `CNTK: Invalid precision string: "${precision}", must be "float" or "double"`,
  );
}

/** What the config asks for and does not get. */
function notesOn(root: Section, precision: Precision): string[] {
  const notes: string[] = [];
  if (deviceIdOf(root) >= 0)
    notes.push(`deviceId = ${deviceIdOf(root)}: there is no GPU here, using the CPU.`);
  if (precision === "double") {
    notes.push('precision = "double": everything is computed in double, from data read as float.');
  }
  const threads = threadsOf(root);
  if (threads !== undefined) notes.push(`Using ${threads} CPU threads.`);
  if (root.bool("forceDeterministicAlgorithms", false)) {
    notes.push("forceDeterministicAlgorithms has no effect: the algorithms are always the same.");
  }
  if (root.bool("progressTracing", false)) {
    notes.push("progressTracing has no effect: terminals show progress without it.");
  }
  if (root.has("parallelTrain") && root.bool("parallelTrain", false)) {
    notes.push("parallelTrain has no effect: this version of tscntk trains in one process.");
  }
  return notes;
}

/** numCPUThreads: that many, at most all processors; if negative, all but as many; undefined for 0 (config.md 7.1). */
function threadsOf(root: Section): number | undefined {
  const asked = root.integer("numCPUThreads", 0);
  if (asked === 0) return undefined;
  const processors = os.availableParallelism();
  return asked > 0 ? Math.min(asked, processors) : Math.max(1, processors + asked);
}

/** -1 is the CPU. */
function deviceIdOf(root: Section): number {
  const text = root.string("deviceId", "auto");
  return /^(auto|cpu)$/i.test(text) ? -1 : root.integer("deviceId");
}
