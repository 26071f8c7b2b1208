/** Copies the sequences of a minibatch side by side (readers.md 1.6). */

import type {
  ChunkStream,
  LocatedSequence,
  SparseChunkStream,
  StreamDescription,
} from "./chunks.js";
import type { Minibatch, StreamData } from "./reader.js";

/** The samples of one sequence in one stream. */
interface Part<Stream extends ChunkStream = ChunkStream> {
  readonly stream: Stream;
  readonly begin: number;
  readonly end: number;
}

/** Sequence after sequence, sample after sample, in the order of delivery. */
export function packMinibatch(
  descriptions: readonly StreamDescription[],
  sequences: readonly LocatedSequence[],
): Minibatch {
  const streams = new Map<string, StreamData>();
  const sequenceStarts = new Map<string, Int32Array>();
  let samples = 0;
  let isOneSampleEach = true;
  for (const [number, { name, dimension, isSparse }] of descriptions.entries()) {
    const parts = partsOf(sequences, number);
    const starts = startsOfParts(parts);
    const count = starts.at(-1) ?? 0;
    isOneSampleEach &&= parts.every(({ begin, end }) => end - begin === 1);
    samples = Math.max(samples, count);
    sequenceStarts.set(name, starts);
    streams.set(
      name,
      isSparse ? packSparse(parts, dimension, count) : packDense(parts, dimension, count),
    );
  }
  return isOneSampleEach ? { samples, streams } : { samples, streams, sequenceStarts };
}

function partsOf(sequences: readonly LocatedSequence[], number: number): Part[] {
  const parts: Part[] = [];
  for (const { data, index } of sequences) {
    const stream = data[number];
    if (stream === undefined) continue;
    const begin = stream.sequenceStarts[index] ?? 0;
    parts.push({ stream, begin, end: stream.sequenceStarts[index + 1] ?? begin });
  }
  return parts;
}

function startsOfParts(parts: readonly Part[]): Int32Array {
  const starts = new Int32Array(parts.length + 1);
  let samples = 0;
  parts.forEach(({ begin, end }, i) => {
    samples += end - begin;
    starts[i + 1] = samples;
  });
  return starts;
}

function packDense(parts: readonly Part[], dimension: number, samples: number): StreamData {
  const values = new Float32Array(samples * dimension);
  let at = 0;
  for (const { stream, begin, end } of parts) {
    const from = stream.values.subarray(begin * dimension, end * dimension);
    values.set(from, at);
    at += from.length;
  }
  return { kind: "dense", dimension, values };
}

function packSparse(parts: readonly Part[], dimension: number, samples: number): StreamData {
  const sparse = parts.filter(
    (part): part is Part<SparseChunkStream> => part.stream.kind === "sparse",
  );
  const entries = sparse.reduce((sum, part) => sum + entryEnd(part) - entryBegin(part), 0);
  const values = new Float32Array(entries);
  const indices = new Int32Array(entries);
  const starts = new Int32Array(samples + 1);
  let at = 0;
  let sample = 0;
  for (const part of sparse) {
    const first = entryBegin(part);
    const last = entryEnd(part);
    values.set(part.stream.values.subarray(first, last), at);
    indices.set(part.stream.indices.subarray(first, last), at);
    for (let i = part.begin; i < part.end; i++)
      starts[++sample] = at + (part.stream.sampleStarts[i + 1] ?? 0) - first;
    at += last - first;
  }
  return { kind: "sparse", dimension, values, indices, starts };
}

function entryBegin({ stream, begin }: Part<SparseChunkStream>): number {
  return stream.sampleStarts[begin] ?? 0;
}

function entryEnd({ stream, end }: Part<SparseChunkStream>): number {
  return stream.sampleStarts[end] ?? 0;
}
