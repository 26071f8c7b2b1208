/** What one run of a portable program holds, and what an operation sees of it. */

import assert from "node:assert/strict";
import type { ComputationNode } from "../../network/node.js";
import type { MersenneTwister } from "../../random/mersenne-twister.js";
import type { ComputeContext } from "../../operations/operation.js";
import type { Tensor } from "../../operations/tensors.js";
import type { Minibatch } from "../../readers/reader.js";
import type { RunOptions } from "../engine.js";
import type { Step } from "./plan.js";

/** Lists are indexed by the step's position in the plan. All tensors go when the run ends, or before. */
export interface RunState {
  readonly minibatch: Minibatch;
  readonly options: RunOptions;
  readonly generatorOf: (node: ComputationNode) => MersenneTwister;
  /** undefined before a value is computed and after it is released */
  readonly values: (Tensor | undefined)[];
  /** sums over the consumers that were differentiated so far */
  readonly gradients: (Tensor | undefined)[];
  /** what `forward` kept for `backward` */
  readonly kept: (ReadonlyMap<string, Tensor> | undefined)[];
  /** new values of parameters, for the end of the run */
  readonly assigned: Map<ComputationNode, Float32Array>;
}

export type StepContext = ComputeContext<string, never, never>;

export function valueOf(step: Step, state: RunState): Tensor {
  const value = state.values[step.index];
  assert(value !== undefined, `'${step.node.name}' has no value at this moment`);
  return value;
}

/** Input tensors by name; of any number under one name the first. */
export function inputsOf(step: Step, { tensors }: StepContext): Record<string, Tensor> {
  const inputs: Record<string, Tensor> = {};
  step.inputNames.forEach((name, position) => {
    const tensor = tensors[position];
    if (tensor !== undefined) inputs[name] ??= tensor;
  });
  return inputs;
}

/** @param keeping where `keep` puts tensors and `kept` finds them */
export function contextOf(step: Step, state: RunState, keeping: Map<string, Tensor>): StepContext {
  return {
    ...step.known,
    prepared: step.prepared as never,
    hasDynamicAxis: step.hasDynamicAxis,
    tensors: step.inputs.map((input) => valueOf(input, state)),
    columns: state.minibatch.samples,
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
      state.assigned.set(input, readBack(tensor));
    },
  };
}

/** The elements of a tensor, sample after sample; a copy, because tensors may share their data. */
export function readBack(tensor: Tensor): Float32Array {
  return Float32Array.from(tensor.dataSync());
}
