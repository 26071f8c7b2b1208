/** Where an action's network comes from: a builder in its section, or a model file (config.md 7.2, brainscript.md 1). */

import { existsSync } from "node:fs";
import path from "node:path";
import type { SourceRange } from "../../grammar/source.js";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { buildNetwork } from "../network/build.js";
import type { ComputationNetwork } from "../network/network.js";
import { validateNetwork } from "../network/validate.js";
import { loadModelFile } from "../train/checkpoint.js";

/** Builders in the order in which they are looked for; the first one in scope hides the others. */
const BUILDERS: readonly { readonly key: string; readonly isBrainScript: boolean }[] = [
  { key: "SimpleNetworkBuilder", isBrainScript: false },
  { key: "NDLNetworkBuilder", isBrainScript: false },
  { key: "BrainScriptNetworkBuilder", isBrainScript: true },
  { key: "ExperimentalNetworkBuilder", isBrainScript: true },
];

/** What the network is for: training needs a builder, other actions take the model file if there is none. */
export type NetworkPurpose = "train" | "use";

/**
 * The validated network of an action's section.
 * @throws CntkError of any phase: the script, its shapes, the model file
 */
export function obtainNetwork(
  section: Section,
  run: Run,
  purpose: NetworkPurpose,
): ComputationNetwork {
  const builder = BUILDERS.find(({ key }) => section.has(key));
  if (builder === undefined && purpose === "use") {
    return networkFromFile(section.string("modelPath"), section, run);
  }
  if (builder === undefined) {
    throw section.error(
      "BrainScriptNetworkBuilder",
      `no network builder in '${section.path}'`,
      "add BrainScriptNetworkBuilder = { ... }",
    );
  }
  if (!builder.isBrainScript) {
    throw section.error(
      builder.key,
      `not available in this version of tscntk`,
      "describe the network in a BrainScriptNetworkBuilder",
    );
  }
  return builtNetwork(builder.key, section, run);
}

function builtNetwork(key: string, section: Section, run: Run): ComputationNetwork {
  const script = section.text(key);
  if (script === undefined) throw section.error(key, "expected a network in braces");
  const traceLevel = section.integer("traceLevel", 0);
  const network = buildNetwork({
    script,
    precision: run.precision,
    deviceId: run.deviceId,
    traceLevel,
    nextSeed: run.nextSeed,
    log: run.log,
    readText: (name, from) => run.readText(findInclude(name, from, run.includeDirectories)),
    loadModel: (name) => loadModelFile(name, { precision: run.precision, log: run.log }),
  });
  validateNetwork(network, { log: run.log, traceLevel, precision: run.precision });
  return network;
}

/** The validated network of a model file, with the log lines that the section's traceLevel asks for. */
export function networkFromFile(modelPath: string, section: Section, run: Run): ComputationNetwork {
  return networkOfModel(modelPath, run, section.integer("traceLevel", 0));
}

/** The validated network of a model file. @throws CntkError "reading", "validating" */
export function networkOfModel(modelPath: string, run: Run, traceLevel = 0): ComputationNetwork {
  const { precision, log } = run;
  const network = loadModelFile(modelPath, { precision, log });
  validateNetwork(network, { log, traceLevel, precision });
  return network;
}

/**
 * The file an include means: the path as written, else the file's name beside the including file or in a directory of
 * the config files. If there is none, the path as written, so that reading it fails with that name.
 */
function findInclude(
  name: string,
  from: SourceRange | undefined,
  includeDirectories: readonly string[],
): string {
  const own = from === undefined ? [] : [path.dirname(from.file.name)];
  const base = path.basename(name);
  const candidates = [
    name,
    ...[...own, ...includeDirectories].map((directory) => path.join(directory, base)),
  ];
  return candidates.find((candidate) => existsSync(candidate)) ?? name;
}
