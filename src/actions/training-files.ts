/** Names of the files that training writes, and where to continue from them (training.md 9). */

import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { CntkError, reasonOf } from "../../grammar/errors.js";
import { createDirectory } from "../config/create-directory.js";
import { systemReason } from "../config/system-error.js";
import type { Precision } from "../engine/run.js";
import {
  loadCheckpointFile,
  removeFile,
  restoreModelFile,
  saveCheckpointFile,
  saveModelFile,
} from "../train/checkpoint.js";
import type { SgdSettings } from "../train/settings.js";
import { outdatedCheckpoints, type TrainingFiles } from "../train/training.js";

/** `modelPath.0` before training, `modelPath.1`, ..., and `modelPath` itself after the last epoch. */
export function pathAfter(epochs: number, { modelPath, maxEpochs }: ModelNames): string {
  return epochs === maxEpochs ? modelPath : `${modelPath}.${epochs}`;
}

type ModelNames = Pick<SgdSettings, "modelPath" | "maxEpochs">;

/**
 * How many epochs the newest usable model has been trained; undefined if there is none. A model older than the one before
 * it belongs to an earlier training.
 */
export function trainedEpochs(names: ModelNames): number | undefined {
  for (let epochs = names.maxEpochs; epochs >= 0; epochs--) {
    const file = pathAfter(epochs, names);
    if (!existsSync(file)) continue;
    const previous = pathAfter(epochs - 1, names);
    if (epochs === 0 || !existsSync(previous) || modified(file) >= modified(previous))
      return epochs;
  }
  return undefined;
}

const modified = (file: string): number => statSync(file).mtimeMs;

/**
 * Removes what a training that was killed left beside its models: files half written, and checkpoints that it had no
 * time to remove.
 * @param trained epochs of the model to go on from; undefined to start over
 */
export function removeLeftovers(
  names: ModelNames & Pick<SgdSettings, "keepCheckPointFiles" | "autoAdjust">,
  trained: number | undefined,
  log: (line: string) => void,
): void {
  const remove = (file: string) => {
    try {
      removeFile(file);
    } catch (error) {
      log(`WARNING: ${reasonOf(error)}`);
    }
  };
  const directory = path.dirname(names.modelPath);
  const model = path.basename(names.modelPath);
  const isTemporary = (name: string) =>
    name.startsWith(model) && /^(\.\d+)?(\.ckp)?\.tmp$/.test(name.slice(model.length));
  const files = existsSync(directory) ? readdirSync(directory).filter(isTemporary) : [];
  for (const name of files) remove(path.join(directory, name));
  if (trained === undefined) return;
  for (const old of outdatedCheckpoints(names, trained)) remove(`${pathAfter(old, names)}.ckp`);
}

/** Writes and reads the files of one training; creates their directory. */
export function trainingFiles(names: ModelNames, precision: Precision): TrainingFiles {
  createModelDirectory(path.dirname(names.modelPath));
  const checkpoint = (epochs: number) => `${pathAfter(epochs, names)}.ckp`;
  return {
    pathAfter: (epochs) => pathAfter(epochs, names),
    saveModel: (network, epochs) => {
      saveModelFile(pathAfter(epochs, names), network, precision);
    },
    restoreModel: (network, epochs) => {
      restoreModelFile(pathAfter(epochs, names), network, { precision });
    },
    removeModel: (epochs) => {
      removeFile(pathAfter(epochs, names));
    },
    saveCheckpoint: (state, parameters, epochs) => {
      saveCheckpointFile(checkpoint(epochs), state, parameters, precision);
    },
    loadCheckpoint: (parameters, epochs) => {
      const file = checkpoint(epochs);
      return existsSync(file) ? loadCheckpointFile(file, parameters, precision) : undefined;
    },
    removeCheckpoint: (epochs) => {
      removeFile(checkpoint(epochs));
    },
  };
}

function createModelDirectory(directory: string): void {
  try {
    createDirectory(directory);
  } catch (error) {
    throw new CntkError(
      "running",
      `cannot create the folder '${directory}' for the model: ${systemReason(error)}`,
    );
  }
}
