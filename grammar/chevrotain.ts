/** Chevrotain, loaded from its one-file build. */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * The package's main entry pulls in some 600 small modules, which takes 0.3 s, longer than everything else that
 * `tscntk check` does; the bundle that the same package ships loads in 0.01 s.
 */
async function loadChevrotain(): Promise<typeof import("chevrotain")> {
  const entry = createRequire(import.meta.url).resolve("chevrotain");
  const bundle = join(dirname(entry), "..", "chevrotain.min.mjs");
  return (await import(pathToFileURL(bundle).href)) as typeof import("chevrotain");
}

export const { createToken, createTokenInstance, EmbeddedActionsParser, EOF, Lexer } =
  await loadChevrotain();
