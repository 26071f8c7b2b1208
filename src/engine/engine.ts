/** The engine's one interface: compile a network for a minibatch shape, then run it. */

import type { KernelName } from "../kernels/table.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode, FloatArray } from "../network/node.js";
import type { Minibatch } from "../readers/reader.js";

export interface CompileRequest {
  readonly network: ComputationNetwork;
  /** nodes whose values are wanted */
  readonly outputs: readonly ComputationNode[];
  /** the node that is trained: running also leaves the gradients in `parameter.gradient` of its parameters */
  readonly criterion?: ComputationNode;
  /** samples in a minibatch; a smaller last one is compiled for itself */
  readonly columns: number;
}

export interface RunOptions {
  readonly isTraining: boolean;
  readonly dropoutRate: number;
}

/** A compiled network. Values of parameters are read from `parameter.value` at every run. */
export interface Program {
  run(minibatch: Minibatch, options: RunOptions): void;
  /** value of an output after `run`: `[columns x elements]`, sample after sample, valid until the next run */
  value(node: ComputationNode): FloatArray;
  dispose(): void;
}

/** One call of a kernel over arrays in the engine's memory: arrays and numbers in the order of the kernel table. */
export interface VectorCall {
  readonly kernel: KernelName;
  readonly values: readonly (number | Float32Array)[];
  /** true if every element is computed from the same elements of all arrays, so that threads can share them */
  readonly isElementwise: boolean;
}

/** Kernels over whole vectors, for what happens to parameters between minibatches. */
export interface VectorKernels {
  /** true if the array is in the engine's memory */
  has(array: FloatArray): array is Float32Array;
  /** the array itself if it is in the engine's memory, else a copy there */
  adopt(array: Float32Array): Float32Array;
  /** runs the calls one after the other */
  run(calls: readonly VectorCall[]): void;
}

export interface Engine {
  /** what runs and why, for the log */
  readonly description: string;
  /** makes the engine ready to compile programs of a network; needed once before the first of them */
  prepare(network: ComputationNetwork): Promise<void>;
  compile(request: CompileRequest): Program;
  /** a pass over data begins: what nodes gather over one pass starts anew */
  beginPass(): void;
  /** left out where parameters live in JavaScript's memory */
  readonly vectors?: VectorKernels;
  /** gives every random node a fresh generator; called at the start of an epoch */
  seedRandomNodes(seedOf: (node: ComputationNode, index: number, count: number) => number): void;
  dispose(): void;
}
