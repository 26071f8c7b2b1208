/** The parameters that training changes, with what the update rule remembers of each. */

import assert from "node:assert/strict";
import type { VectorCall, VectorKernels } from "../engine/engine.js";
import type { ComputationNode, FloatArray, ParameterState } from "../network/node.js";
import { normal } from "../random/distributions.js";
import { MersenneTwister } from "../random/mersenne-twister.js";
import { updateCalls } from "./learner-kernels.js";
import {
  expectOwnState,
  initialLearnerState,
  updateParameter,
  type LearnerState,
  type UpdateSettings,
} from "./learners.js";

export interface MinibatchStep {
  readonly learningRatePerSample: number;
  readonly momentumPerSample: number;
  /** of this minibatch: a short one has less momentum */
  readonly samples: number;
}

export class ParameterUpdates {
  readonly parameters: readonly ComputationNode[];
  readonly #settings: UpdateSettings;
  readonly #vectors: VectorKernels | undefined;
  readonly #unregularized: ReadonlySet<ComputationNode>;
  #states: LearnerState[];
  #noise = new MersenneTwister(0);

  /**
   * @param unregularized parameters that L1 and L2 spare
   * @param vectors kernels for parameters in an engine's memory
   */
  constructor(
    parameters: readonly ComputationNode[],
    settings: UpdateSettings,
    unregularized: ReadonlySet<ComputationNode>,
    vectors?: VectorKernels,
  ) {
    this.parameters = parameters;
    this.#vectors = vectors;
    this.#settings = settings;
    this.#unregularized = unregularized;
    this.#states = parameters.map((node) => initialLearnerState(valueOf(node)));
  }

  /** What a checkpoint stores, in the order of the parameters. */
  get states(): readonly LearnerState[] {
    return this.#states;
  }

  /** Continues with the states of a checkpoint. @throws CntkError "running" if another update rule left them */
  resumeWith(states: readonly LearnerState[]): void {
    assert(states.length === this.parameters.length);
    for (const [i, node] of this.parameters.entries()) {
      const state = states[i];
      if (state !== undefined) expectOwnState(node.name, valueOf(node), state, this.#settings);
    }
    this.#states = states.map((state) => ({ ...state }));
  }

  /** Noise is drawn anew from here, so that a training that goes on draws what it would have drawn. */
  startEpoch(epoch: number): void {
    this.#noise = new MersenneTwister(epoch);
  }

  /** Changes every parameter by the gradient that the last run left; in the engine's memory where they are there. */
  apply({ learningRatePerSample, momentumPerSample, samples }: MinibatchStep): void {
    if (samples === 0) return;
    const momentum = momentumPerSample ** samples;
    const calls: VectorCall[] = [];
    for (const [i, node] of this.parameters.entries()) {
      const state = this.#states[i];
      const gradient = parameterOf(node).gradient;
      if (state === undefined || gradient === undefined) continue;
      const value = valueOf(node);
      const step = {
        learningRatePerSample: learningRatePerSample * parameterOf(node).learningRateMultiplier,
        momentum,
        samples,
        regularizationMultiplier: this.#unregularized.has(node) ? 0 : 1,
        noise: this.#drawNoise(value),
      };
      const settings = this.#settings;
      const vectors = this.#vectors;
      if (vectors?.has(value) && vectors.has(gradient) && step.noise === undefined) {
        const adopt = (array: Float32Array) => vectors.adopt(array);
        calls.push(...updateCalls({ value, gradient, state, step, settings, adopt }));
      } else {
        updateParameter(value, gradient, state, step, settings);
      }
    }
    if (calls.length > 0) this.#vectors?.run(calls);
  }

  /** CNTK's own noise is seeded by the clock; ours can be repeated. */
  #drawNoise(value: FloatArray): FloatArray | undefined {
    const deviation = this.#settings.gaussianNoiseInjectStd;
    if (deviation <= 0) return undefined;
    const precision = value instanceof Float32Array ? "float" : "double";
    const round = precision === "float" ? Math.fround : Number;
    return value.map(() => normal(this.#noise, round(deviation), precision));
  }
}

function parameterOf(node: ComputationNode): ParameterState {
  assert(node.parameter !== undefined, `${node.name} is not a parameter`);
  return node.parameter;
}

function valueOf(node: ComputationNode): FloatArray {
  const { value } = parameterOf(node);
  assert(value !== undefined, `parameter ${node.name} has no value`);
  return value;
}
