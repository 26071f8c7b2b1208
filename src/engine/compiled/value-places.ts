/** Where inputs and outputs of a program lie in the memory: values that host and kernels share. */

import type { ComputationNode } from "../../network/node.js";
import { elementCount } from "../../operations/shape.js";
import { buffersOfPieces, columnsBuffer, type Buffer } from "./buffers.js";
import type { KernelMemory } from "./memory.js";
import { joinsSamples } from "./pieces.js";
import type { ValuePlace } from "./program.js";
import { isParameter } from "./schedule.js";

const FLOAT = 4;

export class ValuePlaces {
  readonly #memory: KernelMemory;
  readonly #places = new Map<ComputationNode, ValuePlace>();

  /**
   * @param nodes inputs and outputs; those that are parameters have places of their own
   * @param columns of the minibatch
   * @param pieces of the minibatch
   */
  constructor(
    memory: KernelMemory,
    nodes: Iterable<ComputationNode>,
    columns: number,
    pieces: number,
  ) {
    this.#memory = memory;
    for (const node of nodes) {
      if (isParameter(node) || this.#places.has(node)) continue;
      const isWhole = node.dynamicAxis !== undefined;
      const floats = elementCount(node.shape) * (isWhole ? columns : 1);
      // values without samples come out the same for every piece, sums over samples do not
      const stored = floats * (isWhole ? 1 : pieces);
      const parts = joinsSamples(node) ? pieces : 1;
      const offset = memory.allocate(stored * FLOAT);
      // parts of a sum may stay without anything to add
      if (parts > 1) memory.floats(offset, stored).fill(0);
      this.#places.set(node, { offset, floats, parts, stored });
    }
  }

  /** The buffer for a piece of some columns; undefined if the host does not share the value. */
  buffer(node: ComputationNode, columns: number): Buffer | undefined {
    const place = this.#places.get(node);
    if (place === undefined) return undefined;
    const elements = elementCount(node.shape);
    return node.dynamicAxis === undefined
      ? buffersOfPieces(elements, place.offset, place.parts > 1)
      : columnsBuffer(columns * elements, elements, place.offset);
  }

  place(node: ComputationNode): ValuePlace | undefined {
    return this.#places.get(node);
  }

  release(): void {
    for (const { offset, stored } of this.#places.values()) {
      this.#memory.release(offset, stored * FLOAT);
    }
  }
}
