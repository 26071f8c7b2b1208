/** Minibatches in pieces, computed one after the other to save memory (training.md 12). */

import assert from "node:assert/strict";
import type { ComputationNode, FloatArray } from "../network/node.js";
import type { Minibatch, StreamData } from "../readers/reader.js";

export interface SubMinibatchSettings {
  readonly numSubminibatches: number;
  /** Infinity without a limit */
  readonly maxSamplesInRAM: number;
}

/** How many pieces a minibatch of the given size is cut into. */
export function subMinibatchCount(
  { numSubminibatches, maxSamplesInRAM }: SubMinibatchSettings,
  minibatchSize: number,
): number {
  if (numSubminibatches > 1) return numSubminibatches;
  return Math.max(1, Math.ceil(minibatchSize / maxSamplesInRAM));
}

/** How the log introduces the pieces; empty where minibatches stay whole. */
export function describeSubMinibatches(
  settings: SubMinibatchSettings,
  minibatchSize: number,
): string {
  const count = subMinibatchCount(settings, minibatchSize);
  if (count === 1) return "";
  return settings.maxSamplesInRAM < Infinity
    ? `, with maximum ${settings.maxSamplesInRAM} samples in RAM`
    : `, with ${count} subminibatch`;
}

/** The minibatch in at most `count` pieces of whole sequences; pieces without sequences are left out. */
export function subMinibatches(minibatch: Minibatch, count: number): Minibatch[] {
  if (count === 1) return [minibatch];
  const sequences = sequenceCount(minibatch);
  const pieces = Math.min(count, sequences);
  return Array.from({ length: pieces }, (_, piece) =>
    sequencesOf(
      minibatch,
      Math.floor((sequences * piece) / pieces),
      Math.floor((sequences * (piece + 1)) / pieces),
    ),
  );
}

function sequenceCount({ samples, sequenceStarts }: Minibatch): number {
  const [starts] = sequenceStarts?.values() ?? [];
  return starts === undefined ? samples : starts.length - 1;
}

function sequencesOf(minibatch: Minibatch, begin: number, end: number): Minibatch {
  const streams = new Map<string, StreamData>();
  const sequenceStarts = new Map<string, Int32Array>();
  let longest = 0;
  for (const [name, stream] of minibatch.streams) {
    const starts = minibatch.sequenceStarts?.get(name);
    const first = starts?.[begin] ?? begin;
    const last = starts?.[end] ?? end;
    if (starts !== undefined) {
      sequenceStarts.set(
        name,
        starts.slice(begin, end + 1).map((start) => start - first),
      );
    }
    streams.set(name, samplesOf(stream, first, last));
    longest = Math.max(longest, last - first);
  }
  return minibatch.sequenceStarts === undefined
    ? { samples: longest, streams }
    : { samples: longest, streams, sequenceStarts };
}

function samplesOf(stream: StreamData, begin: number, end: number): StreamData {
  const { dimension } = stream;
  if (stream.kind === "dense") {
    const values = stream.values.subarray(begin * dimension, end * dimension);
    return { kind: "dense", dimension, values };
  }
  const from = stream.starts[begin] ?? 0;
  const to = stream.starts[end] ?? 0;
  return {
    kind: "sparse",
    dimension,
    values: stream.values.subarray(from, to),
    indices: stream.indices.subarray(from, to),
    starts: stream.starts.slice(begin, end + 1).map((start) => start - from),
  };
}

/** Adds up the gradients that the runs over the pieces leave with the parameters. */
export class GradientSums {
  readonly #parameters: readonly ComputationNode[];
  #sums: (FloatArray | undefined)[] = [];

  constructor(parameters: readonly ComputationNode[]) {
    this.#parameters = parameters;
  }

  addRun(): void {
    this.#sums = this.#parameters.map((node, i) => {
      const gradient = node.parameter?.gradient;
      const sum = this.#sums[i];
      if (sum === undefined || gradient === undefined) return sum ?? gradient?.slice();
      assert(sum.length === gradient.length);
      for (let k = 0; k < sum.length; k++) sum[k] = (sum[k] ?? 0) + (gradient[k] ?? 0);
      return sum;
    });
  }

  /** Leaves the sums with the parameters, in the arrays that the engine writes to, and begins anew. */
  putBack(): void {
    for (const [i, { parameter }] of this.#parameters.entries()) {
      const sum = this.#sums[i];
      if (sum !== undefined) parameter?.gradient?.set(sum);
    }
    this.#sums = [];
  }
}
