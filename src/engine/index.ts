/** Creates the engine that runs networks. */

import { selectBackend } from "./backend.js";
import type { Engine } from "./engine.js";
import { createPortableEngine } from "./portable/engine.js";

/**
 * An engine on the backend asked for.
 * @param requestedBackend `auto` or the name of a TensorFlow.js backend
 * @throws CntkError "configuring" if there is no such backend here
 */
export async function createEngine(
  requestedBackend: string,
  log: (line: string) => void,
): Promise<Engine> {
  return createPortableEngine(await selectBackend(requestedBackend, log));
}
