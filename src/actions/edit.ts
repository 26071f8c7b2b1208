/** Action `edit`: builds a network, usually from those of model files, and saves it (actions.md 6). */

import { existsSync } from "node:fs";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { saveModelFile } from "../train/checkpoint.js";
import { obtainNetwork, skipSeedsOfNetwork } from "./network-source.js";

/** The keys of the section itself. @throws CntkError "configuring" */
export function editSettings(section: Section) {
  if (section.has("editPath")) {
    throw section.error(
      "editPath",
      "the model editing language is not available in tscntk",
      "describe the edited network in a BrainScriptNetworkBuilder, with BS.Network.Load and BS.Network.Edit",
    );
  }
  return {
    outputModelPath: section.string("outputModelPath"),
    makeMode: section.bool("makeMode", true),
  };
}

export function editAction(section: Section, run: Run): Promise<void> {
  const { outputModelPath: file, makeMode } = editSettings(section);
  if (makeMode && existsSync(file)) {
    run.stampedLog(
      `'${file}' exists, skipping. Specify makeMode=false to force executing the action.`,
    );
    skipSeedsOfNetwork(section, run);
    return Promise.resolve();
  }
  const network = obtainNetwork(section, run, "train");
  saveModelFile(file, network, run.precision);
  run.stampedLog(`\nModel with ${network.nodes.length} nodes saved as '${file}'.`);
  return Promise.resolve();
}
