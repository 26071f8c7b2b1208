/** Golden cases in text files: `--- name`, the source, `==> ` and the expected text. */

import { readFileSync } from "node:fs";
import { CntkError } from "../grammar/errors.js";

export interface GoldenCase {
  readonly name: string;
  readonly source: string;
  readonly expected: string;
}

/** Reads `test/cases/<file>`. Lines before the first `---` are an introduction. */
export function goldenCases(file: string): GoldenCase[] {
  const text = readFileSync(new URL(`cases/${file}`, import.meta.url), "utf8");
  return text
    .split(/^--- /m)
    .slice(1)
    .map((block) => {
      const [head = "", expected = ""] = block.split(/^==> ?/m);
      const [name = "", ...source] = head.split("\n");
      return { name, source: source.join("\n").trimEnd(), expected: expected.trimEnd() };
    });
}

/** What a computation prints: its text, or the text of the CntkError it throws. Anything else is a bug and passes on. */
export function textOrError(compute: () => string): string {
  try {
    return compute();
  } catch (error) {
    // Places in the library move with every change of it; which file it was is enough.
    if (error instanceof CntkError) {
      return error.format().replace(/(library\/[\w-]+\.bs):\d+:\d+/g, "$1");
    }
    throw error;
  }
}
