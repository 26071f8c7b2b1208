/** A stream in the memory of the kernel that reads texts. */

import { bytesPerFloat, floatsIn } from "./float-array.js";
import type { ParsedStream } from "./text-streams.js";

/** Memory that is given away piece by piece. */
export interface Space {
  readonly memory: ArrayBufferLike;
  /** @returns the offset of so many bytes */
  take(bytes: number): number;
}

/** Of a block: bytes of its text, rows, sequences. */
interface BlockSizes {
  readonly bytes: number;
  readonly rows: number;
  readonly sequences: number;
}

/** A row of the kernel's table: fourteen integers and a double. */
export const STREAM_BYTES = 64;
const INTEGERS = 14;
/** The integers that the kernel writes. */
const SAMPLES = 9;
const ENTRIES = 10;
const NEEDS_FLOATS = 13;

export class KernelStream {
  readonly #stream: ParsedStream;
  readonly #memory: ArrayBufferLike;
  /** offsets of its row in the table and of its arrays */
  readonly #row: number;
  readonly #alias: number;
  readonly #values: number;
  readonly #indices: number;
  readonly #sampleEnds: number;
  readonly #sequenceEnds: number;

  /** Takes memory, but does not touch it. */
  constructor(stream: ParsedStream, row: number, sizes: BlockSizes, space: Space) {
    const { alias, dimension, columns } = stream;
    const { bytes, rows, sequences } = sizes;
    const isSparse = columns.kind === "sparse";
    // A dense value takes two bytes of the text at least, an entry `index:value` four.
    const most = isSparse ? bytes / 4 + 1 : Math.min(rows * dimension, bytes / 2 + 1);
    this.#stream = stream;
    this.#memory = space.memory;
    this.#row = row;
    this.#alias = space.take(alias.length);
    this.#values = space.take(most * bytesPerFloat(columns.precision));
    this.#indices = space.take(isSparse ? most * Int32Array.BYTES_PER_ELEMENT : 0);
    this.#sampleEnds = space.take(isSparse ? rows * Int32Array.BYTES_PER_ELEMENT : 0);
    this.#sequenceEnds = space.take(sequences * Int32Array.BYTES_PER_ELEMENT);
  }

  writeName(): void {
    const { alias } = this.#stream;
    new Uint8Array(this.#memory, this.#alias, alias.length).set(alias);
  }

  /** Begins without samples. */
  clear(): void {
    const { alias, dimension, columns } = this.#stream;
    const isSparse = columns.kind === "sparse";
    const bytesPerValue = !isSparse && columns.holdsBytes ? 1 : bytesPerFloat(columns.precision);
    this.#integers(this.#row, INTEGERS).set([
      ...[this.#alias, alias.length, dimension, Number(isSparse), bytesPerValue],
      ...[this.#values, this.#indices, this.#sampleEnds, this.#sequenceEnds],
      ...[0, 0, 0, 0, 0],
    ]);
  }

  /** Appends the samples of so many sequences. @returns whether it has to hold floats to go on, which it now does */
  append(sequences: number): boolean {
    const { dimension, columns } = this.#stream;
    const row = this.#integers(this.#row, INTEGERS);
    const samples = row[SAMPLES] ?? 0;
    const ends = this.#integers(this.#sequenceEnds, sequences);
    if (columns.kind === "sparse") {
      const entries = row[ENTRIES] ?? 0;
      const values = floatsIn(this.#memory, columns.precision, this.#values, entries);
      const indices = this.#integers(this.#indices, entries);
      const sampleEnds = this.#integers(this.#sampleEnds, samples);
      columns.appendSequences({ values, indices, sampleEnds }, ends);
      return false;
    }
    const count = samples * dimension;
    const values = columns.holdsBytes
      ? new Uint8Array(this.#memory, this.#values, count)
      : floatsIn(this.#memory, columns.precision, this.#values, count);
    columns.appendSequences(values, ends);
    const needsFloats = row[NEEDS_FLOATS] === 1;
    if (needsFloats) columns.widen();
    return needsFloats;
  }

  #integers(offset: number, length: number): Int32Array {
    return new Int32Array(this.#memory, offset, length);
  }
}
