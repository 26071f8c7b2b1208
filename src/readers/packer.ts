/** Copies the sequences of a minibatch side by side (readers.md 1.6). */

import type { ElementType } from "../random/distributions.js";
import type {
  ChunkStream,
  DenseChunkStream,
  LocatedSequence,
  SparseChunkStream,
  StreamDescription,
} from "./chunks.js";
import { newFloatArray } from "./float-array.js";
import { GatheredStream } from "./gathered.js";
import type { Minibatch, StreamData } from "./reader.js";

/** The samples of one sequence in one stream. */
interface Part<Stream extends ChunkStream = ChunkStream> {
  readonly stream: Stream;
  readonly begin: number;
  readonly end: number;
}

/** What the samples of a stream become. */
interface Packed {
  readonly dimension: number;
  readonly samples: number;
  readonly precision: ElementType;
}

/** Sequence after sequence, sample after sample, in the order of delivery. */
export function packMinibatch(
  descriptions: readonly StreamDescription[],
  sequences: readonly LocatedSequence[],
  precision: ElementType,
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
    const packed = { dimension, samples: count, precision };
    streams.set(name, isSparse ? packSparse(parts, packed) : packDense(parts, packed));
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

function packDense(parts: readonly Part[], { dimension, samples, precision }: Packed): StreamData {
  const sources: DenseChunkStream["values"][] = [];
  const sourceOf = new Int32Array(samples);
  const numbers = new Int32Array(samples);
  let sample = 0;
  for (const { stream, begin, end } of parts) {
    if (stream.kind !== "dense") continue;
    let source = sources.indexOf(stream.values);
    if (source < 0) source = sources.push(stream.values) - 1;
    for (let number = begin; number < end; number++, sample++) {
      sourceOf[sample] = source;
      numbers[sample] = number;
    }
  }
  return new GatheredStream(dimension, { sources, sourceOf, numbers }, precision);
}

function packSparse(parts: readonly Part[], { dimension, samples, precision }: Packed): StreamData {
  const sparse = parts.filter(
    (part): part is Part<SparseChunkStream> => part.stream.kind === "sparse",
  );
  const entries = sparse.reduce((sum, part) => sum + entryEnd(part) - entryBegin(part), 0);
  const values = newFloatArray(precision, entries);
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
