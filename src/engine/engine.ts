/** The engine's one interface: compile a network for a minibatch shape, then run it. */

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

export interface Engine {
  /** what runs and why, for the log */
  readonly description: string;
  compile(request: CompileRequest): Program;
  /** a pass over data begins: what nodes gather over one pass starts anew */
  beginPass(): void;
  /** gives every random node a fresh generator; called at the start of an epoch */
  seedRandomNodes(seedOf: (node: ComputationNode, index: number, count: number) => number): void;
  dispose(): void;
}
