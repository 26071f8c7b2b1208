/** A thread of a crew: waits for tasks of its rank and runs them, as long as the program lives. */

import assert from "node:assert/strict";
import { workerData } from "node:worker_threads";
import { openKernels } from "../../kernels/library.js";
import { CONTROL, controlBytes, runTask, type WorkerStart } from "./tasks.js";

/** Looks before going to sleep: longer than the pause between two minibatches. */
const SPINS = 100_000;

// what createCrew passes
const start = workerData as WorkerStart;
const kernels = openKernels(start.kernels, start.memory);
const control = new Int32Array(start.memory.buffer, start.control, controlBytes(start.size) / 4);

assert(kernels !== undefined, `${start.kernels} was replaced while the program ran`);
for (let seen = 0; ;) {
  seen = nextGeneration(seen);
  runTask(control, start.rank, kernels);
}

function nextGeneration(seen: number): number {
  for (let spins = 0; spins < SPINS; spins++) {
    const generation = Atomics.load(control, CONTROL.generation);
    if (generation !== seen) return generation;
  }
  Atomics.add(control, CONTROL.sleeping, 1);
  Atomics.wait(control, CONTROL.generation, seen);
  Atomics.sub(control, CONTROL.sleeping, 1);
  return Atomics.load(control, CONTROL.generation);
}
