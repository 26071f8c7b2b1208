/** Finds and reads the files that the build makes. */

import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * A file that the build makes: in its folder, or in the same one below dist/ when the program runs from its sources.
 * @param folder of the module that asks
 */
export function findBuilt(folder: string, name: string): string | undefined {
  const root = path.join(import.meta.dirname, "..", "..");
  const places = [folder, path.join(root, "dist", path.relative(root, folder))];
  return places.map((place) => path.join(place, name)).find((file) => existsSync(file));
}

export const findModule = (): string | undefined => findBuilt(import.meta.dirname, "kernels.wasm");

/** The compiled kernels for the memory of another module; undefined if they have not been built. */
export function readModule(): WebAssembly.Module | undefined {
  const file = findModule();
  return file === undefined ? undefined : new WebAssembly.Module(readFileSync(file));
}
