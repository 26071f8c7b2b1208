/** A schedule that runs: inputs in, kernel calls, values out. */

import assert from "node:assert/strict";
import type { Kernels } from "../../kernels/host.js";
import type { ComputationNode, FloatArray } from "../../network/node.js";
import type { Minibatch, StreamData } from "../../readers/reader.js";
import type { Program } from "../engine.js";
import { streamOf } from "../streams.js";
import type { Call } from "./lowering.js";
import type { KernelMemory } from "./memory.js";
import type { Schedule } from "./schedule.js";

type Bound = readonly [(...values: number[]) => number, readonly number[]];

export class CompiledProgram implements Program {
  readonly #schedule: Schedule;
  readonly #memory: KernelMemory;
  readonly #calls: readonly Bound[];

  constructor(schedule: Schedule, memory: KernelMemory, kernels: Kernels) {
    this.#schedule = schedule;
    this.#memory = memory;
    const bind = ({ kernel, values }: Call): Bound => [kernels[kernel], values];
    this.#calls = [...schedule.forward, ...schedule.backward].map(bind);
  }

  run(minibatch: Minibatch): void {
    // values that somebody replaced since the last run move into the memory
    for (const node of this.#schedule.parameters) this.#memory.parameter(node);
    for (const [node, buffer] of this.#schedule.inputs) {
      const view = this.#memory.view(buffer);
      copySamples(streamOf(node, minibatch.streams), view);
    }
    for (const [kernel, values] of this.#calls) kernel(...values);
  }

  value(node: ComputationNode): FloatArray {
    const buffer = this.#schedule.values.get(node);
    assert(buffer !== undefined, `'${node.name}' is no node of the program`);
    return this.#memory.view(buffer);
  }

  dispose(): void {
    for (const buffer of this.#schedule.buffers) this.#memory.release(buffer);
  }
}

function copySamples(stream: StreamData, to: Float32Array): void {
  if (stream.kind === "dense") {
    assert(stream.values.length === to.length, "a minibatch of another size than was compiled for");
    to.set(stream.values);
    return;
  }
  to.fill(0);
  const { dimension, values, indices, starts } = stream;
  for (let sample = 0; sample + 1 < starts.length; sample++) {
    for (let i = starts[sample] ?? 0; i < (starts[sample + 1] ?? 0); i++) {
      const at = sample * dimension + (indices[i] ?? 0);
      to[at] = (to[at] ?? 0) + (values[i] ?? 0);
    }
  }
}
