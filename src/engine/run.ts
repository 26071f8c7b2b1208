/** Run: what one run of the program shares, handed down from the command line; there is no global state. */

import type { SourceFile } from "../../grammar/source.js";
import type { ComputationNetwork } from "../network/network.js";
import type { Engine } from "./engine.js";
import type { Interruption } from "./interruption.js";

export type Precision = "float" | "double";

/** Where an epoch stands, for a progress line on a terminal. */
export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  readonly samples: number;
  /** samples of the whole epoch */
  readonly total: number;
  readonly samplesPerSecond: number;
}

/** What training tells those who draw it, besides the log. */
export interface TrainingReport {
  /** some minibatches, a whole epoch, or the validation after one */
  readonly kind: "minibatches" | "epoch" | "validation";
  /** counted from 1 */
  readonly epoch: number;
  /** samples trained since the beginning of the training */
  readonly samplesSeen: number;
  /** averages, criterion first */
  readonly values: readonly { readonly name: string; readonly value: number }[];
  readonly learningRatePerSample?: number;
  readonly samplesPerSecond?: number;
}

export interface Run {
  /** writes one line (or several, separated by newlines) to the log, without time stamp */
  readonly log: (text: string) => void;
  /** writes a line with the time stamp that `timestamping=true` asks for */
  readonly stampedLog: (text: string) => void;
  readonly precision: Precision;
  /** -1 is the CPU */
  readonly deviceId: number;
  /** the engine, created when the first network runs, ready for this one */
  readonly engine: (network: ComputationNetwork) => Promise<Engine>;
  /** numbers 1, 2, 3, ... for parameters with random initial values; never reset within a run (nodes.md 13.1) */
  readonly nextSeed: () => number;
  /**
   * A network comes from a file that a run which nobody stopped would have built: `build` takes its numbers, when the
   * next one is asked for. Left out where the numbers do not matter.
   */
  readonly skipSeeds?: (build: (nextSeed: () => number) => void) => void;
  /** directories of the config files, for BrainScript's include */
  readonly includeDirectories: readonly string[];
  /** shows progress on a terminal; undefined where the log is not one */
  readonly progress: ((progress: Progress | undefined) => void) | undefined;
  /** takes what training reports; left out where nobody draws it */
  readonly report?: (report: TrainingReport) => void;
  /** how training learns that it is to stop; left out where nobody can ask for it */
  readonly interruption?: Interruption;
  /** reads a text file named in a config. @throws CntkError "reading" */
  readonly readText: (path: string) => SourceFile;
}
