/**
 * How samples get into the buffers of inputs: kernels gather them from the reader's arrays, of which the memory has copies,
 * each thread its own; what cannot be gathered the host writes.
 */

import assert from "node:assert/strict";
import type { ComputationNode } from "../../network/node.js";
import { elementCount } from "../../operations/shape.js";
import { writeSamples } from "../../readers/gathered.js";
import type { SampleRows, SparseData, StreamData } from "../../readers/reader.js";
import { columnsBuffer, fixedBuffer, type Buffer } from "./buffers.js";
import { call } from "./lowering.js";
import type { KernelMemory } from "./memory.js";
import type { NodeCall } from "./schedule.js";

const WORD = 4;

/** States of gather.c. */
const WRITTEN_BY_HOST = 0;
const FLOATS = 1;
const BYTES = 2;

export class InputFeed {
  readonly #memory: KernelMemory;
  readonly #node: ComputationNode;
  readonly #dimension: number;
  readonly #value: Float32Array;
  readonly #state: Int32Array;
  readonly #starts: Uint32Array;

  /** @param offset of the input's value for the whole minibatch */
  constructor(memory: KernelMemory, node: ComputationNode, columns: number, offset: number) {
    this.#memory = memory;
    this.#node = node;
    this.#dimension = elementCount(node.shape);
    this.#value = memory.floats(offset, columns * this.#dimension);
    this.#state = new Int32Array(memory.buffer, memory.allocate(WORD), 1);
    this.#starts = new Uint32Array(memory.buffer, memory.allocate(columns * WORD), columns);
  }

  /** The call by which a piece of the minibatch gets its samples. */
  gather(value: Buffer, columns: number): NodeCall {
    const state = fixedBuffer(1, this.#state.byteOffset);
    const starts = columnsBuffer(columns, 1, this.#starts.byteOffset);
    const own = call("gather_samples", 0, state, starts, value, columns, this.#dimension);
    return { ...own, node: this.#node, isBackward: false };
  }

  /** Makes the samples of a minibatch ready. */
  fill(stream: StreamData): void {
    this.#state[0] = WRITTEN_BY_HOST;
    if (stream.kind === "sparse") {
      fillSparse(stream, this.#value);
      return;
    }
    const samples = this.#starts.length;
    const { rows } = stream;
    const length = rows?.numbers.length ?? stream.values.length / this.#dimension;
    assert(length === samples, "a minibatch of another size than was compiled for");
    if (rows === undefined || !this.#startSamples(rows)) {
      writeSamples(stream, { first: 0, last: samples }, this.#value);
    }
  }

  /** Says where the samples begin. @returns false if they cannot be gathered */
  #startSamples({ sources, sourceOf, numbers }: SampleRows): boolean {
    const areBytes = sources[0] instanceof Uint8Array;
    const bytesOfSample = this.#dimension * (areBytes ? 1 : WORD);
    const offsets: number[] = [];
    for (const source of sources) {
      if (source instanceof Float64Array || source instanceof Uint8Array !== areBytes) return false;
      const offset = this.#memory.mirror(source);
      if (offset === undefined) return false;
      offsets.push(offset);
    }
    for (let sample = 0; sample < this.#starts.length; sample++) {
      const offset = offsets[sourceOf[sample] ?? 0] ?? 0;
      this.#starts[sample] = offset + (numbers[sample] ?? 0) * bytesOfSample;
    }
    this.#state[0] = areBytes ? BYTES : FLOATS;
    return true;
  }

  release(): void {
    this.#memory.release(this.#state.byteOffset, WORD);
    this.#memory.release(this.#starts.byteOffset, this.#starts.length * WORD);
  }
}

function fillSparse({ dimension, values, indices, starts }: SparseData, to: Float32Array): void {
  to.fill(0);
  for (let sample = 0; sample + 1 < starts.length; sample++) {
    for (let i = starts[sample] ?? 0; i < (starts[sample + 1] ?? 0); i++) {
      const at = sample * dimension + (indices[i] ?? 0);
      to[at] = (to[at] ?? 0) + (values[i] ?? 0);
    }
  }
}
