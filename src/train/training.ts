/** What a training is asked for, what continuing it needs, and where its files are. */

import type { Run } from "../engine/run.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import type { Reader } from "../readers/reader.js";
import type { Reference } from "./adapted-labels.js";
import type { LearnerState } from "./learners.js";
import type { SgdSettings } from "./settings.js";

/** Everything besides the model that continuing needs; what a checkpoint stores. */
export interface TrainingState {
  readonly totalSamplesSeen: number;
  readonly learningRatePerSample: number;
  /** average criterion that an automatic learning rate would compare with */
  readonly previousCriterion: number;
  readonly minibatchSize: number;
  /** one per trained parameter, in order of name */
  readonly learnerStates: readonly LearnerState[];
}

/** Where models and checkpoints go. `epochs` is the number of epochs they have been trained. */
export interface TrainingFiles {
  pathAfter(epochs: number): string;
  saveModel(network: ComputationNetwork, epochs: number): void;
  /** puts the parameters of a saved model back into the network. @throws CntkError "reading" */
  restoreModel(network: ComputationNetwork, epochs: number): void;
  removeModel(epochs: number): void;
  saveCheckpoint(
    state: TrainingState,
    parameters: readonly ComputationNode[],
    epochs: number,
  ): void;
  /** undefined if there is none */
  loadCheckpoint(parameters: readonly ComputationNode[], epochs: number): TrainingState | undefined;
  removeCheckpoint(epochs: number): void;
}

export interface TrainingRequest {
  readonly network: ComputationNetwork;
  readonly settings: SgdSettings;
  readonly reader: Reader;
  readonly cvReader: Reader | undefined;
  /** what the labels lean to; left out where they stay as they are */
  readonly reference?: Reference | undefined;
  /** the first epoch to run, counted from 0 */
  readonly startEpoch: number;
  /** true if the network was built, false if it comes from a model file */
  readonly isNewNetwork: boolean;
  readonly files: TrainingFiles;
  readonly run: Run;
}

/**
 * Checkpoints, by number of epochs, that nothing goes back to once so many epochs are trained and saved.
 * A training that may go back keeps the checkpoint in front of an interval until the interval was good.
 */
export function outdatedCheckpoints(
  { keepCheckPointFiles, autoAdjust }: Pick<SgdSettings, "keepCheckPointFiles" | "autoAdjust">,
  epochs: number,
): number[] {
  if (keepCheckPointFiles) return [];
  const { autoAdjustLR, loadBestModel, learnRateAdjustInterval } = autoAdjust;
  const mayGoBack = autoAdjustLR === "adjustAfterEpoch" && loadBestModel;
  const position = ((epochs - 1) % learnRateAdjustInterval) + 1;
  const before = mayGoBack && position === 1 ? [] : [epochs - 1];
  const atBegin =
    mayGoBack && position === learnRateAdjustInterval ? [epochs - learnRateAdjustInterval] : [];
  return [...before, ...atBegin].filter((old) => old > 0);
}
