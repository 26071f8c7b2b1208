/** What `tscntk check` does for the actions on model files and for those without a network. */

import type { Section } from "../config/section.js";
import type { ComputationNetwork } from "../network/network.js";
import type { CheckAction, Checking } from "./action.js";
import { bnstatSettings } from "./bnstat.js";
import { checkInputs, checkReaders, placed, warnOfUnknownNodes } from "./checks.js";
import { cvSettings } from "./cv.js";
import { dumpSettings } from "./dump-nodes.js";
import { editSettings } from "./edit.js";
import { labelMapSettings } from "./label-map.js";
import { networkFromFile, obtainNetwork } from "./network-source.js";
import { plotSettings } from "./plot.js";
import { svdSettings } from "./svd.js";
import { nodesToEvaluate } from "./test.js";
import { wordSettings } from "./words.js";

interface ModelSettings {
  readonly modelPath: string;
  /** the model that the action makes from it, with nodes that evaluate to the same or nearly so; empty for none */
  readonly newModelPath?: string;
}

/** An action that reads a model file and no data. */
const checkModelUse =
  (settingsOf: (section: Section, checking: Checking) => ModelSettings): CheckAction =>
  (section, checking) => {
    const settings = checking.attempt(() => settingsOf(section, checking));
    if (settings === undefined) return undefined;
    const load = () => networkFromFile(settings.modelPath, section, checking.run, checking);
    const { newModelPath = "" } = settings;
    if (newModelPath !== "") checking.willMake(newModelPath, load);
    const network = checking.attempt(load);
    return network === undefined ? undefined : { network };
  };

export const checkDumpNodes = checkModelUse(dumpSettings);
export const checkPlot = checkModelUse(plotSettings);
export const checkSvd = checkModelUse((section, { run }) => svdSettings(section, run));

export const checkBnstat: CheckAction = (section, checking) => {
  const settings = checking.attempt(() => bnstatSettings(section));
  if (settings === undefined) return undefined;
  const load = () => networkFromFile(settings.modelPath, section, checking.run, checking);
  checking.willMake(settings.newModelPath, load);
  return checkEvaluation(section, checking, { load, evalNodeNames: settings.evalNodeNames });
};

export const checkCv: CheckAction = (section, checking) => {
  const settings = checking.attempt(() => cvSettings(section));
  if (settings === undefined) return undefined;
  const load = () => networkFromFile(settings.firstModel, section, checking.run, checking);
  return checkEvaluation(section, checking, { load, evalNodeNames: settings.evalNodeNames });
};

interface Evaluation {
  readonly load: () => ComputationNetwork;
  readonly evalNodeNames: readonly string[];
}

function checkEvaluation(
  section: Section,
  checking: Checking,
  { load, evalNodeNames }: Evaluation,
) {
  const readers = checkReaders(section, ["reader"], checking);
  const network = checking.attempt(load);
  if (network === undefined) return undefined;
  warnOfUnknownNodes(section, "evalNodeNames", evalNodeNames, { network, checking });
  const nodes = checking.attempt(() =>
    placed(section, () => nodesToEvaluate(network, evalNodeNames, () => undefined)),
  );
  checkInputs(nodes ?? [], readers, checking);
  return { network };
}

export const checkEdit: CheckAction = (section, checking) => {
  const settings = checking.attempt(() => editSettings(section));
  const build = () => obtainNetwork(section, checking.run, "train", checking);
  if (settings !== undefined) checking.willMake(settings.outputModelPath, build);
  const network = checking.attempt(build);
  return network === undefined ? undefined : { network };
};

/** An action without a network. */
const checkKeys =
  (settingsOf: (section: Section) => unknown): CheckAction =>
  (section, { attempt }) => {
    attempt(() => settingsOf(section));
    return undefined;
  };

export const checkWords = checkKeys(wordSettings);
export const checkLabelMap = checkKeys(labelMapSettings);
