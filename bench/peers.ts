/** The peers: scripts in bench/peers, each a process that trains when asked and sleeps in between. */

import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import type { Job } from "./jobs.js";
import { lastLines } from "./program.js";
import type { Library } from "./workloads.js";

export interface Peer {
  readonly name: string;
  readonly library: Library;
  readonly threads: number;
  readonly environment: Readonly<Record<string, string>>;
}

// CNTK's MKL of 2018 does not use AVX2 on every processor that has it unless it is told to
const AVX2 = { MKL_DEBUG_CPU_TYPE: "5" };

export const PEERS: readonly Peer[] = [
  { name: "CNTK, 2 threads", library: "CNTK", threads: 2, environment: {} },
  { name: "CNTK AVX2, 2 threads", library: "CNTK", threads: 2, environment: AVX2 },
  { name: "PyTorch, 1 thread", library: "PyTorch", threads: 1, environment: {} },
  { name: "PyTorch, 2 threads", library: "PyTorch", threads: 2, environment: {} },
  { name: "JAX, 1 thread", library: "JAX", threads: 1, environment: {} },
  { name: "JAX, 2 threads", library: "JAX", threads: 2, environment: {} },
];

const SCRIPTS = { CNTK: "cntk_models.py", PyTorch: "torch_models.py", JAX: "jax_models.py" };
const MODULES = { CNTK: "cntk", PyTorch: "torch", JAX: "jax" };

/** A command that runs Python with the library: CNTK 2.7 needs one of its own. */
function pythonOf(library: Library): string | undefined {
  const { CNTK_PEER, BENCH_PYTHON } = process.env;
  return library === "CNTK" ? CNTK_PEER : (BENCH_PYTHON ?? "python3");
}

/** Why the library cannot be measured here; undefined if it can. */
export function reasonForAbsence(library: Library): string | undefined {
  const python = pythonOf(library);
  if (python === undefined) return "CNTK_PEER does not name a Python that has it";
  if (python.includes("/") && !existsSync(python)) return `${python} does not exist`;
  const find = `import importlib.util, sys; sys.exit(importlib.util.find_spec("${MODULES[library]}") is None)`;
  const { status } = spawnSync(python, ["-c", find], { stdio: "ignore" });
  return status === 0 ? undefined : `${python} has no module ${MODULES[library]}`;
}

/** The command line that runs a peer on a job, which is written to a file for it. */
export function peerCommand(
  peer: Peer,
  job: Job,
  isWhole = false,
): { readonly command: string; readonly args: readonly string[] } {
  const file = `${job.outputDir}/${peer.name.replaceAll(/[^A-Za-z0-9]+/g, "-")}.json`;
  writeFileSync(file, JSON.stringify({ ...job, threads: peer.threads, isWhole }));
  const { library } = peer;
  return {
    command: pythonOf(library) ?? "python3",
    args: [`bench/peers/${SCRIPTS[library]}`, file],
  };
}

/** One report of a peer. */
export interface Interval {
  /** counted from 0 */
  readonly interval: number;
  readonly seconds: number;
  readonly samples: number;
  readonly loss: number;
}

type Report = Interval | { readonly version: string } | { readonly done: true };

/** Reports are lines of JSON; libraries may print other lines among them. */
export function parseReport(line: string): Report | undefined {
  if (!line.startsWith("{")) return undefined;
  const values: unknown = JSON.parse(line);
  if (typeof values !== "object" || values === null) return undefined;
  if ("version" in values) return { version: String(values.version) };
  if ("done" in values) return { done: true };
  if (!("interval" in values)) return undefined;
  const number = (key: string) => Number(new Map(Object.entries(values)).get(key));
  return {
    interval: number("interval"),
    seconds: number("seconds"),
    samples: number("samples"),
    loss: number("loss"),
  };
}

/** A peer that has loaded a job. Between measurements it is halted: some libraries spin while they wait. */
export class RunningPeer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #reports: AsyncIterator<string>;
  #errors = "";
  #version = "";

  constructor(peer: Peer, job: Job) {
    const { command, args } = peerCommand(peer, job);
    this.#child = spawn(command, args, { env: { ...process.env, ...peer.environment } });
    // a peer that has died is noticed when it does not answer
    this.#child.on("error", (error) => (this.#errors += error.message));
    this.#child.stdin.on("error", () => undefined);
    this.#child.stderr.on("data", (chunk: Buffer) => (this.#errors += chunk.toString("utf8")));
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#reports = this.#lines[Symbol.asyncIterator]();
    process.once("exit", this.stop);
  }

  /** Known after `ready`. */
  get version(): string {
    return this.#version;
  }

  /** Waits until it has loaded its job. @throws Error with the end of what it printed */
  async ready(): Promise<void> {
    for (;;) {
      const report = await this.#nextReport();
      if (!("version" in report)) continue;
      this.#version = report.version;
      return;
    }
  }

  /** Trains for that long, and at least one interval. @throws Error with the end of what it printed */
  async measure(seconds: number): Promise<Interval[]> {
    this.#child.kill("SIGCONT");
    this.#child.stdin.write(`${seconds}\n`);
    const intervals: Interval[] = [];
    for (;;) {
      const report = await this.#nextReport();
      if ("interval" in report) intervals.push(report);
      if ("done" in report) break;
    }
    this.#child.kill("SIGSTOP");
    return intervals;
  }

  async #nextReport(): Promise<Report> {
    for (;;) {
      const line = await this.#reports.next();
      if (line.done === true) throw new Error(`it ended: ${lastLines(this.#errors)}`);
      const report = parseReport(line.value);
      if (report !== undefined) return report;
    }
  }

  readonly stop = (): void => {
    process.off("exit", this.stop);
    this.#lines.close();
    this.#child.kill("SIGKILL");
  };
}
