/** Kernels over parameters, gradients and what update rules remember, all of which live in the engine's memory. */

import { kernelNumber } from "../../kernels/library.js";
import { kernelTable } from "../../kernels/table.js";
import type { VectorCall, VectorKernels } from "../engine.js";
import type { Crew, Task } from "./crew.js";
import type { KernelMemory } from "./memory.js";

const DOUBLE = 8;
/** Shorter vectors are not worth a second thread. */
const LEAST_SHARED_ELEMENTS = 1 << 15;
const FIRST_CAPACITY = 1024;

export class MemoryVectors implements VectorKernels {
  readonly #memory: KernelMemory;
  readonly #crew: Crew;
  /** where the lists of the threads stand */
  readonly #lists: Float64Array[] = [];
  readonly #tasks: Task[] = [];

  constructor(memory: KernelMemory, crew: Crew) {
    this.#memory = memory;
    this.#crew = crew;
  }

  has(array: Parameters<VectorKernels["has"]>[0]): array is Float32Array {
    return this.#memory.has(array);
  }

  adopt(array: Float32Array): Float32Array {
    return this.#memory.adopt(array);
  }

  run(calls: readonly VectorCall[]): void {
    const isShared = calls.some((call) => mayBeShared(call, this.#crew.size));
    const ranks = isShared ? this.#crew.size : 1;
    const capacity = calls.reduce((sum, { values }) => sum + 1 + values.length, 0);
    while (this.#tasks.length < ranks) this.#tasks.push({ offset: 0, count: 0 });
    for (let rank = 0; rank < ranks; rank++) {
      const list = this.#list(rank, capacity);
      let [at, count] = [0, 0];
      for (const call of calls) {
        const end = writeShare(call, rank, ranks, list, at);
        if (end > at) count++;
        at = end;
      }
      this.#tasks[rank] = { offset: list.byteOffset, count };
    }
    this.#crew.run(isShared ? this.#tasks : this.#tasks.slice(0, 1), !isShared);
  }

  #list(rank: number, capacity: number): Float64Array {
    const known = this.#lists[rank];
    if (known !== undefined && known.length >= capacity) return known;
    if (known !== undefined) this.#memory.release(known.byteOffset, known.byteLength);
    const length = Math.max(FIRST_CAPACITY, 2 * capacity);
    const list = this.#memory.doubles(this.#memory.allocate(length * DOUBLE), length);
    this.#lists[rank] = list;
    return list;
  }
}

const elementsOf = ({ values }: VectorCall): number =>
  values.find((value) => typeof value !== "number")?.length ?? 0;

const mayBeShared = (call: VectorCall, ranks: number): boolean =>
  ranks > 1 && call.isElementwise && elementsOf(call) >= LEAST_SHARED_ELEMENTS;

/**
 * Writes a thread's part of a call into its list, arrays as byte offsets; nothing if another thread does the call. There are
 * many calls a second, hence no arrays in between.
 * @returns where the list goes on
 */
function writeShare(
  call: VectorCall,
  rank: number,
  ranks: number,
  list: Float64Array,
  from: number,
): number {
  const { kernel, values } = call;
  const isShared = mayBeShared(call, ranks);
  if (!isShared && rank > 0) return from;
  const elements = elementsOf(call);
  const begin = isShared ? Math.floor((elements * rank) / ranks) : 0;
  const end = isShared ? Math.floor((elements * (rank + 1)) / ranks) : elements;
  const kinds = kernelTable[kernel].arguments;
  let at = from;
  list[at++] = kernelNumber(kernel);
  for (const value of values) {
    // the only whole number of a call that is shared is the length of its arrays
    const isLength = isShared && kinds[at - from - 1] === "number";
    if (typeof value !== "number") list[at++] = value.byteOffset + begin * value.BYTES_PER_ELEMENT;
    else list[at++] = isLength ? end - begin : value;
  }
  return at;
}
