/** Reads the command lines of the golden cases and prints what they configure. */

import { CntkError } from "../../grammar/errors.js";
import { readCommandLine } from "../../src/config/command-line.js";
import type { Section } from "../../src/config/section.js";

/** The command line behind `$ `, the file `case`, and files that begin with `=== name`. */
export function printConfiguration(source: string): string {
  const [, command = "configFile=case", rest = source] = /^\$ ?(.*)\n([^]*)$/.exec(source) ?? [];
  const [first = "", ...others] = rest.split(/^=== /m);
  const files = new Map([["case", first]]);
  for (const file of others) {
    const nameEnd = file.indexOf("\n");
    files.set(file.slice(0, nameEnd), file.slice(nameEnd + 1));
  }
  const args = command.split("  ").filter((argument) => argument !== "");
  const log: string[] = [];
  const { root } = readCommandLine(args, accessTo(files), (line) => log.push(line));
  return [...log, ...printSection(root)].join("\n");
}

function accessTo(files: ReadonlyMap<string, string>) {
  return {
    readText(path: string) {
      const text = files.get(path);
      if (text === undefined) throw new CntkError("reading", `cannot read ${path}`);
      return { name: path, text };
    },
    changeDirectory(path: string) {
      if (path === "/nowhere") throw new CntkError("reading", `no directory ${path}`);
    },
  };
}

function printSection(section: Section): string[] {
  const inner = section.ownSections();
  return section.keys().flatMap((key) => {
    const child = inner.get(key);
    if (child === undefined) return [`${key} = ${section.text(key)?.text ?? ""}`];
    return [`${key}:`, ...printSection(child).map((line) => `  ${line}`)];
  });
}
