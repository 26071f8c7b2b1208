/** The layers of the program: a file imports from its own folder and from folders to its left. */

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";

const LAYERS = [
  "grammar",
  "src/config",
  "src/random",
  "src/script",
  "src/kernels",
  "src/readers",
  "src/operations",
  "src/network",
  "src/wasm-training",
  "src/engine",
  "src/train",
  "src/actions",
  "src/cli",
];

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => path.posix.join(folder, name))
    .filter((name) => name.endsWith(".ts"));
}

const layerOf = (file: string) => LAYERS.findIndex((layer) => file.startsWith(`${layer}/`));

/** Relative imports of a file. Types that refer to each other may stand in several files: only running code makes a cycle. */
function imports(file: string, withTypes: boolean): string[] {
  const text = readFileSync(file, "utf8");
  const code = withTypes ? text : text.replace(/(?:import|export) type [^;]*;/g, "");
  const found = [...code.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)];
  return found.map((match) =>
    path.posix.join(path.posix.dirname(file), match[1] ?? "").replace(/\.js$/, ".ts"),
  );
}

describe("architecture", () => {
  const files = LAYERS.flatMap(sourceFiles);

  it("imports from the left only", () => {
    const wrong = files.flatMap((file) =>
      imports(file, true)
        .filter((imported) => layerOf(imported) > layerOf(file))
        .map((imported) => `${file} imports ${imported}`),
    );
    expect(wrong).toEqual([]);
  });

  it("has no cycles", () => {
    const graph = new Map(files.map((file) => [file, imports(file, false)]));
    const done = new Set<string>();
    const visit = (file: string, trail: readonly string[]): string[] => {
      if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
      if (done.has(file)) return [];
      for (const next of graph.get(file) ?? []) {
        const cycle = visit(next, [...trail, file]);
        if (cycle.length > 0) return cycle;
      }
      done.add(file);
      return [];
    };
    expect(files.map((file) => visit(file, [])).filter((cycle) => cycle.length > 0)).toEqual([]);
  });

  it("touches files only where it may", () => {
    const allowed =
      /^src\/(config|readers|actions|cli|kernels)\/|^src\/train\/checkpoint\.ts$|^src\/script\/library\.ts$/;
    const touching = files.filter(
      (file) => readFileSync(file, "utf8").includes(`from "node:fs`) && !allowed.test(file),
    );
    expect(touching).toEqual([]);
  });
});
