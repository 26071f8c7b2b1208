/** Action `plot`: a model as a graph for Graphviz, and the drawing of it by a command of the user (actions.md 10). */

import { spawnSync } from "node:child_process";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { writeFileAtomically } from "../train/checkpoint.js";
import { dotText } from "./dot.js";
import { networkFromFile } from "./network-source.js";

/** The keys of the section. @throws CntkError "configuring" for a picture that nobody draws */
export function plotSettings(section: Section) {
  const modelPath = section.string("modelPath");
  const settings = {
    modelPath,
    outputDotFile: section.string("outputDotFile", `${modelPath}.dot`),
    outputFile: section.string("outputFile", ""),
    renderCmd: section.string("renderCmd", ""),
  };
  if (settings.outputFile === "" || settings.renderCmd !== "") return settings;
  throw section.error(
    "outputFile",
    "plot: If you specify an outputFile, you also need a renderCmd.",
    'for example renderCmd = "dot -Tpng <IN> -o <OUT>"',
  );
}

export function plotAction(section: Section, run: Run): Promise<void> {
  const { modelPath, outputDotFile, outputFile, renderCmd } = plotSettings(section);
  const network = networkFromFile(modelPath, section, run);
  writeFileAtomically(outputDotFile, Buffer.from(dotText(network)));
  run.log(`Created network description in dot format: ${outputDotFile}`);
  if (renderCmd !== "") {
    const command =
      outputFile === ""
        ? renderCmd
        : renderCmd.replaceAll("<IN>", () => outputDotFile).replaceAll("<OUT>", () => outputFile);
    run.log(`Executing third-party tool for rendering dot:\n${command}`);
    execute(command, run.log);
  }
  run.log("Done.");
  return Promise.resolve();
}

/** Whether the command succeeds does not matter, but what it says is worth reading. */
function execute(command: string, log: (text: string) => void): void {
  const { stdout, stderr, error } = spawnSync(command, { shell: true, encoding: "utf8" });
  for (const text of [stdout, stderr, error?.message ?? ""]) {
    if (text.trim() !== "") log(text.trimEnd());
  }
}
