/** The engine of a run, started when the first network needs it. */

import type { Engine } from "../engine/engine.js";
import type { EngineOptions } from "../engine/index.js";
import type { ComputationNetwork } from "../network/network.js";
import type { LogOutput } from "./log-output.js";

export interface LazyEngine {
  /** starts the engine, once, says in the log what it is, and makes it ready for the network */
  readonly get: (network: ComputationNetwork) => Promise<Engine>;
  readonly dispose: () => Promise<void>;
}

/** Reading and checking a config, or showing help, must not wait for TensorFlow.js: it is imported here and only here. */
export function lazyEngine(backend: string, options: EngineOptions, output: LogOutput): LazyEngine {
  let engine: Promise<Engine> | undefined;
  const start = async () => {
    const { createEngine } = await import("../engine/index.js");
    const started = await createEngine(backend, output.line, options);
    output.stamped(`Computing with the ${started.description}.`);
    return started;
  };
  return {
    get: async (network) => {
      const started = await (engine ??= start());
      await started.prepare(network);
      return started;
    },
    dispose: async () => {
      const started = await engine?.catch(() => undefined);
      started?.dispose();
    },
  };
}
