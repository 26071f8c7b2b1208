/** What the program says to a text with a mistake: to the members of a network, and to whole configs. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { CntkError } from "../../grammar/errors.js";
import { SourceText } from "../../grammar/source.js";
import { runProgram } from "../../src/cli/program.js";
import { buildNetwork } from "../../src/network/build.js";
import { validateNetwork } from "../../src/network/validate.js";

/** The files of a case: lines `>>> name` begin another file; a first line `$ ...` gives the program's arguments. */
export function filesOf(source: string, firstName: string) {
  const isCommand = source.startsWith("$ ");
  const [command = ""] = source.split("\n");
  const text = isCommand ? source.slice(command.length + 1) : source;
  const [first = "", ...others] = text.split(/^>>> /m);
  const files = new Map([[firstName, first]]);
  for (const other of others) {
    const [name = ""] = other.split("\n");
    files.set(name, other.slice(name.length + 1));
  }
  return { files, args: isCommand ? command.slice(2).split(" ") : undefined };
}

/** Builds and validates a network from its members. */
export function messageOfScript(source: string): string {
  const { files } = filesOf(source, "case");
  const file = (name: string, text: string) => SourceText.of({ name, text });
  const block = file("case", (files.get("case") ?? "").trimEnd());
  const script = SourceText.concat([file("open", "{"), block, file("close", "\n}")]);
  const options = {
    precision: "float",
    traceLevel: 0,
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
        const text = files.get(name);
        if (text !== undefined) return { name, text };
        throw new CntkError("reading", `cannot read '${name}'`);
      },
      loadModel: (name) => {
        throw new CntkError("reading", `cannot read the model '${name}'`);
      },
    });
    validateNetwork(network, options);
  } catch (error) {
    if (error instanceof CntkError) return error.format();
    throw error;
  }
  return "no mistake found";
}

/** Runs the program on a config in a folder of its own. */
export async function messageOfProgram(source: string): Promise<string> {
  const { files, args = ["configFile=case.cntk", "traceLevel=0"] } = filesOf(source, "case.cntk");
  const folder = mkdtempSync(path.join(os.tmpdir(), "tscntk-"));
  const before = process.cwd();
  process.chdir(folder);
  let log = "";
  try {
    for (const [name, text] of files) {
      mkdirSync(path.dirname(name), { recursive: true });
      writeFileSync(name, text);
    }
    const status = await runProgram(args, {
      stdout: () => undefined,
      stderr: { write: (text) => void (log += text), columns: undefined },
    });
    if (status === 0) return "no mistake found";
    // in jest's sandbox the errors of the file system are no instances of its Error
    const message = mistakeIn(log).replace(/: Error: (E[A-Z]+: )/, ": $1");
    return message.replaceAll(process.cwd(), "FOLDER");
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
}

/** The error stands between an empty line and the line that CNTK's tools look for. */
function mistakeIn(log: string): string {
  const [, before = log] = /^([^]*)\n[^\n]*EXCEPTION occurred/.exec(log) ?? [];
  return (before.split(/\n\n+/).at(-1) ?? "").trim();
}
