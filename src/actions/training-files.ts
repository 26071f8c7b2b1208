/** Names of the files that training writes, and where to continue from them (training.md 9). */

import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { CntkError } from "../../grammar/errors.js";
import type { Precision } from "../engine/run.js";
import { loadCheckpointFile, saveCheckpointFile, saveModelFile } from "../train/checkpoint.js";
import type { SgdSettings } from "../train/settings.js";
import type { TrainingFiles } from "../train/sgd.js";

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

/** Writes and reads the files of one training; creates their directory. */
export function trainingFiles(names: ModelNames, precision: Precision): TrainingFiles {
  createDirectory(path.dirname(names.modelPath));
  const checkpoint = (epochs: number) => `${pathAfter(epochs, names)}.ckp`;
  return {
    pathAfter: (epochs) => pathAfter(epochs, names),
    saveModel: (network, epochs) => {
      saveModelFile(pathAfter(epochs, names), network, precision);
    },
    saveCheckpoint: (state, parameters, epochs) => {
      saveCheckpointFile(checkpoint(epochs), state, parameters, precision);
    },
    loadCheckpoint: (parameters, epochs) => {
      const file = checkpoint(epochs);
      return existsSync(file) ? loadCheckpointFile(file, parameters, precision) : undefined;
    },
    removeCheckpoint: (epochs) => {
      rmSync(checkpoint(epochs), { force: true });
    },
  };
}

function createDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CntkError("running", `cannot create the directory of modelPath: ${reason}`);
  }
}
