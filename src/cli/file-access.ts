/** What reading a config needs of the file system. */

import { readFileSync } from "node:fs";
import { CntkError, reasonOf } from "../../grammar/errors.js";
import type { SourceFile } from "../../grammar/source.js";

/** @throws CntkError "reading" with the current directory, where relative paths begin */
export function readText(name: string): SourceFile {
  try {
    return { name, text: readFileSync(name, "utf8") };
  } catch (error) {
    throw inDirectory(`cannot read '${name}'`, error);
  }
}

/** @throws CntkError "reading" if there is no such directory */
export function changeDirectory(name: string): void {
  try {
    process.chdir(name);
  } catch (error) {
    throw inDirectory(`cannot change the directory to '${name}'`, error);
  }
}

function inDirectory(failure: string, error: unknown): CntkError {
  const [reason = ""] = reasonOf(error).split(", ");
  return new CntkError("reading", `${failure}: ${reason}`, {
    hint: `the current directory is ${process.cwd()}`,
  });
}
