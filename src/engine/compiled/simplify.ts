/**
 * Makes a list of calls shorter: what nobody reads is not computed, what is only copied is read where it is, what was
 * computed before is not computed again, samples are scaled while they are gathered, and sums and normalised values are
 * rectified by the call that makes them.
 */

import { BINARY, UNARY } from "./functions.js";
import type { Buffer } from "./buffers.js";
import { buffersOf, type Call } from "./lowering.js";

export interface Known {
  /** numbers that no run changes, by where they are */
  readonly constants: ReadonlyMap<Buffer, number>;
  /** what the host reads */
  readonly wanted: ReadonlySet<Buffer>;
}

/** The same results from fewer calls. */
export function simplify<OneCall extends Call>(
  calls: readonly OneCall[],
  { constants, wanted }: Known,
): OneCall[] {
  const needed = withoutCopies(withoutUnread(calls));
  const first = withoutRepeats(withoutUnread(needed), constants);
  return rectifiedAtOnce(scaledWhileGathered(first, wanted));
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

/** Where each buffer is written, by position of the call. */
function writesOf(calls: readonly Call[]): (buffer: Buffer) => readonly number[] {
  const writes = new Map<Buffer, number[]>();
  calls.forEach((call, index) => {
    for (const buffer of buffersOf(call, "output", "scratch")) {
      writes.set(buffer, [...(writes.get(buffer) ?? []), index]);
    }
  });
  return (buffer) => writes.get(buffer) ?? [];
}

/**
 * The calls without those that a buffer of their own can be spared for: `replace` names the one to read instead.
 * @param replace gets the call with what was replaced before, and its position
 */
function withReplaced<OneCall extends Call>(
  calls: readonly OneCall[],
  replace: (call: OneCall, index: number) => { from: Buffer; to: Buffer } | undefined,
): OneCall[] {
  const originals = new Map<Buffer, Buffer>();
  const original = (buffer: Buffer): Buffer => originals.get(buffer) ?? buffer;
  return calls.flatMap((call, index) => {
    const values = call.values.map((value) =>
      typeof value === "number" ? value : original(value),
    );
    const own = { ...call, values };
    const replaced = replace(own, index);
    if (replaced === undefined) return [own];
    originals.set(replaced.to, replaced.from);
    return [];
  });
}

/** Copies within working memory are left out where both sides stay the same afterwards. */
function withoutCopies<OneCall extends Call>(calls: readonly OneCall[]): OneCall[] {
  const writes = writesOf(calls);
  return withReplaced(calls, (call, index) => {
    const copy = asCopy(call);
    if (copy === undefined || copy.to.locate !== undefined) return undefined;
    const isOnlyWrite = writes(copy.to).length === 1;
    const isFinal = writes(copy.from).every((write) => write < index);
    return isOnlyWrite && isFinal ? copy : undefined;
  });
}

/** Element-wise calls that were made before, with operands that have not changed, are not made again. */
function withoutRepeats<OneCall extends Call>(
  calls: readonly OneCall[],
  constants: Known["constants"],
): OneCall[] {
  const writes = writesOf(calls);
  const numbers = new Map<Buffer, number>();
  const nameOf = (buffer: Buffer): string => {
    const constant = writes(buffer).length === 0 ? constants.get(buffer) : undefined;
    if (constant !== undefined) return `constant ${constant}`;
    const number = numbers.get(buffer) ?? numbers.size;
    numbers.set(buffer, number);
    return `buffer ${number}`;
  };
  const results = new Map<string, Buffer>();
  return withReplaced(calls, (call, index) => {
    const [to] = buffersOf(call, "output");
    if (call.kernel !== "binary" || to === undefined || to.locate !== undefined) return undefined;
    const operands = buffersOf(call, "input");
    const areFinal = operands.every((operand) => writes(operand).every((write) => write < index));
    if (!areFinal || writes(to).length !== 1) return undefined;
    const key = call.values
      .map((value) =>
        typeof value === "number" ? String(value) : value === to ? "to" : nameOf(value),
      )
      .join(" ");
    const from = results.get(key);
    if (from !== undefined) return { from, to };
    results.set(key, to);
    return undefined;
  });
}

/** Samples that are read by nothing but a product with a number are multiplied by it while they are gathered. */
function scaledWhileGathered<OneCall extends Call>(
  calls: readonly OneCall[],
  wanted: Known["wanted"],
): OneCall[] {
  const gathers = new Map<Buffer, OneCall>();
  for (const call of calls) {
    const [to] = buffersOf(call, "output");
    if (call.kernel === "gather_samples" && to !== undefined) gathers.set(to, call);
  }
  const readers = (buffer: Buffer) =>
    calls.filter((call) => buffersOf(call, "input").includes(buffer)).length;
  const scaled = new Set<Call>();
  const replaced = calls.map((call) => {
    const product = asScaling(call);
    const gather = product && gathers.get(product.samples);
    if (product === undefined || gather === undefined) return call;
    if (wanted.has(product.samples) || readers(product.samples) > 1) return call;
    scaled.add(gather);
    const [data = 0, state = 0, starts = 0, , count = 0, dimension = 0] = gather.values;
    const { samples, factor, to } = product;
    const values = [data, state, starts, samples, factor, to, count, dimension];
    return { ...call, kernel: "gather_scaled_samples" as const, values };
  });
  return replaced.filter((call) => !scaled.has(call));
}

/** What is read by a rectifier alone is rectified where it is made. */
function rectifiedAtOnce<OneCall extends Call>(calls: readonly OneCall[]): OneCall[] {
  const makers = new Map<Buffer, OneCall[]>();
  const readers = new Map<Buffer, number>();
  for (const call of calls) {
    for (const buffer of buffersOf(call, "output", "scratch")) {
      makers.set(buffer, [...(makers.get(buffer) ?? []), call]);
    }
    for (const buffer of buffersOf(call, "input")) {
      readers.set(buffer, (readers.get(buffer) ?? 0) + 1);
    }
  }
  const replaced = new Map<OneCall, OneCall | undefined>();
  for (const call of calls) {
    const [operation, from, to] = call.values;
    if (call.kernel !== "unary" || operation !== UNARY.RectifiedLinear) continue;
    if (typeof from !== "object" || typeof to !== "object" || from.locate !== undefined) continue;
    const [maker, ...others] = makers.get(from) ?? [];
    const rectifying = maker && rectifyingValues(maker, from, to);
    if (maker === undefined || rectifying === undefined) continue;
    if (others.length > 0 || readers.get(from) !== 1) continue;
    replaced.set(maker, { ...maker, values: rectifying });
    replaced.set(call, undefined);
  }
  return calls.flatMap((call) => (replaced.has(call) ? (replaced.get(call) ?? []) : [call]));
}

/** The arguments with which a call leaves the rectified result in `to`; undefined if it cannot. */
function rectifyingValues(
  { kernel, values }: Call,
  from: Buffer,
  to: Buffer,
): Call["values"] | undefined {
  const results = values.map((value) => (value === from ? to : value));
  if (kernel === "batch_norm_apply") return results.with(RECTIFIES, 1);
  const isSum = kernel === "binary" && values[0] === BINARY.Plus;
  return isSum && values.at(-1) === 0 && values.at(-2) === 1
    ? results.with(0, BINARY.RectifiedPlus)
    : undefined;
}

/** Where batch_norm_apply is told to rectify. */
const RECTIFIES = 6;

/** A call that multiplies a whole buffer by a number and does nothing else. */
function asScaling({ kernel, values }: Call) {
  const [operation, one, other, to, ...rest] = values;
  if (kernel !== "binary" || operation !== BINARY.ElementTimes) return undefined;
  if (typeof one !== "object" || typeof other !== "object" || typeof to !== "object")
    return undefined;
  const steps = [0, 0, 0, 0, 0, 1];
  const isFirst = rest.slice(3, 9).every((step, i) => step === steps[i]);
  const isSecond = rest.slice(3, 9).every((step, i) => step === steps[(i + 3) % 6]);
  const isWhole = rest[0] === 1 && rest[1] === 1 && rest[2] === to.floats;
  const isPlain = rest[9] === 1 && rest[10] === 0 && to.locate === undefined;
  if (!isWhole || !isPlain || isFirst === isSecond) return undefined;
  const [factor, samples] = isFirst ? [one, other] : [other, one];
  return samples.floats === to.floats ? { factor, samples, to } : undefined;
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
