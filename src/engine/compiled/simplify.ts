/** Makes a list of calls shorter: what nobody reads is not computed, and what is only copied is read where it is. */

import { BINARY } from "./functions.js";
import type { Buffer } from "./buffers.js";
import { buffersOf, type Call } from "./lowering.js";

/** The same results from fewer calls. */
export function simplify<OneCall extends Call>(calls: readonly OneCall[]): OneCall[] {
  return withoutUnread(withoutCopies(withoutUnread(calls)));
}

/** The calls without those whose results nobody reads. What lies outside working memory is always wanted. */
function withoutUnread<OneCall extends Call>(calls: readonly OneCall[]): OneCall[] {
  const read = new Set<Buffer>();
  const needed: OneCall[] = [];
  for (const call of calls.toReversed()) {
    const results = buffersOf(call, "output");
    const isRead = results.some((buffer) => buffer.locate !== undefined || read.has(buffer));
    if (!isRead && call.kernel !== "barrier") continue;
    // a result may also be added to, so that its earlier contents count
    for (const buffer of buffersOf(call, "input", "output")) read.add(buffer);
    needed.push(call);
  }
  return needed.reverse();
}

/** Copies within working memory are left out where both sides stay the same afterwards. */
function withoutCopies<OneCall extends Call>(calls: readonly OneCall[]): OneCall[] {
  const writes = new Map<Buffer, number[]>();
  calls.forEach((call, index) => {
    for (const buffer of buffersOf(call, "output", "scratch")) {
      writes.set(buffer, [...(writes.get(buffer) ?? []), index]);
    }
  });
  const originals = new Map<Buffer, Buffer>();
  const original = (buffer: Buffer): Buffer => {
    const known = originals.get(buffer);
    return known === undefined ? buffer : original(known);
  };
  const kept = calls.filter((call, index) => {
    const copy = asCopy(call);
    if (copy === undefined || copy.to.locate !== undefined) return true;
    const from = original(copy.from);
    const isOnlyWrite = writes.get(copy.to)?.length === 1;
    const isFinal = (writes.get(from) ?? []).every((write) => write < index);
    if (!isOnlyWrite || !isFinal) return true;
    originals.set(copy.to, from);
    return false;
  });
  return kept.map((call) => ({
    ...call,
    values: call.values.map((value) => (typeof value === "number" ? value : original(value))),
  }));
}

/** The two sides of a call that copies a whole buffer and does nothing else. */
function asCopy({ kernel, values }: Call): { from: Buffer; to: Buffer } | undefined {
  const [operation, from, , to, ...rest] = values;
  if (kernel !== "binary" || operation !== BINARY.First) return undefined;
  if (typeof from !== "object" || typeof to !== "object") return undefined;
  const contiguous = [1, 1, from.floats, 0, 0, 1, 0, 0, 1, 1, 0];
  const isWhole = from.floats === to.floats && rest.every((value, i) => value === contiguous[i]);
  return isWhole ? { from, to } : undefined;
}
