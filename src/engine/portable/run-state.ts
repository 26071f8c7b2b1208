/** What one run of a portable program holds, and what an operation sees of it. */

import assert from "node:assert/strict";
import type { ComputationNode, FloatArray } from "../../network/node.js";
import type { MersenneTwister } from "../../random/mersenne-twister.js";
import type { ComputeContext, SparseSamples } from "../../operations/operation.js";
import { floatsOf, type Tensor } from "../../operations/tensors.js";
import type { Minibatch } from "../../readers/reader.js";
import type { RunOptions } from "../engine.js";
import { denseTensor } from "./leaves.js";
import type { NodeMemory } from "./node-memory.js";
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

export type StepContext = ComputeContext<string, never, never>;

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

/** @param keeping where `keep` puts tensors and `kept` finds them */
export function contextOf(step: Step, state: RunState, keeping: Map<string, Tensor>): StepContext {
  return {
    ...step.known,
    prepared: step.prepared as never,
    hasDynamicAxis: step.hasDynamicAxis,
    names: step.inputs.map((input) => input.node.name),
    get tensors() {
      return step.inputs.map((input) => valueOf(input, state));
    },
    columns: state.minibatch.samples,
    hasSequences: hasSequences(state.minibatch),
    pass: state.memory.pass,
    memory: state.memory.of(step.node),
    log: state.log,
    isTraining: state.options.isTraining,
    dropoutRate: state.options.dropoutRate,
    get generator() {
      return state.generatorOf(step.node);
    },
    get value() {
      return valueOf(step, state);
    },
    keep: (name, tensor) => keeping.set(name, tensor),
    kept(name) {
      const tensor = keeping.get(name);
      assert(tensor !== undefined, `nothing was kept as '${name}'`);
      return tensor;
    },
    assign(inputIndex, tensor) {
      const input = step.inputs[inputIndex]?.node;
      assert(input?.parameter !== undefined, `input ${inputIndex} is no parameter`);
      state.assigned.set(input, floatsOf(tensor));
    },
  };
}

/** True if a sequence of the minibatch is longer than one sample. */
function hasSequences({ sequenceStarts }: Minibatch): boolean {
  const streams = [...(sequenceStarts?.values() ?? [])];
  return streams.some((starts) => (starts.at(-1) ?? 0) > starts.length - 1);
}
