/** The memory of a compiled engine: one shared WebAssembly.Memory, in which parameters live for good. */

import type { KernelLibrary } from "../../kernels/library.js";
import type { ComputationNode, FloatArray } from "../../network/node.js";
import { buffersOfRanks, fixedBuffer, type Buffer } from "./buffers.js";

const ALIGNMENT = 64;
const PAGE = 65536;
const FLOAT = 4;
/** MNIST as bytes and some more; what is beyond is copied minibatch by minibatch, so that files may be larger than memory. */
const MOST_MIRRORED_BYTES = 1 << 26;

/** A parameter here: its value, and its gradient by rank. */
interface ParameterPlace {
  readonly value: Buffer;
  readonly gradient: Buffer;
  /** byte offsets of the gradients, by rank */
  readonly gradients: readonly number[];
  /** byte offset of the value */
  readonly offset: number;
  /** what the network is given: the value, and the gradient of rank 0 */
  readonly values: Float32Array;
  readonly gradientOfFirst: Float32Array;
}

export class KernelMemory {
  readonly #memory: WebAssembly.Memory;
  /** the memory before and after it grew: JavaScript has an object for each length */
  readonly #buffers = new WeakSet<ArrayBufferLike>();
  readonly #ranks: number;
  readonly #free = new Map<number, number[]>();
  readonly #parameters = new WeakMap<ComputationNode, ParameterPlace>();
  /** gives back the memory of arrays that nobody knows any more: offsets and bytes */
  readonly #forgotten = new FinalizationRegistry<readonly (readonly [number, number])[]>((held) => {
    for (const [offset, bytes] of held) this.release(offset, bytes);
  });
  readonly #mirrors = new WeakMap<object, number>();
  readonly #unmirrored = new FinalizationRegistry<readonly [number, number]>(([offset, bytes]) => {
    this.#mirroredBytes -= bytes;
    this.release(offset, bytes);
  });
  #mirroredBytes = 0;
  #end = ALIGNMENT;

  /** @param ranks threads, each of which has its own gradients */
  constructor({ memory }: KernelLibrary, ranks: number) {
    this.#memory = memory;
    this.#buffers.add(memory.buffer);
    this.#ranks = ranks;
  }

  /** Byte offset of a stretch of memory; its contents are whatever was there. */
  allocate(bytes: number): number {
    const rounded = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const freed = this.#free.get(rounded)?.pop();
    if (freed !== undefined) return freed;
    const offset = this.#end;
    this.#end += rounded;
    const missing = this.#end - this.#memory.buffer.byteLength;
    // memory that is shared stays where it is when it grows, and so do views of it
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE));
      this.#buffers.add(this.#memory.buffer);
    }
    return offset;
  }

  release(offset: number, bytes: number): void {
    const rounded = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const list = this.#free.get(rounded) ?? [];
    list.push(offset);
    this.#free.set(rounded, list);
  }

  /**
   * Byte offset of a copy that stays here as long as somebody knows the array, which must not change; undefined if there
   * are too many already.
   */
  mirror(array: Uint8Array | Float32Array): number | undefined {
    const known = this.#mirrors.get(array);
    if (known !== undefined) return known;
    const bytes = array.byteLength;
    if (this.#mirroredBytes + bytes > MOST_MIRRORED_BYTES) return undefined;
    const offset = this.allocate(bytes);
    const source = new Uint8Array(array.buffer, array.byteOffset, bytes);
    new Uint8Array(this.#memory.buffer, offset, bytes).set(source);
    this.#mirrors.set(array, offset);
    this.#mirroredBytes += bytes;
    this.#unmirrored.register(array, [offset, bytes]);
    return offset;
  }

  get buffer(): ArrayBufferLike {
    return this.#memory.buffer;
  }

  floats(offset: number, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, offset, count);
  }

  doubles(offset: number, count: number): Float64Array {
    return new Float64Array(this.#memory.buffer, offset, count);
  }

  /**
   * Where a parameter's value and gradients are. From now on they live here: `parameter.value` becomes a view, so that
   * updates in place need no copies, and `parameter.gradient` one of the gradient of rank 0. A value that was replaced
   * meanwhile is taken over.
   */
  parameter(node: ComputationNode): ParameterPlace {
    const { parameter } = node;
    const given = parameter?.value;
    if (parameter === undefined || given === undefined) {
      throw new Error(`parameter '${node.name}' has no value`);
    }
    const known = this.#parameters.get(node);
    const place = known ?? this.#place(given.length);
    if (known === undefined) this.#parameters.set(node, place);
    const { values } = place;
    if (given !== values) {
      values.set(given);
      parameter.value = values;
    }
    parameter.gradient = place.gradientOfFirst;
    return place;
  }

  has(array: FloatArray): array is Float32Array {
    return array instanceof Float32Array && this.#buffers.has(array.buffer);
  }

  /** The array itself if it is here, else a copy that stays here as long as somebody knows it. */
  adopt(array: Float32Array): Float32Array {
    const isHere: boolean = this.has(array);
    if (isHere) return array;
    const bytes = array.length * FLOAT;
    const offset = this.allocate(bytes);
    const own = this.floats(offset, array.length);
    own.set(array);
    this.#forgotten.register(own, [[offset, bytes]]);
    return own;
  }

  #place(floats: number): ParameterPlace {
    const offset = this.allocate(floats * FLOAT);
    const gradients = Array.from({ length: this.#ranks }, () => this.allocate(floats * FLOAT));
    const values = this.floats(offset, floats);
    // other networks may share the array when the node is gone
    this.#forgotten.register(
      values,
      [offset, ...gradients].map((own) => [own, floats * FLOAT]),
    );
    return {
      values,
      gradientOfFirst: this.floats(gradients[0] ?? NaN, floats),
      value: fixedBuffer(floats, offset),
      gradient: buffersOfRanks(floats, gradients),
      gradients,
      offset,
    };
  }
}
