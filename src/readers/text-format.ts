/** CNTKTextFormatReader: samples from a text file, `|name values |name values` (readers.md 1). */

import { located } from "../../grammar/errors.js";
import type { Chunk, ChunkSource } from "./chunks.js";
import { ChunksAhead } from "./chunks-ahead.js";
import type { SequencePlace } from "./enumerator.js";
import type { Reader } from "./reader.js";
import { SequenceReader } from "./sequence-reader.js";
import type { TextFormatSettings } from "./settings.js";
import { TextEvents } from "./text-events.js";
import { TextFile } from "./text-file.js";
import { indexText, type TextChunk, type TextIndex } from "./text-index.js";
import { openTextKernel, type TextKernel } from "./text-kernel.js";
import { TextParser } from "./text-parser.js";
import { newStreams, type ParsedStream } from "./text-streams.js";

/**
 * Indexes the file; its chunks are parsed when they are needed.
 * @param log for warnings and notes, as traceLevel allows
 * @param memoryBudget bytes of parsed data to keep; left out, the reader's own choice
 * @throws CntkError "reading"
 */
export function CNTKTextFormatReader(
  settings: TextFormatSettings,
  log: (line: string) => void,
  memoryBudget?: number,
): Reader {
  const source = new TextSource(settings, log, memoryBudget);
  return new SequenceReader({ ...settings, source, memoryBudget });
}

const LINE_FEED = 10;
const NO_BYTES = new Uint8Array();
/** Parsed data up to this many bytes may be read before they are needed. */
const BYTES_AHEAD = 96 * 2 ** 20;
/** A chunk is read in blocks that stay in the processor's cache. */
const BLOCK_BYTES = 256 * 1024;

/** Sequences from `first` up to `end`, numbers in the file. */
interface SequenceBlock {
  readonly chunk: number;
  readonly first: number;
  readonly end: number;
}

class TextSource implements ChunkSource {
  readonly streams: ChunkSource["streams"];
  readonly chunks: TextIndex["chunks"];
  readonly lengths: Uint32Array | undefined;
  readonly #settings: TextFormatSettings;
  readonly #file: TextFile;
  readonly #index: TextIndex;
  readonly #events: TextEvents;
  /** undefined where the kernels have not been built, or where there is something to tell of every sequence */
  readonly #kernel: TextKernel | undefined;
  readonly #ahead: ChunksAhead | undefined;

  constructor(
    settings: TextFormatSettings,
    log: (line: string) => void,
    limit: number = BYTES_AHEAD,
  ) {
    this.#settings = settings;
    this.#events = new TextEvents({ ...settings, log });
    const kernel = this.#events.tellsNotes ? undefined : openTextKernel();
    this.#kernel = kernel;
    try {
      const file = new TextFile(settings.file, log);
      this.#file = file;
      this.#ahead = kernel && new ChunksAhead({ file, kernel, settings, limit });
      this.#index = indexText({ ...settings, file, ahead: this.#ahead });
    } catch (error) {
      throw located(error, settings.fileRange);
    }
    this.streams = settings.streams.map(({ name, dimension, format }) => ({
      name,
      dimension,
      isSparse: format === "sparse",
    }));
    this.chunks = this.#index.chunks;
    this.lengths = this.#index.isLinePerSequence ? undefined : this.#index.lengths;
  }

  sizeOf(chunk: number): number {
    const { begin = 0, end = 0 } = this.chunks[chunk] ?? {};
    return end - begin;
  }

  readChunk(number: number): Chunk {
    const chunk = this.chunks[number];
    if (chunk === undefined) return [];
    const ahead = this.#ahead?.take(number);
    if (ahead !== undefined) {
      // the file has to be what it was
      this.#file.read(NO_BYTES, []);
      return ahead;
    }
    const streams = newStreams(this.#settings, chunk.samples, this.sizeOf(number));
    const parser = new TextParser(streams, this.#events);
    for (let first = chunk.firstSequence; first < chunk.firstSequence + chunk.sequences;) {
      const end = this.#endOfBlock(chunk, first);
      this.#readBlock({ chunk: number, first, end }, streams, parser);
      first = end;
    }
    return streams.map(({ columns }) => columns.finish());
  }

  /** The sequences from `first` on whose text is a block; at least one. */
  #endOfBlock({ firstSequence, sequences }: TextChunk, first: number): number {
    const limit = this.#startOf(first) + BLOCK_BYTES;
    let end = first + 1;
    while (end < firstSequence + sequences && this.#startOf(end + 1) <= limit) end++;
    return end;
  }

  /** Reads a block: what is plain by the kernel, all else by the parser. */
  #readBlock({ chunk, first, end }: SequenceBlock, streams: ParsedStream[], parser: TextParser) {
    const begin = this.#startOf(first);
    const size = this.#startOf(end) - begin;
    const lengths = this.#index.lengths.subarray(first, end);
    const kernel = this.#kernel?.enter({ streams, lengths, bytes: size });
    const bytes = kernel?.text ?? Buffer.allocUnsafeSlow(size);
    this.#file.read(bytes, [{ begin, end: begin + size, target: 0 }]);
    parser.enter({ bytes, begin, firstLine: () => this.#lineOf(chunk, first) });
    // The last sequence of a file may have no line feed at its end.
    const plainEnd = bytes.at(-1) === LINE_FEED ? end : end - 1;
    for (let sequence = first; sequence < end;) {
      const position = this.#startOf(sequence) - begin;
      const progress = kernel?.read(sequence - first, plainEnd - first, position);
      sequence += progress?.read ?? 0;
      if (sequence === end || progress?.again === true) continue;
      parser.parse(this.#index, sequence, this.#startOf(sequence) - begin);
      sequence++;
    }
  }

  /** Sequences from anywhere in the file, one after the other. */
  readSequences(places: readonly SequencePlace[]): Chunk {
    let length = 0;
    let samples = 0;
    const parts = places.map(({ chunk, index }) => {
      const sequence = (this.chunks[chunk]?.firstSequence ?? 0) + index;
      const [begin, end] = [this.#startOf(sequence), this.#startOf(sequence + 1)];
      const part = { chunk, sequence, begin, end, target: length };
      samples += this.#index.lengths[sequence] ?? 1;
      // The last line of the file may have no end of its own.
      length += end - begin + 1;
      return part;
    });
    const bytes = Buffer.alloc(length, LINE_FEED);
    this.#file.read(bytes, parts);
    const streams = newStreams(this.#settings, samples, length);
    const parser = new TextParser(streams, this.#events);
    for (const { chunk, sequence, begin, target } of parts) {
      const firstLine = () => this.#lineOf(chunk, sequence);
      parser.enter({ bytes, begin: begin - target, first: target, firstLine });
      parser.parse(this.#index, sequence, target);
    }
    return streams.map(({ columns }) => columns.finish());
  }

  #startOf(sequence: number): number {
    return this.#index.starts[sequence] ?? 0;
  }

  /** 0-based number of the line in which a sequence begins. */
  #lineOf(chunk: number, sequence: number): number {
    const { firstSequence = 0, firstLine = 0 } = this.chunks[chunk] ?? {};
    const before = this.#index.lengths.subarray(firstSequence, sequence);
    return before.reduce((line, rows) => line + rows, firstLine);
  }
}
