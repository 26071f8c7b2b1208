/** Networks from BrainScript text, for tests: built and, if asked, validated. */

import { SourceText } from "../../grammar/source.js";
import { buildNetwork } from "../../src/network/build.js";
import type { ComputationNetwork } from "../../src/network/network.js";
import { validateNetwork } from "../../src/network/validate.js";

export interface ScriptNetwork {
  readonly network: ComputationNetwork;
  readonly log: string;
}

/** @param block the network's members, without the braces around them */
export function networkFromScript(block: string, isValidated = true): ScriptNetwork {
  const lines: string[] = [];
  const log = (text: string) => lines.push(text);
  let seed = 0;
  const options = { precision: "float", traceLevel: 1, log } as const;
  const script = SourceText.of({ name: "case", text: `{${block}}` });
  const network = buildNetwork({
    ...options,
    script,
    deviceId: -1,
    nextSeed: () => ++seed,
    readText: (path) => {
      throw new Error(`these cases read no files, but ask for ${path}`);
    },
    loadModel: (path) => {
      throw new Error(`these cases load no models, but ask for ${path}`);
    },
  });
  if (isValidated) validateNetwork(network, options);
  return { network, log: lines.join("\n") };
}
