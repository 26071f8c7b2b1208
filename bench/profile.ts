/** `npm run bench -- --profile NAME`: where the time of a workload goes. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { lastLines, PROGRAM, runProcess, runTscntk } from "./program.js";
import { argumentsOf, OUTPUT, textFile, type Workload } from "./workloads.js";
import { writeSyntheticText } from "./samples.js";

const LINES = 25;
const EPOCHS = 4;

/** The parts of a .cpuprofile file that are used here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  /** microseconds before each sample */
  readonly timeDeltas: readonly number[];
}

export interface FunctionTime {
  readonly place: string;
  readonly milliseconds: number;
  /** of all that was not idle, in percent */
  readonly share: number;
}

/** Time that functions spent themselves, most first. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): FunctionTime[] {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const times = new Map<string, number>();
  samples.forEach((id, index) => {
    const place = places.get(id) ?? "unknown";
    if (place === "(idle)") return;
    times.set(place, (times.get(place) ?? 0) + (timeDeltas[index] ?? 0) / 1000);
  });
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times]
    .map(([place, milliseconds]) => ({ place, milliseconds, share: (100 * milliseconds) / total }))
    .sort((one, other) => other.milliseconds - one.milliseconds);
}

function placeOf({
  functionName,
  url,
  lineNumber,
}: CpuProfile["nodes"][number]["callFrame"]): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const file = url.replace(/^.*\/dist\/src\//, "").replace(/^.*\/node_modules\//, "");
  return `${name}  ${file}:${lineNumber + 1}`;
}

/**
 * Prints where the time goes: the schedule's own trace where the program has one, else the profile that Node makes.
 * @param help what the program says about its options
 */
export async function profile(workload: Workload, help: string): Promise<string> {
  if (workload.synthetic !== undefined) writeSyntheticText(textFile(workload), workload.synthetic);
  const args = argumentsOf(workload, {
    epochSize: workload.epochSize,
    maxEpochs: EPOCHS,
    numMBsToShowResult: 0,
    inOrder: false,
    outputDir: `${OUTPUT}/${workload.name}/profile`,
  });
  const trace = help.includes("--trace") ? await traceSchedule(args) : "";
  return [trace, await profileFunctions(args)].filter((part) => part !== "").join("\n\n");
}

/** A call of the compiled schedule, as `--trace schedule` shows it. */
export interface TracedCall {
  readonly line: string;
  readonly kernel: string;
  /** of a minibatch */
  readonly microseconds: number;
}

export function readSchedule(log: string): TracedCall[] {
  return log.split("\n").flatMap((line) => {
    const [, microseconds, kernel] = /^ *\d+ +([\d.]+) us +[\d.]+ % +\d+ x (\S+)/.exec(line) ?? [];
    if (kernel === undefined) return [];
    return [{ line, kernel, microseconds: Number(microseconds) }];
  });
}

/** Time of each kernel over all its calls, most first. */
export function kernelTimes(calls: readonly TracedCall[]): (readonly [string, number])[] {
  const times = new Map<string, number>();
  for (const { kernel, microseconds } of calls) {
    times.set(kernel, (times.get(kernel) ?? 0) + microseconds);
  }
  return [...times].sort(([, one], [, other]) => other - one);
}

async function traceSchedule(args: readonly string[]): Promise<string> {
  const { log, exitCode } = await runTscntk([...args, "--trace", "schedule"]);
  if (exitCode !== 0) throw new Error(lastLines(log, 8));
  const calls = readSchedule(log);
  if (calls.length === 0)
    return "The program printed no schedule: the network runs on the portable path.";
  const total = calls.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const kernels = kernelTimes(calls).map(([kernel, time]) => {
    const share = ((100 * time) / total).toFixed(1);
    return `${time.toFixed(1).padStart(10)}  ${share.padStart(6)}%  ${kernel}`;
  });
  const slowest = [...calls]
    .sort((one, other) => other.microseconds - one.microseconds)
    .slice(0, LINES)
    .map(({ line }) => line);
  const heading = /^Schedule of .*$/m.exec(log)?.[0] ?? "Schedule";
  return [heading, "", "        us   share  kernel", ...kernels, "", ...slowest].join("\n");
}

async function profileFunctions(args: readonly string[]): Promise<string> {
  const directory = mkdtempSync(path.join(os.tmpdir(), "tscntk-profile-"));
  try {
    const options = ["--cpu-prof", `--cpu-prof-dir=${directory}`];
    const { log, exitCode } = await runProcess(process.execPath, [...options, PROGRAM, ...args]);
    if (exitCode !== 0) throw new Error(lastLines(log, 8));
    return readdirSync(directory)
      .map((file) => topFunctions(path.join(directory, file)))
      .join("\n\n");
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** One table for each thread. */
function topFunctions(file: string): string {
  // as V8 writes it
  const times = selfTimes(JSON.parse(readFileSync(file, "utf8")) as CpuProfile);
  const lines = times.slice(0, LINES).map(({ place, milliseconds, share }) => {
    const [time, percent] = [milliseconds.toFixed(1).padStart(10), share.toFixed(1).padStart(6)];
    return `${time}  ${percent}%  ${place}`;
  });
  return ["        ms   share  function, time of its own", ...lines].join("\n");
}
