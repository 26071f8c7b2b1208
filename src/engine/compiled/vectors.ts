/** Kernels over parameters, gradients and what update rules remember, all of which live in the engine's memory. */

import { encodeCall } from "../../kernels/library.js";
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
  #lists: Float64Array[] = [];

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
    const tasks = Array.from({ length: ranks }, (_, rank) => {
      const own = calls.flatMap((call) => share(call, rank, ranks) ?? []);
      return this.#write(
        rank,
        own.flatMap(({ kernel, values }) => encodeCall(kernel, values)),
        own.length,
      );
    });
    this.#crew.run(tasks, !isShared);
  }

  #write(rank: number, numbers: readonly number[], count: number): Task {
    const known = this.#lists[rank];
    const list =
      known !== undefined && known.length >= numbers.length ? known : this.#grow(numbers.length);
    this.#lists[rank] = list;
    list.set(numbers);
    return { offset: list.byteOffset, count };
  }

  #grow(length: number): Float64Array {
    const capacity = Math.max(FIRST_CAPACITY, 2 * length);
    return this.#memory.doubles(this.#memory.allocate(capacity * DOUBLE), capacity);
  }
}

const elementsOf = ({ values }: VectorCall): number =>
  values.find((value) => typeof value !== "number")?.length ?? 0;

const mayBeShared = (call: VectorCall, ranks: number): boolean =>
  ranks > 1 && call.isElementwise && elementsOf(call) >= LEAST_SHARED_ELEMENTS;

/** A thread's part of a call, arrays as byte offsets; undefined if another thread does it. */
function share(call: VectorCall, rank: number, ranks: number) {
  const { kernel, values } = call;
  const elements = elementsOf(call);
  const isShared = mayBeShared(call, ranks);
  if (!isShared && rank > 0) return undefined;
  const begin = isShared ? Math.floor((elements * rank) / ranks) : 0;
  const end = isShared ? Math.floor((elements * (rank + 1)) / ranks) : elements;
  return {
    kernel,
    values: values.map((value, position) => {
      if (typeof value !== "number") return value.byteOffset + begin * value.BYTES_PER_ELEMENT;
      // the only whole number of such a call is the length of its arrays
      const isLength = kernelTable[kernel].arguments[position] === "number";
      return isShared && isLength ? end - begin : value;
    }),
  };
}
