/** Creates the engine that runs networks. */

import os from "node:os";
import { loadKernelLibrary } from "../kernels/library.js";
import { selectBackend } from "./backend.js";
import { createCompiledEngine } from "./compiled/engine.js";
import type { Engine } from "./engine.js";
import type { Precision } from "./run.js";
import { computeInDouble } from "./float64/activate.js";
import { createPortableEngine } from "./portable/engine.js";

/** What `--backend` may name: the best there is, our kernels in one form, or a TensorFlow.js backend. */
export const BACKENDS = ["auto", "kernels", "tensorflow", "wasm", "cpu"] as const;

/** More make the pieces of a minibatch too small. */
const MOST_THREADS = 8;

/** Untouched memory costs nothing; growing takes a moment. */
const MEMORY_TO_BEGIN_WITH = 1 << 30;

export interface EngineOptions {
  /**
   * In double everything is computed by the portable engine on a backend of our own, whatever is requested; `float` if left
   * out.
   */
  readonly precision?: Precision;
  /** threads of the compiled engine; as many as there are processors, up to 8, if left out */
  readonly threads?: number | undefined;
  /** true if compiled programs print their schedules with times; false if left out */
  readonly tracesSchedule?: boolean;
}

/**
 * The engine asked for.
 * @param requested `auto` takes our kernels, native where they were compiled for this machine, and the portable engine
 *   for networks that need more; `kernels` the same as WebAssembly; any other name is a TensorFlow.js backend of the
 *   portable engine alone
 * @param log takes what is said about the backend, and what Trace nodes print
 * @throws CntkError "configuring" if there is no such backend here
 */
export async function createEngine(
  requested: string,
  log: (line: string) => void,
  options: EngineOptions = {},
): Promise<Engine> {
  const { precision = "float", threads = os.availableParallelism(), tracesSchedule } = options;
  if (precision === "double") {
    await computeInDouble();
    const backend = { name: "float64", why: "plain JavaScript: the others have no doubles" };
    return createPortableEngine(backend, log, precision);
  }
  const startPortable = async (backend: string) =>
    createPortableEngine(await selectBackend(backend), log);
  if (requested !== "auto" && requested !== "kernels") return startPortable(requested);
  const form = requested === "auto" ? "auto" : "wasm";
  const library = loadKernelLibrary(form, MEMORY_TO_BEGIN_WITH);
  if (library === undefined) return startPortable("auto");
  return createCompiledEngine({
    library,
    startPortable: () => startPortable("auto"),
    threads: Math.min(threads, MOST_THREADS),
    tracesSchedule: tracesSchedule === true,
    log,
  });
}
