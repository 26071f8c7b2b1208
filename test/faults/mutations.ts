/** Damage to files, the same for the same seed. */

import { MersenneTwister } from "../../src/random/mersenne-twister.js";

/** What makes a difference where it stands: markers, separators, numbers at the border. */
export type Pieces = readonly Uint8Array[];

type Mutation = (bytes: Uint8Array, random: MersenneTwister, pieces: Pieces) => Uint8Array;

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

/** A stretch of at most `longest` bytes. */
function stretch(bytes: Uint8Array, random: MersenneTwister, longest: number): [number, number] {
  const begin = random.below(bytes.length + 1);
  return [begin, Math.min(bytes.length, begin + random.below(longest + 1))];
}

const piece = (pieces: Pieces, random: MersenneTwister): Uint8Array =>
  pieces[random.below(pieces.length)] ?? new Uint8Array();

const MUTATIONS: readonly Mutation[] = [
  // a bit
  (bytes, random) => {
    const changed = Uint8Array.from(bytes);
    const at = random.below(bytes.length);
    changed[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return changed;
  },
  // a byte
  (bytes, random) => {
    const changed = Uint8Array.from(bytes);
    changed[random.below(bytes.length)] = random.below(256);
    return changed;
  },
  // the end
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  // something is missing
  (bytes, random) => {
    const [begin, end] = stretch(bytes, random, 40);
    return joined(bytes.subarray(0, begin), bytes.subarray(end));
  },
  // something is there twice
  (bytes, random) => {
    const [begin, end] = stretch(bytes, random, 200);
    return joined(bytes.subarray(0, end), bytes.subarray(begin));
  },
  // two parts have changed places
  (bytes, random) => {
    const [one, other, third] = [0, 0, 0]
      .map(() => random.below(bytes.length + 1))
      .sort((left, right) => left - right);
    return joined(
      bytes.subarray(0, one),
      bytes.subarray(other, third),
      bytes.subarray(one, other),
      bytes.subarray(third),
    );
  },
  // a piece is put in
  (bytes, random, pieces) => {
    const at = random.below(bytes.length + 1);
    return joined(bytes.subarray(0, at), piece(pieces, random), bytes.subarray(at));
  },
  // a piece is put over what was there
  (bytes, random, pieces) => {
    const put = piece(pieces, random);
    const at = random.below(bytes.length + 1);
    return joined(bytes.subarray(0, at), put, bytes.subarray(at + put.length));
  },
];

/** The file with one kind of damage, or with up to four. */
export function mutate(bytes: Uint8Array, random: MersenneTwister, pieces: Pieces): Uint8Array {
  let changed = bytes;
  for (let count = random.below(2) === 0 ? 1 : 1 + random.below(4); count > 0; count--) {
    const mutation = MUTATIONS[random.below(MUTATIONS.length)];
    if (changed.length > 0 && mutation !== undefined) changed = mutation(changed, random, pieces);
  }
  return changed;
}

/** What came of reading damaged files. */
export interface Outcome {
  readonly runs: number;
  readonly refused: number;
  /** milliseconds of processor time that one of them took at most, and which one */
  readonly slowest: number;
  readonly slowestRun: number;
  /** bytes of memory beyond those at the beginning, at most */
  readonly memory: number;
  /** numbers of the runs that ended with anything but a result or a CntkError, and with what */
  readonly failures: readonly { readonly run: number; readonly error: unknown }[];
}

/**
 * Reads one damaged file after the other.
 * @param read throws a CntkError, or returns
 */
export function fuzz(
  runs: number,
  read: (run: number) => void,
  isRefusal: (error: unknown) => boolean,
): Outcome {
  const failures: { run: number; error: unknown }[] = [];
  const memoryBefore = process.memoryUsage().rss;
  let [refused, slowest, slowestRun, memory] = [0, 0, 0, 0];
  for (let run = 0; run < runs; run++) {
    const begin = process.cpuUsage();
    try {
      read(run);
    } catch (error) {
      if (isRefusal(error)) refused++;
      else failures.push({ run, error });
    }
    const { user, system } = process.cpuUsage(begin);
    if (user + system > slowest * 1000) [slowest, slowestRun] = [(user + system) / 1000, run];
    if (run % 64 === 0) memory = Math.max(memory, process.memoryUsage().rss - memoryBefore);
  }
  return { runs, refused, slowest, slowestRun, memory, failures };
}

/** A generator for one run: any run can be repeated alone. */
export const generatorOf = (seed: number, run: number) => new MersenneTwister(seed * 1e7 + run);
