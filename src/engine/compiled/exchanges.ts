/** Where ranks that share a minibatch put what they add up, and the calls that do it. */

import { fixedBuffer, workingBuffer } from "./buffers.js";
import { call, type Exchange } from "./lowering.js";
import type { KernelMemory } from "./memory.js";

const FLOAT = 4;

/** One rank has the sum already. */
export function exchangeOfOne(floats: number): Exchange {
  const buffer = workingBuffer(floats);
  return { partial: buffer, calls: [], total: buffer };
}

export class Exchanges {
  readonly #memory: KernelMemory;
  readonly #ranks: number;
  readonly #areas: { readonly offset: number; readonly bytes: number }[] = [];
  #next = 0;
  #areUsed = false;

  constructor(memory: KernelMemory, ranks: number) {
    this.#memory = memory;
    this.#ranks = ranks;
  }

  /** True if a schedule has asked for a place. */
  get areUsed(): boolean {
    return this.#areUsed;
  }

  /** A schedule is about to be made: schedules of different sizes meet at the same places. */
  restart(): void {
    this.#next = 0;
  }

  next(floats: number): Exchange {
    this.#areUsed = true;
    if (this.#ranks === 1) return exchangeOfOne(floats);
    const position = this.#next++;
    const bytes = floats * this.#ranks * FLOAT;
    const area = (this.#areas[position] ??= { offset: this.#memory.allocate(bytes), bytes });
    const all = fixedBuffer(floats * this.#ranks, area.offset);
    const total = workingBuffer(floats);
    return {
      partial: { floats, locate: ({ rank }) => area.offset + rank * floats * FLOAT },
      calls: [call("barrier"), call("reduce_sum", all, total, 1, this.#ranks, floats, 1, 0)],
      total,
    };
  }

  release(): void {
    for (const { offset, bytes } of this.#areas) this.#memory.release(offset, bytes);
  }
}
