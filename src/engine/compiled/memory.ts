/** The memory of a compiled engine: buffers of floats in one WebAssembly.Memory, and parameters that live in it. */

import type { ComputationNode } from "../../network/node.js";
import type { KernelLibrary } from "../../kernels/library.js";

/** A stretch of floats. */
export interface Buffer {
  /** byte offset in the memory */
  readonly offset: number;
  readonly floats: number;
}

const ALIGNMENT = 64;
const PAGE = 65536;
/** Working memory that all calls share; one that needs more gets its own. */
const SHARED_SCRATCH = 1 << 22;

export class KernelMemory {
  readonly #library: KernelLibrary;
  readonly #free = new Map<number, Buffer[]>();
  readonly #parameters = new Map<ComputationNode, { value: Buffer; gradient: Buffer }>();
  readonly #scratch: Buffer;
  #end = ALIGNMENT;
  #floats: Float32Array;

  constructor(library: KernelLibrary) {
    this.#library = library;
    this.#floats = new Float32Array(library.memory.buffer);
    this.#scratch = this.allocate(SHARED_SCRATCH / 4);
  }

  /** A buffer of its own; its contents are whatever was there. */
  allocate(floats: number): Buffer {
    const rounded = Math.ceil((floats * 4) / ALIGNMENT) * ALIGNMENT;
    const freed = this.#free.get(rounded)?.pop();
    if (freed !== undefined) return { offset: freed.offset, floats };
    const offset = this.#end;
    this.#end += rounded;
    this.#growTo(this.#end);
    return { offset, floats };
  }

  release({ offset, floats }: Buffer): void {
    const rounded = Math.ceil((floats * 4) / ALIGNMENT) * ALIGNMENT;
    const list = this.#free.get(rounded) ?? [];
    list.push({ offset, floats });
    this.#free.set(rounded, list);
  }

  /** Offset of working memory that lasts for one call. */
  scratch(bytes: number): number {
    return bytes <= SHARED_SCRATCH ? this.#scratch.offset : this.allocate(bytes / 4).offset;
  }

  /** The floats of a buffer, valid until memory is allocated. */
  view({ offset, floats }: Buffer): Float32Array {
    return this.#floats.subarray(offset / 4, offset / 4 + floats);
  }

  /**
   * Where a parameter's value and gradient are. From now on they live here: `parameter.value` becomes a view, so that
   * updates in place need no copies. A value that was replaced meanwhile is taken over.
   */
  parameter(node: ComputationNode): { value: Buffer; gradient: Buffer } {
    const { parameter } = node;
    const given = parameter?.value;
    if (parameter === undefined || given === undefined) {
      throw new Error(`parameter '${node.name}' has no value`);
    }
    const known = this.#parameters.get(node);
    const place = known ?? {
      value: this.allocate(given.length),
      gradient: this.allocate(given.length),
    };
    const view = this.view(place.value);
    const isHere = given.buffer === view.buffer && given.byteOffset === view.byteOffset;
    if (!isHere) view.set(given);
    if (known === undefined) this.#parameters.set(node, place);
    if (!isHere || parameter.gradient === undefined) this.#link(node, place);
    return place;
  }

  #link(node: ComputationNode, place: { value: Buffer; gradient: Buffer }): void {
    if (node.parameter === undefined) return;
    node.parameter.value = this.view(place.value);
    node.parameter.gradient = this.view(place.gradient);
  }

  /** Growing detaches every view, so those of the parameters are made anew. */
  #growTo(end: number): void {
    const missing = end - this.#library.memory.buffer.byteLength;
    if (missing <= 0) return;
    this.#library.memory.grow(Math.ceil(missing / PAGE));
    this.#library.attach();
    this.#floats = new Float32Array(this.#library.memory.buffer);
    for (const [node, place] of this.#parameters) this.#link(node, place);
  }
}
