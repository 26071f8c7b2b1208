/** Measures all contestants of a workload in turn, round after round, and judges what they learned. */

import { measureOurs, type Contestant, type Measured } from "./contestants.js";
import { prepareReference, type Reference } from "./jobs.js";
import { warningAboutOthers } from "./machine.js";
import { RunningPeer, type Peer } from "./peers.js";
import { hasLearned, largestDifference, median, type Outcome } from "./statistics.js";
import type { Workload } from "./workloads.js";

export interface RaceSettings {
  readonly contestants: readonly Contestant[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  /** timed in every round, behind one that warms up */
  readonly epochs: number;
  readonly log: (line: string) => void;
  /** takes what makes figures doubtful or invalid */
  readonly warn: (line: string) => void;
}

/** One that takes part, whoever it is. */
interface Entrant {
  readonly name: string;
  readonly library: string | undefined;
  readonly measure: () => Promise<Measured>;
  readonly stop: () => void;
  readonly rounds: Measured[];
  failure: string | undefined;
}

/** Peers of one round train for so long, and at least one interval. */
const PEER_SECONDS = 0.5;

/** Losses of the same minibatches differ only by rounding, which training amplifies; CNTK rounds most, in 04. */
const LARGEST_DIFFERENCE = 0.02;

export async function race(workload: Workload, settings: RaceSettings): Promise<Outcome[]> {
  const { warn, contestants, peers, rounds } = settings;
  const reference = await prepareReference(workload);
  const entrants = contestants.map((contestant) => ourEntrant(contestant, workload, settings));
  try {
    for (const peer of peers.filter(({ library }) => workload.peers.includes(library))) {
      entrants.push(await peerEntrant(peer, reference));
    }
    for (let round = 1; round <= rounds; round++) {
      for (const entrant of entrants) await takeTurn(entrant, round, settings);
    }
  } finally {
    for (const { stop } of entrants) stop();
  }
  const outcomes = entrants.map((entrant) => judge(entrant, workload, reference));
  for (const { contestant, failure } of outcomes) {
    if (failure !== undefined) warn(`FAILED ${workload.name}, ${contestant}: ${failure}`);
  }
  return outcomes;
}

function ourEntrant(contestant: Contestant, workload: Workload, { epochs }: RaceSettings): Entrant {
  return {
    name: contestant.name,
    library: undefined,
    measure: () => measureOurs(contestant, workload, epochs),
    stop: () => undefined,
    rounds: [],
    failure: undefined,
  };
}

/** Starts a peer and lets it warm up: its first interval compiles, and reads. */
async function peerEntrant(peer: Peer, { job }: Reference): Promise<Entrant> {
  const running = new RunningPeer(peer, job);
  const measure = async (seconds: number) => {
    const intervals = await running.measure(seconds);
    return {
      speeds: intervals.map((interval) => interval.samples / interval.seconds),
      losses: intervals.map(({ loss }) => loss),
      version: running.version,
    };
  };
  const entrant: Entrant = {
    name: peer.name,
    library: peer.library,
    measure: () => measure(PEER_SECONDS),
    stop: running.stop,
    rounds: [],
    failure: undefined,
  };
  entrant.failure = await failureOf(async () => {
    await running.ready();
    entrant.rounds.push({ ...(await measure(0)), speeds: [] });
  });
  return entrant;
}

async function failureOf(act: () => Promise<void>): Promise<string | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function takeTurn(
  entrant: Entrant,
  round: number,
  { log, warn }: RaceSettings,
): Promise<void> {
  if (entrant.failure !== undefined) return;
  const warning = await warningAboutOthers();
  if (warning !== undefined) warn(warning);
  entrant.failure = await failureOf(async () => {
    const measured = await entrant.measure();
    entrant.rounds.push(measured);
    const speed = Math.round(median(measured.speeds)).toLocaleString("en");
    log(`  round ${round}, ${entrant.name}: ${speed} samples/s`);
  });
}

/** Ours have learned over their epochs; peers have the losses that we have on the same minibatches. */
function judge(entrant: Entrant, workload: Workload, reference: Reference): Outcome {
  const { name, library, rounds } = entrant;
  const isPeer = library !== undefined;
  const losses = isPeer ? rounds.flatMap((round) => round.losses) : (rounds[0]?.losses ?? []);
  const lossDifference = isPeer ? largestDifference(losses, reference.losses) : NaN;
  const failure =
    entrant.failure ??
    (isPeer
      ? failureOfPeer(lossDifference)
      : failureToLearn(
          rounds.map((round) => round.losses),
          workload.constantLoss,
        ));
  return {
    contestant: name,
    library,
    version: rounds.at(-1)?.version ?? "",
    speeds: rounds.flatMap(({ speeds }) => speeds),
    losses,
    lossDifference,
    failure,
  };
}

const failureOfPeer = (difference: number) =>
  difference <= LARGEST_DIFFERENCE
    ? undefined
    : `its losses differ from ours on the same minibatches by ${difference.toExponential(1)}`;

function failureToLearn(
  rounds: readonly (readonly number[])[],
  constant: number,
): string | undefined {
  const dead = rounds.find((losses) => !hasLearned(losses, constant));
  if (dead === undefined) return undefined;
  return `it did not learn: ${dead.join(", ")}; a constant output has ${constant.toFixed(3)}`;
}
