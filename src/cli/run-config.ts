/** Runs a config: reads it, checks all its commands, runs their actions one after the other (actions.md 1). */

import { reasonOf } from "../../grammar/errors.js";
import { writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { findAction } from "../actions/index.js";
import { readCommandLine } from "../config/command-line.js";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { changeDirectory, readText } from "./file-access.js";
import { banner, box, buildInfo, configurationEcho } from "./frame.js";
import { lazyEngine } from "./lazy-engine.js";
import { dateAndTime, type LogOutput } from "./log-output.js";
import { makeRun } from "./make-run.js";
import { checkCommand, commandOf, type Command } from "./pre-check.js";
import { monitorTraining } from "./training-monitor.js";
import { readLogSettings, readRunSettings, type LogSettings } from "./root-settings.js";

export interface RunRequest {
  /** CNTK's arguments: `configFile=...`, `key=value` */
  readonly args: readonly string[];
  /** `auto` or the name of a backend */
  readonly backend: string;
  /** folder for TensorBoard's event files; undefined to write none */
  readonly tensorboard: string | undefined;
  /** threads to compute with; undefined leaves it to numCPUThreads */
  readonly threads: number | undefined;
  /** true to print the compiled schedules with times; so does traceLevel = 2 */
  readonly tracesSchedule: boolean;
  readonly output: LogOutput;
}

/** @throws CntkError of any phase */
export async function runConfig(request: RunRequest): Promise<void> {
  const { args, backend, tensorboard, output } = request;
  const header = banner(args, new Date());
  for (const line of header) output.line(line);
  const { root, configFiles, includeDirectories } = readCommandLine(
    args,
    { readText, changeDirectory },
    output.line,
  );
  const logSettings = readLogSettings(root);
  const { traceLevel, commands: names } = logSettings;
  startLog(logSettings, output);
  if (logSettings.stderr !== "" && traceLevel === 0) for (const line of header) output.line(line);
  for (const line of buildInfo()) output.stamped(line);
  const { precision, threads, notes, hasConstantSeed, doneFile } = readRunSettings(root);
  if (traceLevel > 0) {
    const configFile = path.basename(configFiles.at(-1) ?? "");
    for (const line of configurationEcho(root, configFile)) output.line(line);
    output.stamped(`Commands: ${names.join(" ")}`);
    output.stamped(`precision = "${precision}"`);
  }
  for (const note of notes) output.stamped(note);
  const commands = names.map((name) => commandOf(root, name));
  for (const command of commands) checkCommand(root, command);
  const engineOptions = {
    precision,
    threads: request.threads ?? threads,
    tracesSchedule: request.tracesSchedule || traceLevel > 1,
  };
  const engine = lazyEngine(backend, engineOptions, output);
  try {
    const run = makeRun({
      precision,
      includeDirectories,
      output,
      engine: engine.get,
      hasConstantSeed,
    });
    for (const command of commands) {
      const monitor = monitorTraining(command.name, tensorboard, output);
      try {
        await runCommand(command, { ...run, report: monitor.report }, output);
      } finally {
        monitor.finish();
      }
    }
  } finally {
    await engine.dispose();
  }
  writeDoneFile(doneFile, root);
  output.stamped(logSettings.hasTimestamps ? "__COMPLETED__" : "COMPLETED.");
}

/** Redirects the log as the config asks. */
function startLog({ hasTimestamps, stderr, commands }: LogSettings, output: LogOutput): void {
  output.setTimestamps(hasTimestamps);
  if (stderr === "") return;
  output.redirectTo(hasTimestamps ? `${stderr}_${commands.join("_")}.log` : stderr);
}

async function runCommand(command: Command, run: Run, output: LogOutput): Promise<void> {
  const { name, section } = command;
  for (const action of command.actions) {
    output.line("");
    for (const line of box(name, action)) output.stamped(line);
    output.line("");
    await findAction(action, name, section).run(section, run);
    output.line("");
    if (section.integer("traceLevel", 0) > 0) output.stamped(`Action "${action}" complete.\n`);
  }
}

function writeDoneFile(file: string, root: Section): void {
  if (file === "") return;
  const text = `Successfully finished at ${dateAndTime(new Date())} on ${os.hostname()}\n`;
  try {
    writeFileSync(file, text);
  } catch (error) {
    const reason = reasonOf(error);
    throw root.error("doneFile", `cannot write '${file}': ${reason}`);
  }
}
