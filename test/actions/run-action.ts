/** Runs one action of a config section, as the program would, and keeps its log. */

import { readFileSync } from "node:fs";
import { SourceText } from "../../grammar/source.js";
import { findAction } from "../../src/actions/index.js";
import { rootSection, type Section } from "../../src/config/section.js";
import { createEngine } from "../../src/engine/index.js";
import type { Run } from "../../src/engine/run.js";

export function sectionOf(text: string): Section {
  return rootSection(SourceText.of({ name: "test.cntk", text }), "test.cntk");
}

/** A run whose log goes to `lines`; time stamps are left out. */
export function runWithLog(lines: string[], precision: "float" | "double" = "float"): Run {
  const log = (text: string) => void lines.push(...text.split("\n"));
  let seed = 0;
  return {
    log,
    stampedLog: log,
    precision,
    deviceId: -1,
    engine: () => createEngine("cpu", () => undefined, { precision }),
    nextSeed: () => ++seed,
    includeDirectories: [],
    progress: undefined,
    readText: (name) => ({ name, text: readFileSync(name, "utf8") }),
  };
}

/**
 * @param text the keys of the section, `action` among them
 * @returns the lines of the log
 */
export async function runAction(text: string): Promise<string[]> {
  const lines: string[] = [];
  const section = sectionOf(text);
  const precision = section.string("precision", "float") === "double" ? "double" : "float";
  const run = runWithLog(lines, precision);
  await findAction(section.string("action"), "test", section).run(section, run);
  return lines;
}
