/** `tscntk graph`: draws the network of a config or of a model file. */

import { openSync, readSync, closeSync } from "node:fs";
import path from "node:path";
import { readCommandLine } from "../config/command-line.js";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { fileKind } from "../network/model-file/file-kind.js";
import { writeFileAtomically } from "../train/checkpoint.js";
import { drawingOf } from "./graph/drawing.js";
import { layOut } from "./graph/layout.js";
import { svgText } from "./graph/svg.js";
import { isTraining } from "./index.js";
import { networkOfModel, obtainNetwork } from "./network-source.js";

export interface GraphOptions {
  /** config or model file */
  readonly file: string;
  /** the file to write */
  readonly svg: string;
  /** whose network to draw; left out, that of the first command that trains */
  readonly command?: string | undefined;
  /** key=value, as on the command line of a run */
  readonly settings?: readonly string[];
}

/**
 * Writes the drawing and logs where it is.
 * @throws CntkError of any phase: the config, its network, the model file
 */
export function drawGraph(options: GraphOptions, run: Run): void {
  const { file, svg } = options;
  const { network, title } = isModel(file)
    ? { network: networkOfModel(file, { ...run, log: ignore }), title: path.basename(file) }
    : networkOfConfig(options, run);
  const drawing = drawingOf(network);
  const text = svgText(layOut(drawing), { title, summary: drawing.summary });
  writeFileAtomically(svg, Buffer.from(text));
  run.log(`Written to ${svg}: ${title}, ${drawing.summary}`);
}

const ignore = () => undefined;

/** By its first bytes; a file that is not there is a config, whose reader says so. */
function isModel(file: string): boolean {
  const bytes = new Uint8Array(16);
  try {
    const descriptor = openSync(file, "r");
    try {
      readSync(descriptor, bytes, 0, bytes.length, 0);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
  return fileKind(bytes) !== undefined;
}

function networkOfConfig({ file, command, settings = [] }: GraphOptions, run: Run) {
  const { root, includeDirectories } = readCommandLine(
    [`configFile=${file}`, ...settings],
    { readText: run.readText, changeDirectory: (name) => process.chdir(name) },
    run.log,
  );
  const name = command ?? firstTraining(root);
  const section = root.section(name);
  const quiet: Run = { ...run, includeDirectories, log: ignore, stampedLog: ignore };
  // a look at the network needs no initial values, which may be many
  const inspection = { futureModel: () => undefined, inspect: ignore };
  const purpose = section.strings("action", ["train"]).some(isTraining) ? "train" : "use";
  const network = obtainNetwork(section, quiet, purpose, inspection);
  return { network, title: `${path.basename(file)}: ${name}` };
}

function firstTraining(root: Section): string {
  const commands = root.strings("command", ["train"]);
  const name = commands.find((command) =>
    root.section(command).strings("action", ["train"]).some(isTraining),
  );
  if (name !== undefined) return name;
  throw root.error(
    "command",
    `none of the commands trains: ${commands.join(", ")}`,
    "name one with --command",
  );
}
