/**
 * The table of actions: `action = "..."` in a command section names an entry. Each is loaded when it first runs, so that
 * starting the program stays quick. Names are case-sensitive, as in CNTK.
 */

import { nearestName } from "../../grammar/errors.js";
import type { Section } from "../config/section.js";
import type { Action } from "./action.js";

const train: Action = async (section, run) =>
  (await import("./train.js")).trainAction(section, run);
const test: Action = async (section, run) => (await import("./test.js")).testAction(section, run);
const write: Action = async (section, run) =>
  (await import("./write.js")).writeAction(section, run);
const dumpNodes: Action = async (section, run) =>
  (await import("./dump-nodes.js")).dumpNodesAction(section, run);

const ACTIONS: Readonly<Record<string, Action>> = {
  train,
  trainRNN: train,
  test,
  eval: test,
  write,
  dumpNodes,
  dumpNode: dumpNodes,
  dumpnode: dumpNodes,
};

/** Actions of CNTK that this version does not have. */
const NOT_AVAILABLE = [
  "cv",
  "edit",
  "adapt",
  "bnstat",
  "plot",
  "SVD",
  "writeWordAndClass",
  "createLabelMap",
  "convertdbn",
  "exportdbn",
  "devtest",
];

/**
 * The action of that name.
 * @param command name of the section, for the message
 * @throws CntkError "configuring" if there is none
 */
export function findAction(name: string, command: string, section: Section): Action {
  const action = ACTIONS[name];
  if (action !== undefined) return action;
  const available = `available: ${Object.keys(ACTIONS).join(", ")}`;
  if (NOT_AVAILABLE.includes(name)) {
    throw section.error(
      "action",
      `action "${name}" is not available in this version of tscntk`,
      available,
    );
  }
  const nearest = nearestName(name, [...Object.keys(ACTIONS), ...NOT_AVAILABLE]);
  throw section.error(
    "action",
    `unknown action: ${name}  in command set: ${command}`,
    nearest === undefined ? available : `did you mean "${nearest}"?`,
  );
}

/** True for actions that train, which the check before a run looks at more closely. */
export const isTraining = (name: string): boolean => ACTIONS[name] === train;
