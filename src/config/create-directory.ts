/** Directories for what a run writes. */

import { mkdirSync, statSync } from "node:fs";
import path from "node:path";

/**
 * Creates a directory and those above it that are missing. Node's own recursive mkdir never returns where the system
 * refuses a directory below one that exists by saying that something is missing, as /proc does.
 * @throws the system's error
 */
export function createDirectory(directory: string): void {
  const parent = path.dirname(directory);
  if (parent !== directory && !isDirectory(parent)) createDirectory(parent);
  try {
    mkdirSync(directory);
  } catch (error) {
    if (!isDirectory(directory)) throw error;
  }
}

const isDirectory = (name: string): boolean =>
  statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false;
