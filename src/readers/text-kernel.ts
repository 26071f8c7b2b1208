/** The fast way through a text: a kernel reads sequences as long as there is nothing unusual in them. */

import { findModule } from "../kernels/built-files.js";
import {
  CALL_BYTES,
  encodeCall,
  loadKernelLibrary,
  openKernels,
  type Kernels,
} from "../kernels/library.js";
import { KernelStream, STREAM_BYTES } from "./kernel-streams.js";
import { POWERS_OF_TEN } from "./text-numbers.js";
import type { ParsedStream } from "./text-streams.js";

const PAGE = 65536;
/** What is never touched costs nothing. */
const MEMORY_BYTES = 32 * 2 ** 20;
/** The kernel looks at a few bytes behind the text. */
const BYTES_BEHIND = 16;

/** Where the powers of ten stand, behind the call, and what comes after them. */
const POWERS = CALL_BYTES;
const BLOCK = POWERS + POWERS_OF_TEN.byteLength;

/** A stretch of text, and the streams that its sequences are appended to. */
export interface TextBlock {
  readonly streams: readonly ParsedStream[];
  /** rows of each sequence */
  readonly lengths: Uint32Array;
  /** of the text */
  readonly bytes: number;
}

/** A kernel for texts; undefined if the kernels have not been built. */
export function openTextKernel(): TextKernel | undefined {
  // Native code needs no warming up. The memory is the kernel's own, as it is faster if it is not shared.
  const file = loadKernelLibrary("native", PAGE)?.file ?? findModule();
  if (file === undefined) return undefined;
  const memory = new WebAssembly.Memory({ initial: MEMORY_BYTES / PAGE });
  const kernels = openKernels(file, memory);
  return kernels && new TextKernel(kernels, memory.buffer);
}

/** Reads one block after another, all in the same memory. */
export class TextKernel {
  readonly #run: Kernels["run"];
  readonly #memory: ArrayBufferLike;

  constructor({ run }: Kernels, memory: ArrayBufferLike) {
    this.#run = run;
    this.#memory = memory;
    new Float64Array(memory, POWERS, POWERS_OF_TEN.length).set(POWERS_OF_TEN);
  }

  /**
   * Makes room for a block, in place of the one before.
   * @returns undefined if it is too large
   */
  enter({ streams, lengths, bytes }: TextBlock): KernelBlock | undefined {
    const memory = this.#memory;
    let end = BLOCK;
    const take = (length: number) => {
      const offset = end;
      end += Math.ceil(length / 16) * 16;
      return offset;
    };
    const finished = take(4);
    const table = take(streams.length * STREAM_BYTES);
    const lengthsAt = take(lengths.byteLength);
    const rows = lengths.reduce((sum, length) => sum + length, 0);
    const sizes = { bytes, rows, sequences: lengths.length };
    const inKernel = streams.map(
      (stream, i) => new KernelStream(stream, table + i * STREAM_BYTES, sizes, { memory, take }),
    );
    const text = take(bytes + BYTES_BEHIND);
    if (end > MEMORY_BYTES) return undefined;
    new Uint32Array(memory, lengthsAt, lengths.length).set(lengths);
    for (const stream of inKernel) stream.writeName();
    const longestName = Math.max(...streams.map(({ alias }) => alias.length));
    return new KernelBlock({
      streams: inKernel,
      text: Buffer.from(memory, text, bytes),
      run: (sequence, position, count) => {
        const places = [text + position, lengthsAt + 4 * sequence, POWERS, table, finished];
        const call = [0, ...places, count, streams.length, longestName];
        const encoded = encodeCall("read_text_sequences", call);
        new Float64Array(memory, 0, encoded.length).set(encoded);
        this.#run(0, 1);
        return new Int32Array(memory, finished, 1)[0] ?? 0;
      },
    });
  }
}

export interface KernelProgress {
  /** sequences */
  readonly read: number;
  /** whether the kernel can go on */
  readonly again: boolean;
}

interface BlockParts {
  readonly streams: readonly KernelStream[];
  readonly text: Buffer;
  /** runs the kernel on up to `count` sequences; returns how many it has read */
  readonly run: (sequence: number, position: number, count: number) => number;
}

/** A block in the memory of the kernel. */
export class KernelBlock {
  /** the text is to be written here before anything is read */
  readonly text: Buffer;
  readonly #parts: BlockParts;

  constructor(parts: BlockParts) {
    this.text = parts.text;
    this.#parts = parts;
  }

  /**
   * Reads sequences that end with a line feed and appends them to their streams, up to one that is left to the parser or
   * whose values need another type, so that it is to be tried again.
   * @param begin the first one, counted in the block
   * @param end the one after the last one
   * @param position where the first one begins in the text
   */
  read(begin: number, end: number, position: number): KernelProgress {
    if (begin === end) return { read: 0, again: false };
    const { streams, run } = this.#parts;
    for (const stream of streams) stream.clear();
    const read = run(begin, position, end - begin);
    const widened = streams.map((stream) => stream.append(read));
    return { read, again: widened.includes(true) };
  }
}
