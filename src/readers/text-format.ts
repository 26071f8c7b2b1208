/** CNTKTextFormatReader: samples from a text file, `|name values |name values` (readers.md 1). */

import { located } from "../../grammar/errors.js";
import type { Chunk, ChunkSource } from "./chunks.js";
import type { Reader } from "./reader.js";
import { SequenceReader } from "./sequence-reader.js";
import type { TextFormatSettings } from "./settings.js";
import { TextEvents } from "./text-events.js";
import { indexText, readTextChunk, type TextIndex } from "./text-index.js";
import { TextParser } from "./text-parser.js";

/**
 * Indexes the file; its chunks are parsed when they are needed.
 * @param log for warnings and notes, as traceLevel allows
 * @throws CntkError "reading"
 */
export function CNTKTextFormatReader(
  settings: TextFormatSettings,
  log: (line: string) => void,
): Reader {
  return new SequenceReader({ ...settings, source: textSource(settings, log) });
}

function textSource(settings: TextFormatSettings, log: (line: string) => void): ChunkSource {
  const index = indexOf(settings);
  const events = new TextEvents({ ...settings, log });
  return {
    streams: settings.streams.map(({ name, dimension, format }) => ({
      name,
      dimension,
      isSparse: format === "sparse",
    })),
    chunks: index.chunks,
    lengths: index.isLinePerSequence ? undefined : index.lengths,
    readChunk(number): Chunk {
      const chunk = index.chunks[number];
      if (chunk === undefined) return [];
      const bytes = readTextChunk(index, chunk);
      return new TextParser(bytes, chunk, settings.streams, events).parse(index, chunk);
    },
  };
}

function indexOf(settings: TextFormatSettings): TextIndex {
  try {
    return indexText(settings);
  } catch (error) {
    throw located(error, settings.fileRange);
  }
}
