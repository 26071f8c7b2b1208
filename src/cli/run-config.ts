/** Runs a config: reads it, checks all its commands, runs their actions one after the other (actions.md 1). */

import { writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { findAction } from "../actions/index.js";
import { readCommandLine } from "../config/command-line.js";
import type { Section } from "../config/section.js";
import type { Precision, Run } from "../engine/run.js";
import { banner, box, buildInfo, configurationEcho } from "./frame.js";
import { lazyEngine } from "./lazy-engine.js";
import { dateAndTime, type LogOutput } from "./log-output.js";
import { changeDirectory, makeRun, readText } from "./make-run.js";
import { checkCommands, type Command } from "./pre-check.js";

export interface RunRequest {
  /** CNTK's arguments: `configFile=...`, `key=value` */
  readonly args: readonly string[];
  /** `auto` or the name of a backend */
  readonly backend: string;
  readonly output: LogOutput;
}

/** @throws CntkError of any phase */
export async function runConfig({ args, backend, output }: RunRequest): Promise<void> {
  const header = banner(args, new Date());
  for (const line of header) output.line(line);
  const { root, configFiles, includeDirectories } = readCommandLine(
    args,
    { readText, changeDirectory },
    output.line,
  );
  const traceLevel = root.integer("traceLevel", 0);
  const names = root.strings("command", ["train"]);
  const hasTimestamps = startLog(root, names, output);
  if (root.string("stderr", "") !== "" && traceLevel === 0)
    for (const line of header) output.line(line);
  for (const line of buildInfo()) output.stamped(line);
  const precision = precisionOf(root);
  if (traceLevel > 0) {
    const configFile = path.basename(configFiles.at(-1) ?? "");
    for (const line of configurationEcho(root, configFile)) output.line(line);
    output.stamped(`Commands: ${names.join(" ")}`);
    output.stamped(`precision = "${precision}"`);
  }
  for (const note of notesOn(root, precision)) output.stamped(note);
  const commands = checkCommands(root, names);
  const engine = lazyEngine(backend, output);
  try {
    const run = makeRun({
      precision,
      includeDirectories,
      output,
      engine: engine.get,
      hasConstantSeed: root.bool("forceConstantRandomSeed", false),
    });
    for (const command of commands) await runCommand(command, run, output);
  } finally {
    await engine.dispose();
  }
  writeDoneFile(root);
  output.stamped(hasTimestamps ? "__COMPLETED__" : "COMPLETED.");
}

/** Redirects the log as the config asks. @returns whether lines get time stamps */
function startLog(root: Section, commands: readonly string[], output: LogOutput): boolean {
  const hasTimestamps = root.bool("timestamping", false);
  output.setTimestamps(hasTimestamps);
  const file = root.string("stderr", "");
  if (file !== "") output.redirectTo(hasTimestamps ? `${file}_${commands.join("_")}.log` : file);
  return hasTimestamps;
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
    notes.push(
      'precision = "double": values and gradients are computed in float; parameters and model files are double.',
    );
  }
  if (root.integer("numCPUThreads", 0) !== 0) {
    notes.push("numCPUThreads has no effect: the backend chooses its number of threads.");
  }
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

/** -1 is the CPU. */
function deviceIdOf(root: Section): number {
  const text = root.string("deviceId", "auto");
  return /^(auto|cpu)$/i.test(text) ? -1 : root.integer("deviceId");
}

async function runCommand(command: Command, run: Run, output: LogOutput): Promise<void> {
  const { name, section } = command;
  for (const action of command.actions) {
    output.line("");
    for (const line of box(name, action)) output.stamped(line);
    output.line("");
    await findAction(action, name, section)(section, run);
    output.line("");
    if (section.integer("traceLevel", 0) > 0) output.stamped(`Action "${action}" complete.\n`);
  }
}

function writeDoneFile(root: Section): void {
  const file = root.string("doneFile", "");
  if (file === "") return;
  const text = `Successfully finished at ${dateAndTime(new Date())} on ${os.hostname()}\n`;
  try {
    writeFileSync(file, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw root.error("doneFile", `cannot write '${file}': ${reason}`);
  }
}
