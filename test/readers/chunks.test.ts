/** Which chunks are read, and read again. */

import { describe, expect, it } from "@jest/globals";
import { ChunkCache, type ChunkSource } from "../../src/readers/chunks.js";

/** Chunks of 10 bytes of values and 4 bytes of starts; notes what is read. */
function sourceOf(read: number[]): ChunkSource {
  return {
    streams: [{ name: "A", dimension: 1, isSparse: false }],
    chunks: [],
    readChunk(chunk) {
      read.push(chunk);
      const values = new Uint8Array(10).fill(chunk);
      return [{ kind: "dense", dimension: 1, values, sequenceStarts: Uint32Array.of(0) }];
    },
  };
}

describe("ChunkCache", () => {
  it.each<[string, boolean, number, number[]]>([
    ["keeps what fits", false, 42, [2, 0, 1]],
    ["reads again what did not fit", false, 20, [2, 0, 1, 2, 0]],
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
      cache.require(needed);
      expect(needed.map((chunk) => cache.get(chunk)[0]?.values[0])).toEqual(needed);
    }
    expect(read).toEqual(expected);
  });
});
