/** Where working memory lies: buffers that are not in use at the same time share it. */

import type { Buffer } from "./buffers.js";
import { buffersOf, type Call } from "./lowering.js";

const ALIGNMENT = 64;

export interface Placement {
  /** byte offsets within the working memory */
  readonly offsets: ReadonlyMap<Buffer, number>;
  readonly bytes: number;
}

interface Lifetime {
  readonly buffer: Buffer;
  readonly first: number;
  last: number;
}

/**
 * Places every buffer of working memory at the lowest offset that is free during all its lifetime.
 * @param times at which the calls run, in ascending order; calls of the same time may run at once
 */
export function placeBuffers(
  calls: readonly Call[],
  times: readonly number[] = calls.map((_, index) => index),
): Placement {
  const offsets = new Map<Buffer, number>();
  let living: { readonly offset: number; readonly end: number; readonly last: number }[] = [];
  let bytes = 0;
  for (const { buffer, first, last } of lifetimes(calls, times)) {
    living = living.filter((other) => other.last >= first);
    const size = Math.ceil((buffer.floats * 4) / ALIGNMENT) * ALIGNMENT;
    let offset = 0;
    let position = 0;
    for (const other of living) {
      if (other.offset - offset >= size) break;
      offset = other.end;
      position++;
    }
    living.splice(position, 0, { offset, end: offset + size, last });
    offsets.set(buffer, offset);
    bytes = Math.max(bytes, offset + size);
  }
  return { offsets, bytes };
}

/** First and last use of every buffer of working memory, in the order of the first. */
function lifetimes(calls: readonly Call[], times: readonly number[]): Lifetime[] {
  const known = new Map<Buffer, Lifetime>();
  calls.forEach((call, index) => {
    const time = times[index] ?? index;
    for (const buffer of buffersOf(call, "input", "output", "scratch")) {
      if (buffer.locate !== undefined) continue;
      const lifetime = known.get(buffer);
      if (lifetime === undefined) known.set(buffer, { buffer, first: time, last: time });
      else lifetime.last = time;
    }
  });
  return [...known.values()];
}
