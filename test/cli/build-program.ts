/** Builds the program as it is published, without types: quick enough for a test that starts it as a process. */

import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { transformFileSync } from "@swc/core";

/**
 * Builds into a folder below the repository, where packages are found.
 * @returns the entry point
 */
export function buildProgram(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  for (const part of ["grammar", "src"]) {
    for (const name of readdirSync(part, { recursive: true, encoding: "utf8" })) {
      const source = path.join(part, name);
      const target = path.join(folder, source);
      if (!source.endsWith(".ts")) {
        cpSync(source, target, { recursive: false, filter: () => path.extname(source) !== "" });
        continue;
      }
      mkdirSync(path.dirname(target), { recursive: true });
      const { code } = transformFileSync(source, {
        jsc: { target: "es2022", parser: { syntax: "typescript" } },
        module: { type: "es6" },
      });
      writeFileSync(target.replace(/\.ts$/, ".js"), code);
    }
  }
  return path.join(folder, "src/cli/main.js");
}
