/** What nodes remember from minibatch to minibatch, in all programs they are part of. */

import type { ComputationNode } from "../../network/node.js";

export type Remembered = Map<string, number | Float64Array>;

/** One memory per node; it counts passes over data, so that nodes can tell when to start anew. */
export class NodeMemory {
  readonly #memories = new WeakMap<ComputationNode, Remembered>();
  #pass = 0;

  get pass(): number {
    return this.#pass;
  }

  beginPass(): void {
    this.#pass++;
  }

  of(node: ComputationNode): Remembered {
    const memory = this.#memories.get(node) ?? new Map<string, number | Float64Array>();
    this.#memories.set(node, memory);
    return memory;
  }
}
