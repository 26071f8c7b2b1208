/** What one run of a portable program holds, and what an operation sees of it. */

import assert from "node:assert/strict";
import type { ComputationNode, FloatArray } from "../../network/node.js";
import type { MersenneTwister } from "../../random/mersenne-twister.js";
import type { ComputeContext, SparseSamples } from "../../operations/operation.js";
import type { Shape } from "../../operations/shape.js";
import { floatsOf, type Tensor } from "../../operations/tensors.js";
import type { Minibatch } from "../../readers/reader.js";
import type { RunOptions } from "../engine.js";
import { denseTensor } from "./leaves.js";
import type { NodeMemory, Remembered } from "./node-memory.js";
import type { Step } from "./plan.js";

/** Lists are indexed by the step's position in the plan. All tensors go when the run ends, or before. */
export interface RunState {
  readonly minibatch: Minibatch;
  readonly options: RunOptions;
  readonly generatorOf: (node: ComputationNode) => MersenneTwister;
  readonly memory: NodeMemory;
  readonly log: (line: string) => void;
  /** undefined before a value is computed and after it is released */
  readonly values: (Tensor | undefined)[];
  /** inputs that the reader delivered sparse; they have a value from when somebody needs a dense one */
  readonly sparse: (SparseSamples | undefined)[];
  /** sums over the consumers that were differentiated so far */
  readonly gradients: (Tensor | undefined)[];
  /** what `forward` kept for `backward` */
  readonly kept: (ReadonlyMap<string, Tensor> | undefined)[];
  /** new values of parameters, for the end of the run */
  readonly assigned: Map<ComputationNode, FloatArray>;
}

export function valueOf(step: Step, state: RunState): Tensor {
  const value = state.values[step.index];
  assert(value !== undefined, `'${step.node.name}' has no value at this moment`);
  return value;
}

/** Makes a value dense that came sparse. The tensor lives as long as that of any other node. */
export function makeDense(step: Step, state: RunState): void {
  const samples = state.sparse[step.index];
  if (samples !== undefined) state.values[step.index] ??= denseTensor(step.node, samples);
}

/** What the operation takes sparse in this run. */
export function sparseInputOf(step: Step, state: RunState): SparseSamples | undefined {
  const input = step.sparseInput === undefined ? undefined : step.inputs[step.sparseInput];
  return input === undefined ? undefined : state.sparse[input.index];
}

/** Input tensors by name, without what comes sparse; of any number under one name the first. */
export function inputsOf(step: Step, state: RunState): Record<string, Tensor> {
  const missing = sparseInputOf(step, state) === undefined ? undefined : step.sparseInput;
  const inputs: Record<string, Tensor> = {};
  step.inputNames.forEach((name, position) => {
    const input = step.inputs[position];
    if (input !== undefined && position !== missing) inputs[name] ??= valueOf(input, state);
  });
  return inputs;
}

/**
 * What an operation sees of one step. A class, because a literal with getters would cost kilobytes for every node of
 * every minibatch, in a part of the heap that is seldom cleaned.
 */
export class StepContext implements ComputeContext<string, never, never> {
  readonly settings: never;
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly all: readonly Shape[];
  readonly shape: Shape;
  readonly prepared: never;
  readonly hasDynamicAxis: readonly boolean[];
  readonly columns: number;
  readonly isTraining: boolean;
  readonly dropoutRate: number;
  readonly pass: number;
  readonly #step: Step;
  readonly #state: RunState;
  readonly #keeping: Map<string, Tensor>;

  /** @param keeping where `keep` puts tensors and `kept` finds them */
  constructor(step: Step, state: RunState, keeping: Map<string, Tensor>) {
    const { settings, shapes, all, shape } = step.known;
    this.settings = settings;
    this.shapes = shapes;
    this.all = all;
    this.shape = shape;
    this.prepared = step.prepared as never;
    this.hasDynamicAxis = step.hasDynamicAxis;
    this.columns = state.minibatch.samples;
    this.isTraining = state.options.isTraining;
    this.dropoutRate = state.options.dropoutRate;
    this.pass = state.memory.pass;
    this.#step = step;
    this.#state = state;
    this.#keeping = keeping;
  }

  get names(): readonly string[] {
    return this.#step.inputs.map((input) => input.node.name);
  }

  get tensors(): readonly Tensor[] {
    return this.#step.inputs.map((input) => valueOf(input, this.#state));
  }

  get hasSequences(): boolean {
    return hasSequences(this.#state.minibatch);
  }

  get memory(): Remembered {
    return this.#state.memory.of(this.#step.node);
  }

  get generator(): MersenneTwister {
    return this.#state.generatorOf(this.#step.node);
  }

  get value(): Tensor {
    return valueOf(this.#step, this.#state);
  }

  log(line: string): void {
    this.#state.log(line);
  }

  keep(name: string, tensor: Tensor): void {
    this.#keeping.set(name, tensor);
  }

  kept(name: string): Tensor {
    const tensor = this.#keeping.get(name);
    assert(tensor !== undefined, `nothing was kept as '${name}'`);
    return tensor;
  }

  assign(inputIndex: number, tensor: Tensor): void {
    const input = this.#step.inputs[inputIndex]?.node;
    assert(input?.parameter !== undefined, `input ${inputIndex} is no parameter`);
    this.#state.assigned.set(input, floatsOf(tensor));
  }
}

/** True if a sequence of the minibatch is longer than one sample. */
function hasSequences({ sequenceStarts }: Minibatch): boolean {
  const streams = [...(sequenceStarts?.values() ?? [])];
  return streams.some((starts) => (starts.at(-1) ?? 0) > starts.length - 1);
}
