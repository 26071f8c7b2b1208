/** The two engines that the tests compare: ours on kernels, and the portable one on TensorFlow.js's cpu backend. */

import { afterAll, beforeAll } from "@jest/globals";
import { selectBackend } from "../../../src/engine/backend.js";
import { createCompiledEngine } from "../../../src/engine/compiled/engine.js";
import type { Engine } from "../../../src/engine/engine.js";
import { createPortableEngine } from "../../../src/engine/portable/engine.js";
import { withKernels } from "../../kernels/built-kernels.js";

export interface ComparedEngines {
  readonly portable: Engine;
  readonly compiled: Engine;
  /** what the compiled engine has logged */
  readonly log: string[];
}

/**
 * Registers tests with both engines, in a group of their own; skips them loudly where this form of the kernels is not built.
 * @param register gets what gives the engines while a test runs
 */
export function withEngines(
  form: "wasm" | "native",
  threads: number,
  register: (engines: () => ComparedEngines) => void,
): void {
  withKernels(form, 1 << 24, `kernels as ${form} with ${threads} threads`, (library) => {
    let engines: ComparedEngines | undefined;
    beforeAll(async () => {
      const portable = createPortableEngine(await selectBackend("cpu"), () => undefined);
      const log: string[] = [];
      const compiled = createCompiledEngine({
        library,
        startPortable: () => Promise.resolve(portable),
        threads,
        tracesSchedule: false,
        log: (line) => log.push(line),
      });
      engines = { portable, compiled, log };
    });
    afterAll(() => engines?.compiled.dispose());
    register(() => {
      if (engines === undefined) throw new Error("the engines start when the tests run");
      return engines;
    });
  });
}
