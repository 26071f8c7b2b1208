/** The whole program on 07: reading, three epochs, test, models saved; as a process, from start to end. */

import type { Contestant } from "./contestants.js";
import { readTrainingLog } from "./epoch-log.js";
import { prepareReference, type Job } from "./jobs.js";
import { warningAboutOthers } from "./machine.js";
import { parseReport, peerCommand, type Peer } from "./peers.js";
import { lastLines, PROGRAM, runProcess, type ProcessRun } from "./program.js";
import type { RaceSettings } from "./race.js";
import { hasLearned, median } from "./statistics.js";
import { OUTPUT, WORKLOADS } from "./workloads.js";

export const WHOLE_PROGRAM = "whole";

export interface WholeOutcome {
  readonly contestant: string;
  readonly seconds: readonly number[];
  readonly peakMB: number;
  readonly losses: readonly number[];
  readonly failure: string | undefined;
}

interface Command {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly lossesOf: (log: string) => number[];
}

/** As the config has it, apart from where the models go. */
function ours({ name, options }: Contestant): Command {
  const outputDir = `${OUTPUT}/whole/${name.replaceAll(/\W+/g, "-")}`;
  const config = "configFile=configs/07_Deconvolution_BS.cntk";
  return {
    name,
    command: process.execPath,
    args: [
      PROGRAM,
      config,
      "command=trainNetwork:testNetwork",
      `outputDir=${outputDir}`,
      ...options,
    ],
    environment: {},
    lossesOf: (log) => readTrainingLog(log).epochs.map(({ loss }) => loss),
  };
}

function theirs(peer: Peer, job: Job): Command {
  return {
    name: peer.name,
    ...peerCommand(peer, job, true),
    environment: peer.environment,
    lossesOf: (log) =>
      log.split("\n").flatMap((line) => {
        const report = parseReport(line);
        return report !== undefined && "interval" in report ? [report.loss] : [];
      }),
  };
}

/** All in turn, round after round. */
export async function measureWholeProgram(settings: RaceSettings): Promise<WholeOutcome[]> {
  const { contestants, peers, rounds, log, warn } = settings;
  const workload = WORKLOADS.find(({ name }) => name === "07");
  if (workload === undefined) throw new Error("there is no workload 07");
  const { job } = await prepareReference(workload);
  const commands = [
    ...contestants.filter(({ isSlow }) => !isSlow).map(ours),
    ...peers.filter(({ library }) => library === "CNTK").map((peer) => theirs(peer, job)),
  ];
  const runs = new Map<Command, ProcessRun[]>(commands.map((command) => [command, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const [{ name, command, args, environment }, done] of runs) {
      const warning = await warningAboutOthers();
      if (warning !== undefined) warn(warning);
      const run = await runProcess(command, args, environment);
      log(`  round ${round}, ${name}: ${run.seconds.toFixed(2)} s`);
      done.push(run);
    }
  }
  return [...runs].map(([command, done]) => judge(command, done, workload.constantLoss));
}

function judge(
  { name, lossesOf }: Command,
  runs: readonly ProcessRun[],
  constantLoss: number,
): WholeOutcome {
  const losses = lossesOf(runs[0]?.log ?? "");
  const failed = runs.find(({ exitCode }) => exitCode !== 0);
  const dead = runs
    .map(({ log }) => lossesOf(log))
    .find((found) => !hasLearned(found, constantLoss));
  const failure =
    failed !== undefined ? lastLines(failed.log) : dead && `it did not learn: ${dead.join(", ")}`;
  return {
    contestant: name,
    seconds: runs.map(({ seconds }) => seconds),
    peakMB: median(runs.map(({ peakMB }) => peakMB)),
    losses,
    failure,
  };
}
