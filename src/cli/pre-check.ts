/** The check over all commands before the first one runs, so that a broken later one stops the run at once (config.md 7.2). */

import { nearestName } from "../../grammar/errors.js";
import { findAction, isTraining } from "../actions/index.js";
import type { Section } from "../config/section.js";

export interface Command {
  readonly name: string;
  readonly section: Section;
  readonly actions: readonly string[];
}

/** @throws CntkError "configuring" for a section that is missing */
export function commandOf(root: Section, name: string): Command {
  if (!root.has(name)) {
    const nearest = nearestName(name, root.keys());
    const hint =
      nearest === undefined ? `give it: ${name} = { ... }` : `did you mean '${nearest}'?`;
    throw root.error("command", `there is no section '${name}'`, hint);
  }
  const section = root.section(name);
  return { name, section, actions: section.strings("action", ["train"]) };
}

/** @throws CntkError "configuring" for an unknown action, or a training that cannot start */
export function checkCommand(root: Section, { name, section, actions }: Command): void {
  for (const action of actions) {
    findAction(action, name, section);
    if (isTraining(action)) checkTraining(root, section);
  }
}

function checkTraining(root: Section, section: Section): void {
  const sgd = section.optionalSection("optimizer") ?? section.section("SGD");
  const reader = section.section("reader");
  sgd.string("modelPath");
  sgd.integer("maxEpochs");
  if (!reader.hasOwn("truncated") || sgd.hasOwn("truncated") || root.hasOwn("truncated")) return;
  throw reader.error(
    "truncated",
    "the reader has it, but neither SGD nor the top level of the config",
    "put it at the top level, where SGD and reader both find it",
  );
}
