/** The compiled engine: kernel calls where every node has a kernel, the portable engine for all other networks. */

import type { KernelLibrary } from "../../kernels/library.js";
import type { CompileRequest, Engine, Program } from "../engine.js";
import { KernelMemory } from "./memory.js";
import { CompiledProgram } from "./program.js";
import { makeSchedule } from "./schedule.js";

/**
 * @param startPortable makes the engine that runs what has no kernel, when it is first needed
 * @param log is told once for each operation why a network does not run on kernels
 */
export function createCompiledEngine(
  library: KernelLibrary,
  portable: Engine,
  log: (line: string) => void,
): Engine {
  const memory = new KernelMemory(library);
  const said = new Set<string>();
  const compile = (request: CompileRequest): Program => {
    const schedule = makeSchedule(request, memory, library.kernels);
    if ("forward" in schedule) return new CompiledProgram(schedule, memory, library.kernels);
    const { operation, name } = schedule.node;
    if (!said.has(operation.name)) {
      log(
        `${operation.name} '${name}' has no kernel yet: its network runs in the portable engine.`,
      );
    }
    said.add(operation.name);
    return portable.compile(request);
  };
  return {
    description: `compiled schedule on kernels ${library.form} (${library.reason}); networks with other operations on the ${portable.description}`,
    compile,
    beginPass: () => portable.beginPass(),
    seedRandomNodes: (seedOf) => portable.seedRandomNodes(seedOf),
    dispose: () => portable.dispose(),
  };
}
