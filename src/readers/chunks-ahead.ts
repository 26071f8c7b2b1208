/** Chunks of a text that are read while its lines are counted, so that a plain file is read once. */

import { bytesOf, type Chunk } from "./chunks.js";
import type { TextFormatSettings } from "./settings.js";
import type { TextFile } from "./text-file.js";
import type { KernelBlock, TextKernel } from "./text-kernel.js";
import { newStreams, type ParsedStream } from "./text-streams.js";

const BLOCK_BYTES = 256 * 1024;
const LINE_FEED = 10;

export interface ChunksAheadOptions {
  readonly file: TextFile;
  readonly kernel: TextKernel;
  readonly settings: TextFormatSettings;
  /** bytes of parsed data to hold at most */
  readonly limit: number;
}

/** Reads the first chunks of a text of which every line is a sequence, as long as nothing unusual is in them. */
export class ChunksAhead {
  readonly #options: ChunksAheadOptions;
  readonly #chunks: (Chunk | undefined)[] = [];
  #bytes = 0;

  constructor(options: ChunksAheadOptions) {
    this.#options = options;
  }

  /** The chunk of this number, which is given away; undefined if it is not there. */
  take(number: number): Chunk | undefined {
    const chunk = this.#chunks[number];
    this.#chunks[number] = undefined;
    return chunk;
  }

  /**
   * Reads from an offset on; tells where each line ends.
   * @returns the offset of the first line that it has not read
   */
  read(begin: number, addLine: (end: number) => void): number {
    const { file } = this.#options;
    let offset = begin;
    while (offset < file.size) {
      const chunk = this.#readChunk(offset, addLine);
      offset = chunk.end;
      if (chunk.data === undefined || this.#bytes + bytesOf(chunk.data) > this.#options.limit)
        break;
      this.#bytes += bytesOf(chunk.data);
      this.#chunks.push(chunk.data);
    }
    return offset;
  }

  /** Reads the chunk that begins at an offset; there are no data if something in it is unusual. */
  #readChunk(begin: number, addLine: (end: number) => void): ChunkAhead {
    const { file, kernel, settings } = this.#options;
    const limit = begin + settings.chunkSizeInBytes;
    const rows = mostRows(settings, Math.min(limit, file.size) - begin);
    const streams = newStreams(settings, rows, limit - begin);
    let offset = begin;
    while (offset < file.size) {
      const bytes = Math.min(BLOCK_BYTES, file.size - offset);
      const lengths = new Uint32Array(mostRows(settings, bytes)).fill(1);
      const block = kernel.enter({ streams, lengths, bytes });
      if (block === undefined) return { end: offset };
      file.read(block.text, [{ begin: offset, end: offset + bytes, target: 0 }]);
      const ends = endsOfLines(block.text, limit - offset);
      if (ends.length === 0) {
        const isFull = offset > begin && offset + leastEnd(block.text) > limit;
        return isFull ? { end: offset, data: finished(streams) } : { end: offset };
      }
      if (ends.length > lengths.length || !readLines(block, ends)) return { end: offset };
      for (const end of ends) addLine(offset + end);
      offset += ends.at(-1) ?? 0;
    }
    return { end: offset, data: finished(streams) };
  }
}

interface ChunkAhead {
  /** offset of the first line that is not read */
  readonly end: number;
  readonly data?: Chunk;
}

/** Rows of a text in which every row has a sample of every stream. */
function mostRows({ streams }: TextFormatSettings, bytes: number): number {
  let shortest = 0;
  for (const { alias, dimension, format } of streams)
    shortest += 1 + alias.length + (format === "dense" ? 2 * dimension : 0);
  return Math.ceil(bytes / shortest);
}

/** Where the lines of a text end, as far as they end within a limit. */
function endsOfLines(text: Buffer, limit: number): number[] {
  const ends: number[] = [];
  let end = text.indexOf(LINE_FEED) + 1;
  while (end > 0 && end <= limit) {
    ends.push(end);
    end = text.indexOf(LINE_FEED, end) + 1;
  }
  return ends;
}

/** Where the first line of a text ends, or where it ends at the earliest. */
function leastEnd(text: Buffer): number {
  const end = text.indexOf(LINE_FEED) + 1;
  return end > 0 ? end : text.length;
}

/** @returns false if the kernel leaves a line to the parser */
function readLines(block: KernelBlock, ends: readonly number[]): boolean {
  let done = 0;
  for (;;) {
    const { read, again } = block.read(done, ends.length, ends[done - 1] ?? 0);
    done += read;
    if (!again) return done === ends.length;
  }
}

const finished = (streams: readonly ParsedStream[]): Chunk =>
  streams.map(({ columns }) => columns.finish());
