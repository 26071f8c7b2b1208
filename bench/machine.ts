/** The machine that is measured, and whether it is quiet. */

import { readFileSync } from "node:fs";
import os from "node:os";
import { setTimeout } from "node:timers/promises";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly vectors: string;
  readonly memoryGB: number;
  readonly node: string;
  readonly system: string;
}

/** More than this many cores in use by others spoil a measurement. */
const BUSY = 0.5;
const GLANCE_MS = 100;

/** A warning if the machine was busy before we began: then the figures mean little. */
export function warningAboutLoad(): string | undefined {
  const [average = 0] = os.loadavg();
  return average > BUSY ? warning(`a load of ${average.toFixed(2)} in the last minute`) : undefined;
}

/** Looks for a moment, in which nothing of ours runs, whether somebody else does. */
export async function warningAboutOthers(): Promise<string | undefined> {
  const [start, begin] = [performance.now(), busyMilliseconds()];
  await setTimeout(GLANCE_MS);
  const cores = (busyMilliseconds() - begin) / (performance.now() - start);
  return cores > BUSY ? warning(`${cores.toFixed(1)} cores busy between measurements`) : undefined;
}

const warning = (what: string) =>
  `WARNING: ${what}: the machine is not quiet, the figures mean little`;

/** Time that all cores together have worked. */
function busyMilliseconds(): number {
  return os
    .cpus()
    .map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq)
    .reduce((sum, time) => sum + time, 0);
}

export function describeMachine(): Machine {
  const cpus = os.cpus();
  return {
    processor: cpus[0]?.model.trim() ?? "unknown",
    cores: cpus.length,
    vectors: vectorInstructions(),
    memoryGB: Math.round(os.totalmem() / 2 ** 30),
    node: process.version,
    system: `${os.type()} ${os.arch()}`,
  };
}

function vectorInstructions(): string {
  if (os.platform() !== "linux") return "unknown";
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
  const known = ["avx2", "fma", "avx512f"].filter((flag) => flags.split(" ").includes(flag));
  return known.length > 0 ? known.join(" ") : "none of AVX2 and AVX-512";
}

export const machineLine = (machine: Machine) =>
  `${machine.processor}, ${machine.cores} cores (${machine.vectors}), ${machine.memoryGB} GB, ${machine.system}, Node ${machine.node}`;
