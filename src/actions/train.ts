/** Actions `train` and `trainRNN` (training.md 1, 6 and 9). */

import { located } from "../../grammar/errors.js";
import type { Section } from "../config/section.js";
import { Interrupted } from "../engine/interruption.js";
import type { Run } from "../engine/run.js";
import type { ComputationNetwork } from "../network/network.js";
import { createReader } from "../readers/index.js";
import type { Reference } from "../train/adapted-labels.js";
import { sgdSection, sgdSettings, type SgdSettings } from "../train/settings.js";
import { trainNetwork } from "../train/sgd.js";
import type { TrainingFiles } from "../train/training.js";
import { networkFromFile, obtainNetwork, skipSeedsOfNetwork } from "./network-source.js";
import { pathAfter, removeLeftovers, trainedEpochs, trainingFiles } from "./training-files.js";

export async function trainAction(section: Section, run: Run): Promise<void> {
  await trainFrom(section, run, {
    skipNetwork: () => skipSeedsOfNetwork(section, run),
    newNetwork: ({ traceLevel }) => {
      if (traceLevel > 0) run.stampedLog("\nCreating virgin network.");
      return obtainNetwork(section, run, "train");
    },
  });
}

/** Where a training begins that has no checkpoint to go on from. */
export interface Beginning {
  readonly newNetwork: (settings: SgdSettings) => ComputationNetwork;
  /** is told that the network comes from a checkpoint */
  readonly skipNetwork?: () => void;
  /** what the labels lean to */
  readonly reference?: (settings: SgdSettings) => Reference | undefined;
}

/** Trains from the newest checkpoint, or from the beginning. */
export async function trainFrom(section: Section, run: Run, beginning: Beginning): Promise<void> {
  const settings = sgdSettings(sgdSection(section));
  for (const note of settings.notes) run.log(note);
  const files = filesOf(section, settings, run);
  const goesOn = section.bool("makeMode", true);
  const trained = goesOn ? trainedEpochs(settings) : undefined;
  removeLeftovers(settings, trained, run.log);
  if (trained !== undefined) beginning.skipNetwork?.();
  if (trained === settings.maxEpochs) {
    run.stampedLog(`Final model exists: ${settings.modelPath}`);
    run.stampedLog("No further training is necessary.");
    return;
  }
  const { log } = run;
  const reader = await createReader(section.section("reader"), { log });
  const cvSection = section.optionalSection("cvReader");
  const cvReader = cvSection === undefined ? undefined : await createReader(cvSection, { log });
  const network =
    trained === undefined
      ? beginning.newNetwork(settings)
      : checkpointNetwork(section, run, pathAfter(trained, settings));
  await trainNetwork({
    network,
    settings,
    reader,
    cvReader,
    reference: beginning.reference?.(settings),
    startEpoch: trained ?? 0,
    isNewNetwork: trained === undefined,
    files,
    run,
  }).catch((error: unknown) => {
    if (!(error instanceof Interrupted)) throw error;
    const how = goesOn ? "" : " with makeMode=true";
    throw new Interrupted(`${error.message}\nTo go on, start the same command again${how}.`);
  });
}

function filesOf(section: Section, settings: SgdSettings, { precision }: Run): TrainingFiles {
  try {
    return trainingFiles(settings, precision);
  } catch (error) {
    throw located(error, sgdSection(section).rangeOf("modelPath"));
  }
}

function checkpointNetwork(section: Section, run: Run, file: string): ComputationNetwork {
  run.stampedLog(`\nStarting from checkpoint. Loading network from '${file}'.`);
  return networkFromFile(file, section, run);
}
