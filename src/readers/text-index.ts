/** Where the sequences and chunks of a CNTK text file lie (readers.md 1.2 and 2.1; CNTK: Indexer). */

import { CntkError } from "../../grammar/errors.js";
import { GrowingArray } from "./growing-array.js";
import type { ChunkSize } from "./randomizer.js";
import type { TextFile } from "./text-file.js";

/** A chunk lies between two offsets; its sequences are numbered from `firstSequence` on. */
export interface TextChunk extends ChunkSize {
  readonly firstSequence: number;
  /** 0-based number of its first line in the file */
  readonly firstLine: number;
  readonly begin: number;
  readonly end: number;
}

export interface TextIndex {
  /** every line is a sequence, whose key is the line's 0-based number; else rows begin with the sequence's id */
  readonly isLinePerSequence: boolean;
  /** offset of each sequence; one more entry than sequences */
  readonly starts: Float64Array;
  /** rows of each sequence: its declared length */
  readonly lengths: Uint32Array;
  readonly chunks: readonly TextChunk[];
}

export interface TextIndexOptions {
  readonly file: TextFile;
  readonly skipSequenceIds: boolean;
  readonly chunkSizeInBytes: number;
  /** reads the first lines of a file in which every line is a sequence, so that they are not looked at again */
  readonly ahead?: LinesAhead | undefined;
}

export interface LinesAhead {
  /**
   * Reads lines from an offset on and tells where each ends.
   * @returns the offset of the first line that it has not read
   */
  read(begin: number, addLine: (end: number) => void): number;
}

const BLOCK_BYTES = 256 * 1024;
const LINE_FEED = 10;
const PIPE = 0x7c;

/** @throws CntkError "reading" if there is no sequence in the file */
export function indexText({
  file,
  skipSequenceIds,
  chunkSizeInBytes,
  ahead,
}: TextIndexOptions): TextIndex {
  const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, file.size));
  const read = (offset: number) => {
    const end = Math.min(offset + block.length, file.size);
    file.read(block, [{ begin: offset, end, target: 0 }]);
    return block.subarray(0, end - offset);
  };
  const first = read(0);
  const begin = beginOfData(file.name, first);
  const isLinePerSequence = skipSequenceIds || first[begin] === PIPE;
  const scanner = isLinePerSequence
    ? new LineScanner(begin, ahead)
    : new IdScanner(file.name, begin);
  for (let offset = scanner.begin; offset < file.size; offset += block.length) {
    scanner.scan(read(offset), offset);
  }
  const { starts, lengths } = scanner.finish(file.size);
  const chunks = cutIntoChunks(starts, lengths, chunkSizeInBytes);
  return { isLinePerSequence, starts, lengths, chunks };
}

/** Skips the byte order mark of UTF-8. */
function beginOfData(file: string, bytes: Buffer): number {
  if (bytes.length === 0) throw new CntkError("reading", `${file}: the file is empty`);
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new CntkError("reading", `${file}: the text is encoded in UTF-16`, {
      hint: "save it as UTF-8 or ASCII",
    });
  }
  const hasMark = first === 0xef && second === 0xbb && bytes[2] === 0xbf;
  return hasMark && bytes.length > 3 ? 3 : 0;
}

const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 48 && byte <= 57;

interface Sequences {
  readonly starts: Float64Array;
  readonly lengths: Uint32Array;
}

/** Collects sequences that follow one another without gap. */
class SequenceList {
  readonly #starts = new GrowingArray((length) => new Float64Array(length), 1024);
  readonly #lengths = new GrowingArray((length) => new Uint32Array(length), 1024);

  constructor(begin: number) {
    this.#starts.push(begin);
  }

  add(end: number, length: number): void {
    this.#starts.push(end);
    this.#lengths.push(length);
  }

  finish(): Sequences {
    return { starts: this.#starts.finish(), lengths: this.#lengths.finish() };
  }
}

/** Every line is a sequence. */
class LineScanner {
  /** offset to scan from */
  readonly begin: number;
  readonly #sequences: SequenceList;
  #lineStart: number;

  constructor(begin: number, ahead?: LinesAhead) {
    this.#sequences = new SequenceList(begin);
    this.#lineStart = ahead?.read(begin, (end) => this.#sequences.add(end, 1)) ?? begin;
    this.begin = this.#lineStart;
  }

  scan(block: Buffer, offset: number): void {
    let position = block.indexOf(LINE_FEED);
    while (position >= 0) {
      this.#lineStart = offset + position + 1;
      this.#sequences.add(this.#lineStart, 1);
      position = block.indexOf(LINE_FEED, position + 1);
    }
  }

  finish(size: number): Sequences {
    if (this.#lineStart < size) this.#sequences.add(size, 1);
    return this.#sequences.finish();
  }
}

/** A row that begins with another id than the one before begins a sequence. */
class IdScanner {
  /** offset to scan from */
  readonly begin: number;
  readonly #file: string;
  readonly #sequences: SequenceList;
  #lineStart: number;
  #rows = 0;
  #currentId: number | bigint | undefined;
  /** at the beginning of a line: the digits so far, undefined if none */
  #isInId = true;
  #id: number | bigint | undefined;

  constructor(file: string, begin: number) {
    this.#file = file;
    this.begin = begin;
    this.#sequences = new SequenceList(begin);
    this.#lineStart = begin;
  }

  scan(block: Buffer, offset: number): void {
    let position = 0;
    while (position < block.length) {
      if (this.#isInId) {
        let byte = block[position];
        while (byte !== undefined && isDigit(byte)) {
          this.#id = appendDigit(this.#id ?? 0, byte - 48);
          byte = block[++position];
        }
        if (position === block.length) return;
        this.#endId();
      }
      const end = block.indexOf(LINE_FEED, position);
      if (end < 0) return;
      position = end + 1;
      this.#rows++;
      this.#lineStart = offset + position;
      this.#isInId = true;
      this.#id = undefined;
    }
  }

  finish(size: number): Sequences {
    // A digit run that reaches the end of the file is neither id nor row.
    if (!this.#isInId) this.#rows++;
    if (this.#currentId === undefined) throw this.#noIdError();
    this.#sequences.add(size, this.#rows);
    return this.#sequences.finish();
  }

  #endId(): void {
    this.#isInId = false;
    if (this.#currentId === undefined) {
      if (this.#id === undefined) throw this.#noIdError();
      this.#currentId = this.#id;
    } else if (this.#id !== undefined && this.#id !== this.#currentId) {
      this.#sequences.add(this.#lineStart, this.#rows);
      this.#currentId = this.#id;
      this.#rows = 0;
    }
  }

  #noIdError(): CntkError {
    const message = `${this.#file}: expected '|' or a sequence id at byte offset ${this.begin}`;
    return new CntkError("reading", message, {
      hint: "a text file begins with '|name' or a number; skipSequenceIds = true makes every line a sequence",
    });
  }
}

/** Ids are 64-bit numbers that wrap; a number of JavaScript holds those below 2^53. */
function appendDigit(id: number | bigint, digit: number): number | bigint {
  if (typeof id === "number") {
    const next = id * 10 + digit;
    if (next <= Number.MAX_SAFE_INTEGER) return next;
  }
  const wrapped = BigInt.asUintN(64, BigInt(id) * 10n + BigInt(digit));
  return wrapped <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wrapped) : wrapped;
}

/** A chunk takes sequences while its bytes stay within the limit; at least one. */
function cutIntoChunks(starts: Float64Array, lengths: Uint32Array, limit: number): TextChunk[] {
  const chunks: TextChunk[] = [];
  let firstSequence = 0;
  let firstLine = 0;
  let samples = 0;
  const close = (end: number) => {
    const [from, to] = [starts[firstSequence] ?? 0, starts[end] ?? 0];
    const sequences = end - firstSequence;
    chunks.push({ firstSequence, firstLine, sequences, samples, begin: from, end: to });
    firstSequence = end;
    firstLine += samples;
    samples = 0;
  };
  lengths.forEach((length, sequence) => {
    const isFull = (starts[sequence + 1] ?? 0) - (starts[firstSequence] ?? 0) > limit;
    if (isFull && sequence > firstSequence) close(sequence);
    samples += length;
  });
  close(lengths.length);
  return chunks;
}
