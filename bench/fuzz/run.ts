/** Runs the fuzzer from a seed and collects what went wrong. */

import type { Seed } from "./corpus.js";
import { Dice, mutate } from "./mutate.js";
import { runTarget } from "./target.js";

export interface Finding {
  readonly run: number;
  /** of the text that was mutated */
  readonly name: string;
  readonly kind: Seed["kind"];
  readonly bytes: Buffer;
  readonly problem: string;
}

export interface Outcome {
  readonly right: number;
  readonly mistakes: number;
  readonly slowest: { readonly run: number; readonly milliseconds: number };
  readonly findings: readonly Finding[];
}

export interface FuzzOptions {
  readonly corpus: readonly Seed[];
  readonly seed: number;
  /** first and last run; every run has a generator of its own, so that one can be repeated alone */
  readonly first: number;
  readonly last: number;
  readonly folder: string;
  /** longer runs are findings */
  readonly milliseconds: number;
  /** before each run, with its text */
  readonly onRun?: (run: number, bytes: Buffer) => void;
}

/** The text of one run. */
export function mutant({ corpus, seed }: Pick<FuzzOptions, "corpus" | "seed">, run: number) {
  const dice = new Dice(seed * 1_000_003 + run);
  const original = dice.pick(corpus);
  const others = Array.from({ length: 3 }, () => dice.pick(corpus).bytes);
  return { ...original, bytes: mutate(original.bytes, dice, others) };
}

export async function fuzz(options: FuzzOptions): Promise<Outcome> {
  const findings: Finding[] = [];
  await runTarget("script", Buffer.from("a = 1"), options.folder); // loads the library
  let [right, mistakes] = [0, 0];
  let slowest = { run: 0, milliseconds: 0 };
  for (let run = options.first; run <= options.last; run++) {
    const { name, kind, bytes } = mutant(options, run);
    options.onRun?.(run, bytes);
    const report = (problem: string) => findings.push({ run, name, kind, bytes, problem });
    const [start, startOfWork] = [performance.now(), process.cpuUsage()];
    try {
      if (await runTarget(kind, bytes, options.folder)) right++;
      else mistakes++;
    } catch (error) {
      report(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    const { user, system } = process.cpuUsage(startOfWork);
    // a busy machine is no finding
    const milliseconds = Math.min(performance.now() - start, (user + system) / 1000);
    if (milliseconds > slowest.milliseconds) slowest = { run, milliseconds };
    if (milliseconds > options.milliseconds) report(`took ${milliseconds.toFixed(0)} ms`);
  }
  return { right, mistakes, slowest, findings };
}
