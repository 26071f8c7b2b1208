/** Which chunks are read, and read again. */

import { describe, expect, it } from "@jest/globals";
import { ChunkCache, type ChunkSource } from "../../src/readers/chunks.js";

/** Chunks of 6 bytes of values and 8 bytes of starts, a sequence each; notes what is read, single sequences as -1 - n. */
function sourceOf(read: number[]): ChunkSource {
  return {
    streams: [{ name: "A", dimension: 1, isSparse: false }],
    chunks: [],
    sizeOf: () => 14,
    readChunk(chunk) {
      read.push(chunk);
      const values = new Uint8Array(6).fill(chunk);
      return [{ kind: "dense", dimension: 1, values, sequenceStarts: Uint32Array.of(0, 6) }];
    },
    readSequences(places) {
      read.push(...places.map(({ chunk }) => -1 - chunk));
      const values = Uint8Array.from(places, ({ chunk }) => chunk);
      const sequenceStarts = Uint32Array.from({ length: places.length + 1 }, (_, i) => i);
      return [{ kind: "dense", dimension: 1, values, sequenceStarts }];
    },
  };
}

describe("ChunkCache", () => {
  it.each<[string, boolean, number, number[]]>([
    ["keeps what fits", false, 42, [2, 0, 1]],
    ["reads again what did not fit", false, 28, [2, 0, 1, 2, 0]],
    ["reads sequences one by one if there is no room", false, 14, [2, -1, 0, -2, 1, -3, 2, -1]],
    ["keeps everything with keepDataInMemory", true, 0, [2, 0, 1]],
  ])("%s", (_, keepAll, limit, expected) => {
    const read: number[] = [];
    const cache = new ChunkCache(sourceOf(read), keepAll, limit);
    for (const needed of [
      [2, 0],
      [0, 1],
      [1, 2],
      [2, 0],
    ]) {
      const places = needed.map((chunk) => ({ chunk, index: 0 }));
      const found = cache.locate(places, needed).map(({ data: [stream], index }) => {
        return stream?.values[stream.sequenceStarts[index] ?? 0];
      });
      expect(found).toEqual(needed);
    }
    expect(read).toEqual(expected);
  });
});
