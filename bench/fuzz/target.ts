/** What the fuzzer runs: everything that happens to a text before it computes. */

import { writeFileSync } from "node:fs";
import path from "node:path";
import { CntkError } from "../../grammar/errors.js";
import { SourceText } from "../../grammar/source.js";
import { checkConfig } from "../../src/cli/check.js";
import { buildNetwork } from "../../src/network/build.js";
import { validateNetwork } from "../../src/network/validate.js";
import type { Seed } from "./corpus.js";

/**
 * Parses, evaluates, builds and validates.
 * @param folder where configs are put for the program to read
 * @returns true if there is no mistake, false if there are mistakes that are told as such
 * @throws anything else: a bug
 */
export async function runTarget(kind: Seed["kind"], bytes: Buffer, folder: string) {
  const text = bytes.toString("utf8");
  return kind === "config" ? await checkText(bytes, folder) : isRightScript(text);
}

async function checkText(bytes: Buffer, folder: string): Promise<boolean> {
  const file = path.join(folder, "fuzz.cntk");
  writeFileSync(file, bytes);
  let output = "";
  const print = (text: string) => void (output += text);
  const args = [`configFile=${file}`];
  const isRight = await checkConfig({ args, graph: true, json: false, print });
  expectNoTrace(output);
  return isRight;
}

function isRightScript(text: string): boolean {
  const file = (name: string, content: string) => SourceText.of({ name, text: content });
  const script = SourceText.concat([file("open", "{"), file("case", text), file("close", "\n}")]);
  const options = {
    precision: "float",
    traceLevel: 1,
    withoutRandomValues: true,
    log: () => undefined,
  } as const;
  let seed = 0;
  try {
    const network = buildNetwork({
      ...options,
      script,
      deviceId: -1,
      nextSeed: () => ++seed,
      readText: (name) => {
        throw new CntkError("reading", `cannot read '${name}'`);
      },
      loadModel: (name) => {
        throw new CntkError("reading", `cannot read the model '${name}'`);
      },
    });
    validateNetwork(network, options);
    return true;
  } catch (error) {
    if (!(error instanceof CntkError)) throw error;
    expectNoTrace(error.format());
    return false;
  }
}

function expectNoTrace(output: string): void {
  const trace = /^.*\n +at .*:\d+:\d+\)?$/m.exec(output)?.[0];
  if (trace !== undefined) throw new Error(`a stack trace in the output: ${trace}`);
}
