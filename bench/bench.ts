/**
 * `npm run bench [-- NAME ...] [--rounds N] [--epochs N] [--peers NAME,...] [--profile]`: samples/s of whole epochs
 * through the real program beside other libraries on the same networks, in one run, losses checked.
 *
 * Peers take part where they are found: CNTK 2.7 by the environment variable CNTK_PEER, a command that runs Python
 * with it; PyTorch and JAX in BENCH_PYTHON, python3 without it.
 */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ratioChart } from "./chart.js";
import { ourContestants } from "./contestants.js";
import { describeMachine, machineLine, warningAboutLoad } from "./machine.js";
import { PEERS, reasonForAbsence, type Peer } from "./peers.js";
import { profile } from "./profile.js";
import { PROGRAM, runTscntk } from "./program.js";
import { race } from "./race.js";
import { failures, renderResults, type Results, type WorkloadResult } from "./results.js";
import { measureWholeProgram, WHOLE_PROGRAM } from "./whole-program.js";
import { textFile, WORKLOADS, type Workload } from "./workloads.js";

const RESULTS = "bench/results";

interface Options {
  readonly workloads: readonly Workload[];
  readonly isWholeWanted: boolean;
  readonly libraries: readonly string[];
  readonly rounds: number;
  readonly epochs: number;
  readonly isProfile: boolean;
}

/** @throws Error that says what is wrong with the command line */
function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "2" },
      epochs: { type: "string", default: "3" },
      peers: { type: "string", default: "CNTK,PyTorch,JAX" },
      profile: { type: "boolean", default: false },
    },
  });
  const known = [...WORKLOADS.map(({ name }) => name), WHOLE_PROGRAM];
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`unknown workload ${unknown.join(", ")}; there are: ${known.join(", ")}`);
  }
  const isWanted = (name: string) => positionals.length === 0 || positionals.includes(name);
  return {
    workloads: WORKLOADS.filter(({ name }) => isWanted(name)),
    isWholeWanted: isWanted(WHOLE_PROGRAM),
    libraries: values.peers.split(",").filter((name) => name !== "" && name !== "none"),
    rounds: positiveInteger("rounds", values.rounds),
    epochs: positiveInteger("epochs", values.epochs),
    isProfile: values.profile,
  };
}

function positiveInteger(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name}: expected a positive integer, found "${text}"`);
}

/** The peers that are here. Those that are not are named with the reason. */
function presentPeers(libraries: readonly string[], warn: (line: string) => void): Peer[] {
  const wanted = PEERS.filter(({ library }) => libraries.includes(library));
  const absent = new Map(
    [...new Set(wanted.map(({ library }) => library))].flatMap((library) => {
      const reason = reasonForAbsence(library);
      return reason === undefined ? [] : [[library, reason]];
    }),
  );
  for (const [library, reason] of absent) warn(`SKIPPED ${library}: ${reason}`);
  return wanted.filter(({ library }) => !absent.has(library));
}

/** Only what has its data. */
function withData(workloads: readonly Workload[], warn: (line: string) => void): Workload[] {
  return workloads.filter((workload) => {
    const file = textFile(workload);
    if (workload.synthetic !== undefined || existsSync(file)) return true;
    warn(`SKIPPED ${workload.name}: ${file} is missing; npm start makes it`);
    return false;
  });
}

/** @param keep takes what is known after every workload: a whole run takes long, and may be ended early */
async function measureAll(
  options: Options,
  help: string,
  keep: (results: Results) => void,
): Promise<Results> {
  const { rounds, epochs } = options;
  const date = new Date().toISOString().slice(0, 19).replace("T", " ");
  const warnings: string[] = [];
  const log = (line: string) => {
    console.log(line);
  };
  const warn = (line: string) => {
    warnings.push(line);
    log(line);
  };
  const machine = describeMachine();
  log(machineLine(machine));
  const load = warningAboutLoad();
  if (load !== undefined) warn(load);
  const contestants = ourContestants(help, warn);
  const peers = presentPeers(options.libraries, warn);
  const settings = { contestants, peers, rounds, epochs, log, warn };
  const workloads: WorkloadResult[] = [];
  for (const workload of withData(options.workloads, warn)) {
    const { name, about } = workload;
    log(`\n${name}: ${about}`);
    workloads.push({ name, about, outcomes: await race(workload, settings) });
    keep({ date, machine, rounds, epochs, workloads, whole: undefined, warnings });
  }
  if (options.isWholeWanted) log(`\n${WHOLE_PROGRAM}: 07 from start to end`);
  const whole = options.isWholeWanted ? await measureWholeProgram(settings) : undefined;
  const results = { date, machine, rounds, epochs, workloads, whole, warnings };
  keep(results);
  return results;
}

/** JSON and chart, named for what is measured and when. @returns their name without ending */
function save(results: Results, { workloads: wanted, isWholeWanted }: Options): string {
  const { date, machine, workloads } = results;
  mkdirSync(RESULTS, { recursive: true });
  const names = [...wanted.map(({ name }) => name), ...(isWholeWanted ? [WHOLE_PROGRAM] : [])];
  const what = names.length > WORKLOADS.length ? "all" : names.join("+");
  const file = `${RESULTS}/${what}-${date.replace(" ", "T").replaceAll(":", "")}`;
  writeFileSync(`${file}.json`, `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(`${file}.svg`, ratioChart(workloads, `${machineLine(machine)}; ${date}`));
  return file;
}

async function main(): Promise<void> {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing; npm run build makes it`);
  const options = readOptions(process.argv.slice(2));
  const { log: help } = await runTscntk(["--help"]);
  if (options.isProfile) {
    for (const workload of withData(options.workloads, console.error)) {
      console.log(`${workload.name}: ${workload.about}\n`);
      console.log(await profile(workload, help));
    }
    return;
  }
  const results = await measureAll(options, help, (known) => save(known, options));
  console.log(`\n${renderResults(results)}`);
  console.log(`\n${save(results, options)}.json and .svg written`);
  const failed = failures(results);
  if (failed.length === 0) return;
  console.log(`FAILED: ${failed.join("; ")}`);
  process.exitCode = 1;
}

// an exit ends the peers too, which do not hear Ctrl-C while they are halted
process.once("SIGINT", () => process.exit(130));
try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
