/**
 * The table of actions: `action = "..."` in a command section names an entry. Each is loaded when it first runs, so that
 * starting the program stays quick. Names are case-sensitive, as in CNTK.
 */

import { nearestName } from "../../grammar/errors.js";
import type { Section } from "../config/section.js";
import type { Action } from "./action.js";

const train: Action = {
  run: async (section, run) => (await import("./train.js")).trainAction(section, run),
  check: async () => (await import("./checks.js")).checkTrain,
};
const test: Action = {
  run: async (section, run) => (await import("./test.js")).testAction(section, run),
  check: async () => (await import("./checks.js")).checkTest,
};
const write: Action = {
  run: async (section, run) => (await import("./write.js")).writeAction(section, run),
  check: async () => (await import("./checks.js")).checkWrite,
};
const adapt: Action = {
  run: async (section, run) => (await import("./adapt.js")).adaptAction(section, run),
  check: async () => (await import("./checks.js")).checkAdapt,
};
const cv: Action = {
  run: async (section, run) => (await import("./cv.js")).cvAction(section, run),
  check: async () => (await import("./model-checks.js")).checkCv,
};
const edit: Action = {
  run: async (section, run) => (await import("./edit.js")).editAction(section, run),
  check: async () => (await import("./model-checks.js")).checkEdit,
};
const bnstat: Action = {
  run: async (section, run) => (await import("./bnstat.js")).bnstatAction(section, run),
  check: async () => (await import("./model-checks.js")).checkBnstat,
};
const dumpNodes: Action = {
  run: async (section, run) => (await import("./dump-nodes.js")).dumpNodesAction(section, run),
  check: async () => (await import("./model-checks.js")).checkDumpNodes,
};
const plot: Action = {
  run: async (section, run) => (await import("./plot.js")).plotAction(section, run),
  check: async () => (await import("./model-checks.js")).checkPlot,
};
const SVD: Action = {
  run: async (section, run) => (await import("./svd.js")).svdAction(section, run),
  check: async () => (await import("./model-checks.js")).checkSvd,
};
const writeWordAndClass: Action = {
  run: async (section, run) => (await import("./words.js")).writeWordAndClassAction(section, run),
  check: async () => (await import("./model-checks.js")).checkWords,
};
const createLabelMap: Action = {
  run: async (section, run) => (await import("./label-map.js")).createLabelMapAction(section, run),
  check: async () => (await import("./model-checks.js")).checkLabelMap,
};

const ACTIONS: Readonly<Record<string, Action>> = {
  train,
  trainRNN: train,
  adapt,
  test,
  eval: test,
  cv,
  write,
  edit,
  bnstat,
  dumpNodes,
  dumpNode: dumpNodes,
  dumpnode: dumpNodes,
  plot,
  SVD,
  writeWordAndClass,
  createLabelMap,
};

/** Actions of CNTK that tscntk does not have, and why. */
const NOT_AVAILABLE: Readonly<Record<string, string>> = {
  convertdbn: "its file format belongs to speech tools that are not public",
  exportdbn: "its file format belongs to speech tools that are not public",
  devtest: "it holds the internal self tests of CNTK",
};

/**
 * The action of that name.
 * @param command name of the section, for the message
 * @throws CntkError "configuring" if there is none
 */
export function findAction(name: string, command: string, section: Section): Action {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action !== undefined) return action;
  const available = `available: ${Object.keys(ACTIONS).join(", ")}`;
  const reason = Object.hasOwn(NOT_AVAILABLE, name) ? NOT_AVAILABLE[name] : undefined;
  if (reason !== undefined) {
    throw section.error("action", `action "${name}" is not available: ${reason}`, available);
  }
  const nearest = nearestName(name, Object.keys(ACTIONS));
  throw section.error(
    "action",
    `unknown action: ${name}  in command set: ${command}`,
    nearest === undefined ? available : `did you mean "${nearest}"?`,
  );
}

/** True for actions that train, which the check before a run looks at more closely. */
export const isTraining = (name: string): boolean => ACTIONS[name] === train;
