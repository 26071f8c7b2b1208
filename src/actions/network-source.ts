/** Where an action's network comes from: a builder in its section, or a model file (config.md 7.2, brainscript.md 1). */

import { existsSync } from "node:fs";
import path from "node:path";
import type { Expression } from "../../grammar/ast.js";
import { CntkError, located } from "../../grammar/errors.js";
import type { SourceRange } from "../../grammar/source.js";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { buildNetwork } from "../network/build.js";
import type { ComputationNetwork } from "../network/network.js";
import { buildSimpleNetwork, simpleNetworkSettings } from "../network/simple-network-builder.js";
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

/** How a network is made that is only looked at; without it networks are made to run, from the files there are. */
export interface Inspection {
  /** the network of a model that an earlier command will make */
  readonly futureModel: (modelPath: string) => ComputationNetwork | undefined;
  /** is shown the syntax tree of a builder */
  readonly inspect: (block: Expression) => void;
}

/**
 * The validated network of an action's section.
 * @throws CntkError of any phase: the script, its shapes, the model file
 */
export function obtainNetwork(
  section: Section,
  run: Run,
  purpose: NetworkPurpose,
  inspection?: Inspection,
): ComputationNetwork {
  const builder = BUILDERS.find(({ key }) => section.has(key));
  if (builder === undefined && purpose === "use") {
    return networkFromFile(section.string("modelPath"), section, run, inspection);
  }
  if (builder === undefined) {
    throw section.error(
      "BrainScriptNetworkBuilder",
      `no network builder in '${section.path}'`,
      "add BrainScriptNetworkBuilder = { ... }",
    );
  }
  if (builder.key === "SimpleNetworkBuilder") {
    return simpleNetwork(section.section(builder.key), run, inspection);
  }
  if (!builder.isBrainScript) {
    throw section.error(
      builder.key,
      `not available in this version of tscntk`,
      "describe the network in a BrainScriptNetworkBuilder",
    );
  }
  return builtNetwork(builder.key, section, run, inspection);
}

/**
 * Lets the parameters of later networks have the initial values that they would have if this section's network had been
 * built and not taken from a file, so that a run which is started again ends like one that nobody stopped. In CNTK they
 * have others.
 */
export function skipSeedsOfNetwork(section: Section, run: Run): void {
  if (!BUILDERS.some(({ key }) => section.has(key))) return;
  const silent = { log: () => undefined, stampedLog: () => undefined };
  const inspection: Inspection = { futureModel: () => undefined, inspect: () => undefined };
  run.skipSeeds?.((nextSeed) => {
    try {
      obtainNetwork(section, { ...run, ...silent, nextSeed }, "train", inspection);
    } catch (error) {
      if (!(error instanceof CntkError)) throw error;
      run.log(
        `WARNING: random initial values from here on are others than in a run that was not stopped, because the network of '${section.path}' cannot be built again: ${error.message}`,
      );
    }
  });
}

/** CNTK compiles such a network before it knows the trace level: nothing but one line is logged. */
function simpleNetwork(
  section: Section,
  { precision, log }: Run,
  inspection: Inspection | undefined,
): ComputationNetwork {
  const settings = simpleNetworkSettings(section);
  log("SimpleNetworkBuilder Using CPU");
  const withoutRandomValues = inspection !== undefined;
  const options = { log, precision, traceLevel: 0, withoutRandomValues };
  const network = buildSimpleNetwork(settings, options);
  validateNetwork(network, options);
  return network;
}

function builtNetwork(
  key: string,
  section: Section,
  run: Run,
  inspection: Inspection | undefined,
): ComputationNetwork {
  const script = section.text(key);
  if (script === undefined) throw section.error(key, "expected a network in braces");
  const { precision, log } = run;
  const traceLevel = section.integer("traceLevel", 0);
  const withoutRandomValues = inspection !== undefined;
  const network = buildNetwork({
    script,
    precision,
    deviceId: run.deviceId,
    traceLevel,
    nextSeed: run.nextSeed,
    log,
    readText: (name, from) => run.readText(findInclude(name, from, run.includeDirectories)),
    loadModel: (name) => inspection?.futureModel(name) ?? loadModelFile(name, { precision, log }),
    withoutRandomValues,
    ...(inspection === undefined ? {} : { inspect: inspection.inspect }),
  });
  validateNetwork(network, { log, traceLevel, precision, withoutRandomValues });
  return network;
}

/** The validated network of a model file, with the log lines that the section's traceLevel asks for. */
export function networkFromFile(
  modelPath: string,
  section: Section,
  run: Run,
  inspection?: Inspection,
): ComputationNetwork {
  const future = inspection?.futureModel(modelPath);
  if (future !== undefined) return future;
  try {
    return networkOfModel(modelPath, run, section.integer("traceLevel", 0));
  } catch (error) {
    throw located(error, section.rangeOf("modelPath"));
  }
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
