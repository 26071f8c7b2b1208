/** A compiled network that runs in TensorFlow.js operations, forward and backward, without a gradient tape. */

import assert from "node:assert/strict";
import type { ComputationNode, FloatArray } from "../../network/node.js";
import { sumToShape } from "../../operations/broadcast.js";
import { floatsOf, newFloats, tf, type Tensor } from "../../operations/tensors.js";
import type { Minibatch } from "../../readers/reader.js";
import type { Program, RunOptions } from "../engine.js";
import { inputSamples, ParameterTensors, tensorShape } from "./leaves.js";
import { locatedAt } from "./node-errors.js";
import type { NodeMemory } from "./node-memory.js";
import type { Plan, Step } from "./plan.js";
import type { RandomNodes } from "./random-nodes.js";
import {
  inputsOf,
  makeDense,
  sparseInputOf,
  valueOf,
  type RunState,
  StepContext,
} from "./run-state.js";

/** What all programs of an engine share. */
export interface Surroundings {
  readonly randomNodes: RandomNodes;
  readonly memory: NodeMemory;
  readonly log: (line: string) => void;
}

export class PortableProgram implements Program {
  readonly #plan: Plan;
  readonly #surroundings: Surroundings;
  readonly #onDispose: () => void;
  readonly #parameters = new ParameterTensors();
  #outputs: ReadonlyMap<ComputationNode, FloatArray> = new Map();

  /** @param onDispose told when nobody needs the program any more */
  constructor(plan: Plan, surroundings: Surroundings, onDispose: () => void) {
    this.#plan = plan;
    this.#surroundings = surroundings;
    this.#onDispose = onDispose;
  }

  run(minibatch: Minibatch, options: RunOptions): void {
    const { randomNodes, memory, log } = this.#surroundings;
    tf.tidy(() => {
      const state: RunState = {
        minibatch,
        options,
        generatorOf: (node) => randomNodes.generatorOf(node),
        memory,
        log,
        values: [],
        sparse: [],
        gradients: [],
        kept: [],
        assigned: new Map(),
      };
      this.#runForward(state);
      this.#outputs = new Map(
        this.#plan.outputs.map((step) => [step.node, floatsOf(valueOf(step, state))]),
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
        this.#compute(step, state);
      } catch (error) {
        throw locatedAt(step.node, error);
      }
      this.#release(step.index, state);
    }
  }

  #compute(step: Step, state: RunState): void {
    const { leaf, precompute } = step.node.operation;
    if (leaf === "input") {
      const samples = inputSamples(step.node, state.minibatch);
      if ("kind" in samples) state.sparse[step.index] = samples;
      else state.values[step.index] = samples;
    } else if (leaf === "parameter" || precompute !== undefined) {
      state.values[step.index] = this.#parameters.of(step.node);
    } else {
      state.values[step.index] = computeForward(step, state);
    }
    // outputs are read back, so they are dense
    if (this.#plan.outputs.includes(step)) makeDense(step, state);
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
  const samples = sparseInputOf(step, state);
  step.inputs.forEach((input, position) => {
    if (samples === undefined || position !== step.sparseInput) makeDense(input, state);
  });
  const [value, ...keptTensors] = tf.tidy(() => {
    const context = new StepContext(step, state, kept);
    const { forward, sparse } = step.node.operation;
    const inputs = inputsOf(step, state);
    const result =
      samples === undefined
        ? forward?.(inputs, context)
        : sparse?.forward(samples, inputs, context);
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
    const context = new StepContext(step, state, kept);
    step.inputs.forEach((input, position) => {
      const backward = gradientRule(step, position, state, context);
      if (backward === undefined || !input.node.needsGradient) return;
      const { shape } = valueOf(input, state);
      const contribution = tf.tidy(() => sumToShape(backward(gradient), shape).clone());
      expectShape(contribution, shape, `the gradient of input ${position + 1}`);
      accumulate(input, contribution, state);
    });
  }
  gradient?.dispose();
  state.gradients[step.index] = undefined;
  for (const tensor of kept.values()) tensor.dispose();
}

/** How the gradient of one input follows from that of the node; undefined if it receives none. */
function gradientRule(
  step: Step,
  position: number,
  state: RunState,
  context: StepContext,
): ((gradient: Tensor) => Tensor) | undefined {
  const { operation } = step.node;
  const name = step.inputNames[position] ?? "";
  const inputs = inputsOf(step, state);
  const samples = sparseInputOf(step, state);
  if (samples === undefined) {
    const rule = operation.backward?.[name];
    return rule && ((gradient) => rule(gradient, inputs, context, position));
  }
  const rule = operation.sparse?.backward[name];
  return rule && ((gradient) => rule(gradient, samples, inputs, context));
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
  const elements = gradient ? floatsOf(gradient) : newFloats(parameter.value.length);
  parameter.gradient = inPrecisionOf(parameter.value, elements);
}

function assignParameter(node: ComputationNode, elements: FloatArray): void {
  const { parameter } = node;
  assert(parameter?.value?.length === elements.length, `'${node.name}': wrong size assigned`);
  parameter.value.set(elements);
}

/** A model in double may be computed in single precision, by a backend that is asked for. */
function inPrecisionOf(pattern: FloatArray, elements: FloatArray): FloatArray {
  return pattern instanceof Float64Array ? Float64Array.from(elements) : elements;
}

function expectShape(tensor: Tensor, expected: readonly number[], what: string): void {
  assert(
    tensor.shape.join() === expected.join(),
    `${what} has shape [${tensor.shape.join(", ")}] instead of [${expected.join(", ")}]`,
  );
}
