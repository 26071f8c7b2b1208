/** Runs the program itself, as a process of its own. */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export const PROGRAM = "dist/src/cli/main.js";

export interface ProcessRun {
  /** standard error and standard output */
  readonly log: string;
  readonly exitCode: number | null;
  readonly seconds: number;
  /** the most memory it had in use; NaN where the system does not say */
  readonly peakMB: number;
}

const WATCH_MS = 20;

/** Runs a command until it ends. */
export async function runProcess(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ProcessRun> {
  const start = performance.now();
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  }
  let peakMB = NaN;
  const watch = setInterval(() => (peakMB = peakMemoryMB(child.pid) ?? peakMB), WATCH_MS);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  }).finally(() => clearInterval(watch));
  const seconds = (performance.now() - start) / 1000;
  return { log: Buffer.concat(chunks).toString("utf8"), exitCode, seconds, peakMB };
}

/** The system keeps the maximum, so looking now and then misses only the last moment. */
function peakMemoryMB(pid: number | undefined): number | undefined {
  if (pid === undefined || process.platform !== "linux") return undefined;
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kilobytes = /^VmHWM:\s*(\d+) kB/m.exec(status)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch (error) {
    // it has just ended
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

export const runTscntk = (args: readonly string[]) =>
  runProcess(process.execPath, [PROGRAM, ...args]);

/** The last lines of a log, for a message. */
export const lastLines = (log: string, count = 3) =>
  log.trimEnd().split("\n").slice(-count).join("\n");
