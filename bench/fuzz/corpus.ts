/** What the fuzzer starts from: the configs that are shipped and the golden cases of the tests. */

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** A whole config, or the members of a network. */
export interface Seed {
  readonly name: string;
  readonly kind: "config" | "script";
  readonly bytes: Buffer;
}

/** @param repository the folder that holds `configs` and `test/cases` */
export function readCorpus(repository: string): Seed[] {
  const configs = filesBelow(path.join(repository, "configs"), ".cntk").map((file) =>
    seed(file, "config", readFileSync(file, "utf8")),
  );
  const cases = filesBelow(path.join(repository, "test/cases"), ".txt").flatMap(seedsOfCases);
  return [...configs, ...cases];
}

function filesBelow(folder: string, extension: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(extension))
    .sort()
    .map((name) => path.join(folder, name));
}

const seed = (name: string, kind: Seed["kind"], text: string): Seed => ({
  name,
  kind,
  bytes: Buffer.from(text),
});

/** The sources of a file of golden cases; of a case with several files the first one. */
function seedsOfCases(file: string): Seed[] {
  const kind = /config|program/.test(path.basename(file)) ? "config" : "script";
  const blocks = readFileSync(file, "utf8").split(/^--- /m).slice(1);
  return blocks.map((block) => {
    const [head = ""] = block.split(/^==> ?/m);
    const [name = "", ...lines] = head.split("\n");
    const source = lines.filter((line) => !line.startsWith("$ ")).join("\n");
    return seed(name, kind, source.split(/^>>> /m)[0] ?? "");
  });
}
