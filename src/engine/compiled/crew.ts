/**
 * Threads that run lists of kernel calls over one shared memory, one list for each: fork, then join. Which list belongs to
 * which rank never depends on timing, so results do not either.
 */

import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { findBuilt } from "../../kernels/built-files.js";
import type { KernelLibrary } from "../../kernels/library.js";
import { CONTROL, controlBytes, runTask, type WorkerStart } from "./tasks.js";

/** A list of encoded calls in the memory. */
export interface Task {
  /** byte offset */
  readonly offset: number;
  /** calls */
  readonly count: number;
}

export interface Crew {
  /** threads, the calling one included */
  readonly size: number;
  /**
   * Runs one task for every rank and waits for all of them. @throws Error if a thread has failed
   * @param alone the calling thread runs them all: faster where the tasks are short or no other core is free
   */
  run(tasks: readonly Task[], alone: boolean): void;
  dispose(): void;
}

/** Looks at the shared memory before a thread that waits goes to sleep; about a tenth of a millisecond. */
const SPINS = 20_000;

/** @param offset of `controlBytes(size)` bytes in the memory that are the crew's */
export function createCrew(library: KernelLibrary, size: number, offset: number): Crew {
  const file = findBuilt(import.meta.dirname, "worker.js");
  const count = file === undefined ? 1 : size;
  const control = new Int32Array(library.memory.buffer, offset, controlBytes(size) / 4);
  control.fill(0);
  let failure: Error | undefined;
  const workers = Array.from({ length: count - 1 }, (_, i) => {
    const { memory, file: kernels } = library;
    const workerData: WorkerStart = { memory, kernels, control: offset, size, rank: i + 1 };
    const worker = new Worker(file ?? "", { workerData });
    worker.on("error", (error: Error) => (failure ??= error));
    // an idle thread does not keep the program alive
    worker.unref();
    return worker;
  });
  return {
    size: count,
    run(tasks, alone) {
      if (failure !== undefined) throw failure;
      const others = alone ? [] : tasks.slice(1, count);
      others.forEach((task, i) => offer(control, i + 1, task));
      if (others.length > 0) {
        Atomics.add(control, CONTROL.generation, 1);
        if (Atomics.load(control, CONTROL.sleeping) > 0) {
          Atomics.notify(control, CONTROL.generation);
        }
      }
      tasks.forEach((task, rank) => {
        if (rank === 0 || rank > others.length) library.run(task.offset, task.count);
      });
      others.forEach((_, i) => {
        if (!runTask(control, i + 1, library)) join(control, i + 1);
      });
    },
    dispose() {
      for (const worker of workers) void worker.terminate();
    },
  };
}

function offer(control: Int32Array, rank: number, { offset, count }: Task): void {
  const at = CONTROL.tasks + rank * CONTROL.perRank;
  control[at + CONTROL.offset] = offset;
  control[at + CONTROL.count] = count;
  Atomics.store(control, at + CONTROL.state, CONTROL.offered);
}

/** Waits until a worker has finished the task it has taken. @throws Error if it failed */
function join(control: Int32Array, rank: number): void {
  const at = CONTROL.tasks + rank * CONTROL.perRank + CONTROL.state;
  for (let spins = 0; Atomics.load(control, at) === CONTROL.taken; spins++) {
    if (spins > SPINS) Atomics.wait(control, at, CONTROL.taken, 1);
  }
  assert(Atomics.load(control, at) === CONTROL.done, `thread ${rank} failed`);
}
