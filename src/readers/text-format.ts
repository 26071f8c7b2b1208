/** CNTKTextFormatReader: samples from a text file, `|name values |name values` (readers.md 1). */

import { located } from "../../grammar/errors.js";
import type { Chunk, ChunkSource } from "./chunks.js";
import type { SequencePlace } from "./enumerator.js";
import type { Reader } from "./reader.js";
import { SequenceReader } from "./sequence-reader.js";
import type { TextFormatSettings } from "./settings.js";
import { TextEvents } from "./text-events.js";
import { TextFile } from "./text-file.js";
import { indexText, type TextIndex } from "./text-index.js";
import { TextParser } from "./text-parser.js";

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
  const source = new TextSource(settings, log);
  return new SequenceReader({ ...settings, source, memoryBudget });
}

const LINE_FEED = 10;

class TextSource implements ChunkSource {
  readonly streams: ChunkSource["streams"];
  readonly chunks: TextIndex["chunks"];
  readonly lengths: Uint32Array | undefined;
  readonly #settings: TextFormatSettings;
  readonly #file: TextFile;
  readonly #index: TextIndex;
  readonly #events: TextEvents;

  constructor(settings: TextFormatSettings, log: (line: string) => void) {
    this.#settings = settings;
    try {
      this.#file = new TextFile(settings.file, log);
      this.#index = indexText({ ...settings, file: this.#file });
    } catch (error) {
      throw located(error, settings.fileRange);
    }
    this.#events = new TextEvents({ ...settings, log });
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
    const { begin, end, samples, firstSequence, sequences, firstLine } = chunk;
    const bytes = Buffer.allocUnsafeSlow(end - begin);
    this.#file.read(bytes, [{ begin, end, target: 0 }]);
    this.#events.enter({ bytes, begin, firstLine: () => firstLine });
    const parser = this.#parser(bytes, samples);
    for (let sequence = firstSequence; sequence < firstSequence + sequences; sequence++) {
      const start = this.#startOf(sequence) - begin;
      parser.parse(this.#index, sequence, start);
    }
    return parser.finish();
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
    const parser = this.#parser(bytes, samples);
    for (const { chunk, sequence, begin, target } of parts) {
      const firstLine = () => this.#lineOf(chunk, sequence);
      this.#events.enter({ bytes, begin: begin - target, first: target, firstLine });
      parser.parse(this.#index, sequence, target);
    }
    return parser.finish();
  }

  #parser(bytes: Uint8Array, samples: number): TextParser {
    return new TextParser(bytes, samples, this.#settings.streams, this.#events);
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
