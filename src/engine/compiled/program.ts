/** A schedule that runs: inputs in, kernel calls, values out. */

import assert from "node:assert/strict";
import type { ComputationNode, FloatArray } from "../../network/node.js";
import type { Minibatch } from "../../readers/reader.js";
import type { Program, RunOptions } from "../engine.js";
import { streamOf } from "../streams.js";
import type { Crew, Task } from "./crew.js";
import type { InputFeed } from "./input-feeds.js";
import type { KernelMemory } from "./memory.js";
import type { RunSituation } from "./supplies.js";
import type { SupplyPlaces } from "./supply-places.js";
import type { ScheduleTrace } from "./trace.js";
import { Pace } from "./pace.js";

/** Where the host finds a value. */
export interface ValuePlace {
  readonly offset: number;
  readonly floats: number;
  /** partial sums to add up, one after the other; 1 for a value that is whole */
  readonly parts: number;
  /** floats that belong to it */
  readonly stored: number;
}

/** What linking has made of a schedule. */
export interface LinkedSchedule {
  /** run one after the other, each on all ranks at once */
  readonly phases: readonly (readonly Task[])[];
  /** the same, after the phases: adds up the gradients of all ranks */
  readonly gradientSums: readonly (readonly Task[])[];
  readonly feeds: ReadonlyMap<ComputationNode, InputFeed>;
  readonly values: ReadonlyMap<ComputationNode, ValuePlace>;
  readonly parameters: readonly ComputationNode[];
  /** times every call where that is asked for */
  readonly trace: ScheduleTrace | undefined;
  /** what the host computes for nodes before every run */
  readonly supplies: SupplyPlaces;
  /** gives the program's memory back */
  readonly dispose: () => void;
}

export class CompiledProgram implements Program {
  readonly #schedule: LinkedSchedule;
  readonly #memory: KernelMemory;
  readonly #crew: Crew;
  readonly #pace = new Pace();
  readonly #generatorOf: RunSituation["generatorOf"];
  readonly #views = new Map<ComputationNode, Float32Array>();

  /** @param generatorOf the generators of nodes that draw random numbers */
  constructor(
    schedule: LinkedSchedule,
    memory: KernelMemory,
    crew: Crew,
    generatorOf: RunSituation["generatorOf"],
  ) {
    this.#generatorOf = generatorOf;
    this.#schedule = schedule;
    this.#memory = memory;
    this.#crew = crew;
    for (const [node, { offset, floats, parts }] of schedule.values) {
      this.#views.set(node, memory.floats(offset, floats * parts));
    }
  }

  run(minibatch: Minibatch, options: RunOptions): void {
    // values that somebody replaced since the last run move into the memory
    for (const node of this.#schedule.parameters) this.#memory.parameter(node);
    for (const [node, feed] of this.#schedule.feeds) feed.fill(streamOf(node, minibatch.streams));
    const { samples } = minibatch;
    this.#schedule.supplies.fill({ ...options, samples, generatorOf: this.#generatorOf });
    const { trace, gradientSums } = this.#schedule;
    if (trace?.run((task) => this.#crew.run([task], true)) === true) {
      for (const tasks of gradientSums) this.#crew.run(tasks, true);
    } else {
      this.#runPhases();
    }
  }

  #runPhases(): void {
    const { phases, gradientSums } = this.#schedule;
    const isShared = phases.some((tasks) => tasks.length > 1);
    const isAlone = !isShared || this.#pace.isAlone;
    const begin = performance.now();
    for (const tasks of phases) this.#crew.run(tasks, isAlone);
    for (const tasks of gradientSums) this.#crew.run(tasks, isAlone);
    const end = performance.now();
    if (isShared) this.#pace.record(end - begin, end);
  }

  value(node: ComputationNode): FloatArray {
    const view = this.#views.get(node);
    const place = this.#schedule.values.get(node);
    assert(view !== undefined && place !== undefined, `'${node.name}' is no output of the program`);
    if (place.parts === 1) return view;
    return Float32Array.from({ length: place.floats }, (_, i) => {
      let sum = 0;
      for (let at = i; at < view.length; at += place.floats) sum += view[at] ?? 0;
      return sum;
    });
  }

  dispose(): void {
    this.#schedule.trace?.print();
    this.#schedule.dispose();
  }
}
