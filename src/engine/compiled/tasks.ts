/** How the threads of a crew hand tasks to each other in shared memory. */

import type { Kernels } from "../../kernels/library.js";

/** Positions and values in the control words. */
export const CONTROL = {
  /** counts the times that tasks were offered; who waits for one waits for it to change */
  generation: 0,
  /** how many workers are asleep */
  sleeping: 1,
  /** where the words of rank 0 begin; a cache line for each rank */
  tasks: 16,
  perRank: 16,
  /** words of a rank */
  state: 0,
  offset: 1,
  count: 2,
  /** states */
  done: 0,
  offered: 1,
  taken: 2,
  failed: 3,
} as const;

/** What a worker is started with. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  /** file of the kernels */
  readonly kernels: string;
  /** byte offset of the control words */
  readonly control: number;
  /** threads */
  readonly size: number;
  readonly rank: number;
}

export const controlBytes = (size: number): number => (CONTROL.tasks + size * CONTROL.perRank) * 4;

/** Runs the task offered to a rank unless another thread has taken it. @returns whether it did */
export function runTask(control: Int32Array, rank: number, kernels: Pick<Kernels, "run">): boolean {
  const at = CONTROL.tasks + rank * CONTROL.perRank;
  const state = at + CONTROL.state;
  const found = Atomics.compareExchange(control, state, CONTROL.offered, CONTROL.taken);
  if (found !== CONTROL.offered) return false;
  let outcome: number = CONTROL.failed;
  try {
    // an offset is unsigned, a word is not
    kernels.run((control[at + CONTROL.offset] ?? 0) >>> 0, control[at + CONTROL.count] ?? 0);
    outcome = CONTROL.done;
  } finally {
    // nobody may wait for ever for a thread that has died
    Atomics.store(control, state, outcome);
    Atomics.notify(control, state);
  }
  return true;
}
