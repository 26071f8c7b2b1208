/** A compiled network that runs in TensorFlow.js operations, forward and backward, without a gradient tape. */

import assert from "node:assert/strict";
import type { ComputationNode, FloatArray } from "../../network/node.js";
import { sumToShape } from "../../operations/broadcast.js";
import { tf, type Tensor } from "../../operations/tensors.js";
import type { Minibatch } from "../../readers/reader.js";
import type { Program, RunOptions } from "../engine.js";
import { inputTensor, ParameterTensors, tensorShape } from "./leaves.js";
import { locatedAt } from "./node-errors.js";
import type { Plan, Step } from "./plan.js";
import type { RandomNodes } from "./random-nodes.js";
import { contextOf, inputsOf, readBack, valueOf, type RunState } from "./run-state.js";

export class PortableProgram implements Program {
  readonly #plan: Plan;
  readonly #randomNodes: RandomNodes;
  readonly #onDispose: () => void;
  readonly #parameters = new ParameterTensors();
  #outputs: ReadonlyMap<ComputationNode, Float32Array> = new Map();

  /** @param onDispose told when nobody needs the program any more */
  constructor(plan: Plan, randomNodes: RandomNodes, onDispose: () => void) {
    this.#plan = plan;
    this.#randomNodes = randomNodes;
    this.#onDispose = onDispose;
  }

  run(minibatch: Minibatch, options: RunOptions): void {
    tf.tidy(() => {
      const state: RunState = {
        minibatch,
        options,
        generatorOf: (node) => this.#randomNodes.generatorOf(node),
        values: [],
        gradients: [],
        kept: [],
        assigned: new Map(),
      };
      this.#runForward(state);
      this.#outputs = new Map(
        this.#plan.outputs.map((step) => [step.node, readBack(valueOf(step, state))]),
      );
      this.#runBackward(state);
      for (const step of this.#plan.trained) storeGradient(step, state);
      for (const [node, elements] of state.assigned) assignParameter(node, elements);
    });
  }

  value(node: ComputationNode): FloatArray {
    const value = this.#outputs.get(node);
    assert(value !== undefined, `'${node.name}' is no output of the program, or it has not run`);
    return value;
  }

  dispose(): void {
    this.#parameters.dispose();
    this.#outputs = new Map();
    for (const step of this.#plan.steps) tf.dispose([...step.preparedTensors]);
    this.#onDispose();
  }

  #runForward(state: RunState): void {
    for (const step of this.#plan.steps) {
      try {
        state.values[step.index] = this.#compute(step, state);
      } catch (error) {
        throw locatedAt(step.node, error);
      }
      this.#release(step.index, state);
    }
  }

  #compute(step: Step, state: RunState): Tensor {
    const { leaf } = step.node.operation;
    if (leaf === "input") return inputTensor(step.node, state.minibatch);
    if (leaf === "parameter") return this.#parameters.of(step.node);
    return computeForward(step, state);
  }

  #runBackward(state: RunState): void {
    const { criterion, backward, steps } = this.#plan;
    if (criterion?.isDifferentiated !== true) return;
    state.gradients[criterion.index] = tf.ones(valueOf(criterion, state).shape);
    backward.forEach((step, position) => {
      try {
        computeBackward(step, state);
      } catch (error) {
        throw locatedAt(step.node, error);
      }
      this.#release(steps.length + position, state);
    });
  }

  #release(moment: number, state: RunState): void {
    for (const index of this.#plan.releases[moment] ?? []) {
      state.values[index]?.dispose();
      state.values[index] = undefined;
    }
  }
}

function computeForward(step: Step, state: RunState): Tensor {
  const kept = new Map<string, Tensor>();
  const [value, ...keptTensors] = tf.tidy(() => {
    const context = contextOf(step, state, kept);
    const result = step.node.operation.forward?.(inputsOf(step, context), context);
    assert(result !== undefined, "the operation computes no value");
    // Clones share their data; without them an input that is returned or kept would be disposed of twice.
    const keeping = step.isDifferentiated ? [...kept.values()] : [];
    return [result, ...keeping].map((tensor) => tensor.clone());
  });
  assert(value !== undefined);
  expectShape(value, tensorShape(step.node, state.minibatch.samples), "the value");
  if (step.isDifferentiated) {
    state.kept[step.index] = new Map([...kept.keys()].map((name, i) => [name, at(keptTensors, i)]));
  }
  return value;
}

function at(tensors: readonly Tensor[], index: number): Tensor {
  const tensor = tensors[index];
  assert(tensor !== undefined);
  return tensor;
}

/** Adds what the node's gradient contributes to those of its inputs. */
function computeBackward(step: Step, state: RunState): void {
  const gradient = state.gradients[step.index];
  const kept = new Map(state.kept[step.index]);
  if (gradient !== undefined) {
    const context = contextOf(step, state, kept);
    const inputs = inputsOf(step, context);
    step.inputs.forEach((input, position) => {
      const backward = step.node.operation.backward?.[step.inputNames[position] ?? ""];
      if (backward === undefined || !input.node.needsGradient) return;
      const { shape } = valueOf(input, state);
      const contribution = tf.tidy(() =>
        sumToShape(backward(gradient, inputs, context, position), shape).clone(),
      );
      expectShape(contribution, shape, `the gradient of input ${position + 1}`);
      accumulate(input, contribution, state);
    });
  }
  gradient?.dispose();
  state.gradients[step.index] = undefined;
  for (const tensor of kept.values()) tensor.dispose();
}

function accumulate(step: Step, contribution: Tensor, state: RunState): void {
  const sum = state.gradients[step.index];
  if (sum === undefined) {
    state.gradients[step.index] = contribution;
    return;
  }
  state.gradients[step.index] = tf.add(sum, contribution);
  sum.dispose();
  contribution.dispose();
}

/** Leaves the gradient with the parameter, in its precision; zero if the criterion does not depend on it. */
function storeGradient({ node, index }: Step, state: RunState): void {
  const { parameter } = node;
  assert(parameter?.value !== undefined);
  const gradient = state.gradients[index];
  const elements = gradient ? readBack(gradient) : new Float32Array(parameter.value.length);
  parameter.gradient = inPrecisionOf(parameter.value, elements);
}

function assignParameter(node: ComputationNode, elements: Float32Array): void {
  const { parameter } = node;
  assert(parameter?.value?.length === elements.length, `'${node.name}': wrong size assigned`);
  parameter.value.set(elements);
}

function inPrecisionOf(pattern: FloatArray, elements: Float32Array): FloatArray {
  return pattern instanceof Float64Array ? Float64Array.from(elements) : elements;
}

function expectShape(tensor: Tensor, expected: readonly number[], what: string): void {
  assert(
    tensor.shape.join() === expected.join(),
    `${what} has shape [${tensor.shape.join(", ")}] instead of [${expected.join(", ")}]`,
  );
}
