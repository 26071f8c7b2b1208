/** The program's own version, from its package. */

import { readFileSync } from "node:fs";

/** The package lies some levels above this file: how many depends on where it was compiled to. */
export function programVersion(): string {
  let folder = new URL(".", import.meta.url);
  for (let depth = 0; depth < 6; depth++) {
    const version = versionIn(new URL("package.json", folder));
    if (version !== undefined) return version;
    folder = new URL("..", folder);
  }
  return "unknown";
}

function versionIn(file: URL): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // not here: the search goes on one level up
    return undefined;
  }
  if (!/"name":\s*"tscntk"/.test(text)) return undefined;
  return /"version":\s*"([^"]+)"/.exec(text)?.[1];
}
