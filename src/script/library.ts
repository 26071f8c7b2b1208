/** The standard library: BrainScript files of ours, read from next to the program. */

import { readdirSync, readFileSync } from "node:fs";
import type { SourceFile } from "../../grammar/source.js";

/** The library's files in the order of their names. */
export function libraryFiles(): SourceFile[] {
  const folder = new URL("../library/", import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".bs"))
    .sort()
    .map((name) => ({
      name: `library/${name}`,
      text: readFileSync(new URL(name, folder), "utf8"),
      isLibrary: true,
    }));
}
