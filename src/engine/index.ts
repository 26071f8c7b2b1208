/** Creates the engine that runs networks. */

import { loadKernelLibrary } from "../kernels/library.js";
import { selectBackend } from "./backend.js";
import { createCompiledEngine } from "./compiled/engine.js";
import type { Engine } from "./engine.js";
import type { Precision } from "./run.js";
import { computeInDouble } from "./float64/activate.js";
import { createPortableEngine } from "./portable/engine.js";

/** What `--backend` may name: the best there is, our kernels in one form, or a TensorFlow.js backend. */
export const BACKENDS = ["auto", "kernels", "tensorflow", "wasm", "cpu"] as const;

/** Untouched memory costs nothing; growing would make every view anew. */
const MEMORY_TO_BEGIN_WITH = 1 << 29;

/**
 * The engine asked for.
 * @param requested `auto` takes our kernels, native where they were compiled for this machine, and the portable engine
 *   for networks that need more; `kernels` the same as WebAssembly; any other name is a TensorFlow.js backend of the
 *   portable engine alone
 * @param log takes what is said about the backend, and what Trace nodes print
 * @param precision in double everything is computed by the portable engine on a backend of our own, whatever is requested
 * @throws CntkError "configuring" if there is no such backend here
 */
export async function createEngine(
  requested: string,
  log: (line: string) => void,
  precision: Precision = "float",
): Promise<Engine> {
  if (precision === "double") {
    await computeInDouble();
    const backend = { name: "float64", why: "plain JavaScript: the others have no doubles" };
    return createPortableEngine(backend, log, precision);
  }
  const isCompiled = requested === "auto" || requested === "kernels";
  const portable = createPortableEngine(await selectBackend(isCompiled ? "auto" : requested), log);
  if (!isCompiled) return portable;
  const form = requested === "auto" ? "auto" : "wasm";
  const library = loadKernelLibrary(form, MEMORY_TO_BEGIN_WITH);
  return library === undefined ? portable : createCompiledEngine(library, portable, log);
}
