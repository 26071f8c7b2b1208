/** Networks from BrainScript text, for tests: built and validated. */

import { SourceText } from "../../grammar/source.js";
import { buildNetwork } from "../../src/network/build.js";
import type { ComputationNetwork } from "../../src/network/network.js";
import { validateNetwork } from "../../src/network/validate.js";

export interface ScriptNetwork {
  readonly network: ComputationNetwork;
  readonly log: string;
}

export interface ScriptOptions {
  /** what BS.Network.Load finds under which path */
  readonly models?: Readonly<Record<string, () => ComputationNetwork>>;
  /** texts that the script reads, by path */
  readonly files?: Readonly<Record<string, string>>;
  /** true for large networks that will not run */
  readonly withoutRandomValues?: boolean;
}

/** @param script the network's members without the braces around them, or an expression in parentheses */
export function networkFromScript(
  script: string,
  { models = {}, files = {}, withoutRandomValues = false }: ScriptOptions = {},
): ScriptNetwork {
  const lines: string[] = [];
  const log = (text: string) => lines.push(text);
  let seed = 0;
  const options = { precision: "float", traceLevel: 1, log, withoutRandomValues } as const;
  const text = script.startsWith("(") ? script : `{${script}}`;
  const network = buildNetwork({
    ...options,
    script: SourceText.of({ name: "case", text }),
    deviceId: -1,
    nextSeed: () => ++seed,
    readText: (path) => {
      const contents = files[path];
      if (contents === undefined) throw new Error(`these cases have no file ${path}`);
      return { name: path, text: contents };
    },
    loadModel: (path) => {
      const model = models[path];
      if (model === undefined) throw new Error(`these cases have no model ${path}`);
      return model();
    },
  });
  validateNetwork(network, options);
  return { network, log: lines.join("\n") };
}
