/** Where the numbers lie that the host computes for nodes before every run. */

import type { ComputationNode } from "../../network/node.js";
import { columnsBuffer, fixedBuffer, workingBuffer, type Buffer } from "./buffers.js";
import type { KernelMemory } from "./memory.js";
import { supplyOf, type RunSituation, type Supply } from "./supplies.js";

const FLOAT = 4;

interface Place {
  readonly supply: Supply;
  readonly offset: number;
  /** of the whole minibatch */
  readonly floats: number;
}

/** A buffer that stands for what a node gets from the host, for a schedule that will not run. */
export function dummySupply(node: ComputationNode, columns: number): Buffer | undefined {
  const supply = supplyOf(node);
  return supply && workingBuffer(supply.floats * (supply.isPerColumn ? columns : 1));
}

export class SupplyPlaces {
  readonly #memory: KernelMemory;
  readonly #places = new Map<ComputationNode, Place>();

  /** @param columns of the minibatch */
  constructor(memory: KernelMemory, nodes: Iterable<ComputationNode>, columns: number) {
    this.#memory = memory;
    for (const node of nodes) {
      const supply = supplyOf(node);
      if (supply === undefined) continue;
      const floats = supply.floats * (supply.isPerColumn ? columns : 1);
      this.#places.set(node, { supply, floats, offset: memory.allocate(floats * FLOAT) });
    }
  }

  /** The buffer for a piece of some columns; undefined for a node that needs nothing from the host. */
  buffer(node: ComputationNode, columns: number): Buffer | undefined {
    const place = this.#places.get(node);
    if (place === undefined) return undefined;
    const { supply, offset } = place;
    return supply.isPerColumn
      ? columnsBuffer(columns * supply.floats, supply.floats, offset)
      : fixedBuffer(supply.floats, offset);
  }

  /** Computes them all for a run. */
  fill(situation: RunSituation): void {
    for (const { supply, offset, floats } of this.#places.values()) {
      supply.fill(this.#memory.floats(offset, floats), situation);
    }
  }

  release(): void {
    for (const { offset, floats } of this.#places.values()) {
      this.#memory.release(offset, floats * FLOAT);
    }
  }
}
