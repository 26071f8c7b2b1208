/**
 * Divides the calls of one schedule among ranks, as against the samples of a minibatch: every rank computes a part of each
 * larger result. Ranks wait for each other where a call needs what another one has computed: between phases.
 */

import { encodeCall } from "../../kernels/library.js";
import { kernelTable } from "../../kernels/table.js";
import { WHOLE, workingBuffer, type Buffer } from "./buffers.js";
import { buffersOf, type Call } from "./lowering.js";
import { durationOf, shareOf, sharingsOf, type Sharing } from "./sharing.js";

/** A call in its phase. */
export interface PhasedCall<OneCall extends Call> {
  /** by rank: the call as a whole, each rank with working memory of its own */
  readonly calls: readonly OneCall[];
  readonly phase: number;
  /** undefined for a call that the first rank does alone */
  readonly sharing: Sharing | undefined;
}

export interface SharedCalls<OneCall extends Call> {
  /** phase by phase */
  readonly calls: readonly PhasedCall<OneCall>[];
  /** part of the time, as far as it can be told, in which the first rank works alone */
  readonly aloneShare: number;
}

/** Nanoseconds until all ranks have met. */
const MEETING = 1000;
/** Nanoseconds that a division must gain. */
const LEAST_GAIN = 300;

/** Which floats of a buffer the ranks have: the same name, the same floats. */
type Region = string;
/** The first rank has all of them. */
const FIRST: Region = "first";
/** All ranks read all of them. */
const EVERYONE: Region = "everyone";

interface Access {
  readonly buffer: Buffer;
  readonly region: Region;
  readonly isWritten: boolean;
}

/** A way to do a call. */
interface Choice {
  readonly sharing: Sharing | undefined;
  readonly accesses: readonly Access[];
  readonly phase: number;
  readonly cost: number;
}

/**
 * The calls in an order in which ranks meet as rarely as can be.
 * @param samples of the minibatch
 */
export function shareCalls<OneCall extends Call>(
  calls: readonly OneCall[],
  ranks: number,
  samples: number,
): SharedCalls<OneCall> {
  const history = new History();
  const isSum = sumsOf(calls);
  const scratch = scratchOfRanks(calls, ranks);
  let [total, alone] = [0, 0];
  const phased = calls.map((call) => {
    const duration = durationOf(call);
    const choices = [undefined, ...sharingsOf(call, samples)]
      .filter((sharing) => sharing?.sum === undefined || isSum(call.values[sharing.sum]))
      .map((sharing): Choice => {
        const accesses = accessesOf(call, sharing);
        const phase = history.earliestPhase(accesses);
        const time =
          sharing === undefined
            ? duration
            : LEAST_GAIN + (duration + (ranks - 1) * sharing.repeated) / ranks;
        return { sharing, accesses, phase, cost: phase * MEETING + time };
      });
    const best = choices.reduce((one, other) => (other.cost < one.cost ? other : one));
    history.add(best);
    total += duration;
    if (best.sharing === undefined) alone += duration;
    const own = best.sharing === undefined ? scratch.slice(0, 1) : scratch;
    return {
      calls: own.map((buffer) => withScratch(call, buffer)),
      phase: best.phase,
      sharing: best.sharing,
    };
  });
  return {
    calls: phased.toSorted((one, other) => one.phase - other.phase),
    aloneShare: total === 0 ? 1 : alone / total,
  };
}

/**
 * Lists of encoded calls by phase and rank.
 * @param locate byte offset of a buffer
 */
export function encodeShares(
  shared: readonly PhasedCall<Call>[],
  ranks: number,
  locate: (buffer: Buffer) => number,
): number[][][][] {
  const phases: number[][][][] = [];
  for (const { calls, phase, sharing } of shared) {
    const lists = (phases[phase] ??= []);
    calls.forEach((call, rank) => {
      const list = (lists[rank] ??= []);
      const whole = call.values.map((value) => (typeof value === "number" ? value : locate(value)));
      const share = sharing === undefined ? whole : shareOf(call, whole, sharing, [rank, ranks]);
      if (share !== undefined) list.push(encodeCall(call.kernel, share));
    });
  }
  return phases;
}

/** Who has used the floats of each buffer, and how late. */
class History {
  readonly #reads = new Map<Buffer | number, Map<Region, number>>();
  readonly #writes = new Map<Buffer | number, Map<Region, number>>();

  earliestPhase(accesses: readonly Access[]): number {
    let phase = 0;
    for (const { buffer, region, isWritten } of accesses) {
      const place = placeOf(buffer);
      const earlier = [this.#writes.get(place), isWritten ? this.#reads.get(place) : undefined];
      for (const [other, last] of earlier.flatMap((known) => [...(known ?? [])])) {
        const isOwn = other === region && region !== EVERYONE;
        phase = Math.max(phase, isOwn ? last : last + 1);
      }
    }
    return phase;
  }

  add({ accesses, phase }: Choice): void {
    for (const { buffer, region, isWritten } of accesses) {
      const places = isWritten ? this.#writes : this.#reads;
      const place = placeOf(buffer);
      const known = places.get(place) ?? new Map<Region, number>();
      known.set(region, Math.max(phase, known.get(region) ?? 0));
      places.set(place, known);
    }
  }
}

/** Several buffers may stand for the same place outside working memory. */
const placeOf = (buffer: Buffer): Buffer | number => buffer.locate?.(WHOLE) ?? buffer;

function accessesOf({ kernel, values }: Call, sharing: Sharing | undefined): Access[] {
  const kinds = kernelTable[kernel].arguments;
  return values.flatMap((buffer, position) => {
    const kind = kinds[position];
    if (typeof buffer === "number" || kind === "scratch") return [];
    const region = sharing === undefined ? FIRST : regionOf(buffer, position, sharing);
    return [{ buffer, region, isWritten: kind === "output" }];
  });
}

function regionOf(buffer: Buffer, position: number, sharing: Sharing): Region {
  const { steps, extent, granule } = sharing;
  const [, floats = 0] = steps.find(([own]) => own === position) ?? [];
  if (floats === 0) return position === sharing.sum ? "parts" : EVERYONE;
  // a stretch for each rank, or columns of a matrix
  const form = floats * extent === buffer.floats ? "stretches" : `columns ${floats}`;
  return `${form} ${extent} by ${granule}`;
}

/** Tells results whose parts the host adds up, and that nobody else reads or writes. */
function sumsOf(calls: readonly Call[]): (value: Call["values"][number] | undefined) => boolean {
  const uses = new Map<Buffer | number, number>();
  for (const buffer of calls.flatMap((call) => buffersOf(call, "input", "output"))) {
    const place = placeOf(buffer);
    uses.set(place, (uses.get(place) ?? 0) + 1);
  }
  return (value) =>
    typeof value === "object" && value.isSum === true && uses.get(placeOf(value)) === 1;
}

/** Working memory of calls, for each rank: as much as the call needs that needs most. */
function scratchOfRanks(calls: readonly Call[], ranks: number): Buffer[] {
  const floats = calls.flatMap((call) => buffersOf(call, "scratch").map((buffer) => buffer.floats));
  return Array.from({ length: ranks }, () => workingBuffer(Math.max(0, ...floats)));
}

function withScratch<OneCall extends Call>(call: OneCall, scratch: Buffer): OneCall {
  const kinds = kernelTable[call.kernel].arguments;
  const values = call.values.map((value, i) => (kinds[i] === "scratch" ? scratch : value));
  return { ...call, values };
}
