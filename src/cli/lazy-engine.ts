/** The engine of a run, started when the first network needs it. */

import type { Engine } from "../engine/engine.js";
import type { Precision } from "../engine/run.js";
import type { LogOutput } from "./log-output.js";

export interface LazyEngine {
  /** starts the engine, once, and says in the log what it is */
  readonly get: () => Promise<Engine>;
  readonly dispose: () => Promise<void>;
}

/** Reading and checking a config, or showing help, must not wait for TensorFlow.js: it is imported here and only here. */
export function lazyEngine(backend: string, precision: Precision, output: LogOutput): LazyEngine {
  let engine: Promise<Engine> | undefined;
  const start = async () => {
    const { createEngine } = await import("../engine/index.js");
    const started = await createEngine(backend, output.line, precision);
    output.stamped(`Computing with the ${started.description}.`);
    return started;
  };
  return {
    get: () => (engine ??= start()),
    dispose: async () => {
      const started = await engine?.catch(() => undefined);
      started?.dispose();
    },
  };
}
