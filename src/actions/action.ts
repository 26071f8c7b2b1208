/** What an action is: `action = "train"` runs one of these with the section it stands in. */

import type { CntkError } from "../../grammar/errors.js";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import type { Inspection } from "./network-source.js";

export type RunAction = (section: Section, run: Run) => Promise<void>;

/** What the check of an action needs besides its section. */
export interface Checking extends Inspection {
  readonly run: Run;
  /** reports the mistake that a part finds, so that the parts behind it are checked, too */
  readonly attempt: <Result>(part: () => Result) => Result | undefined;
  readonly warn: (warning: CntkError) => void;
  /** announces a model that the action will write */
  readonly willMake: (modelPath: string, network: () => ComputationNetwork) => void;
}

/** The network that an action would use, and what it would train in it. */
export interface CheckedNetwork {
  readonly network: ComputationNetwork;
  readonly criterion?: ComputationNode;
}

/**
 * Reads every key that running would read and makes the network, without data and without computing.
 * @returns undefined if the network has a mistake
 */
export type CheckAction = (section: Section, checking: Checking) => CheckedNetwork | undefined;

/** Both are loaded when they are first needed, so that starting the program stays quick. */
export interface Action {
  readonly run: RunAction;
  readonly check: () => Promise<CheckAction>;
}
