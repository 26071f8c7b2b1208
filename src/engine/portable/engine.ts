/** The portable engine: every operation in TensorFlow.js, on whatever backend there is. It runs any network. */

import { tf } from "../../operations/tensors.js";
import type { Backend } from "../backend.js";
import type { Engine } from "../engine.js";
import type { Precision } from "../run.js";
import { NodeMemory } from "./node-memory.js";
import { makePlan } from "./plan.js";
import { PortableProgram } from "./program.js";
import { RandomNodes } from "./random-nodes.js";

/**
 * @param backend the current TensorFlow.js backend
 * @param log takes what nodes print
 */
export function createPortableEngine(
  backend: Backend,
  log: (line: string) => void,
  precision: Precision = "float",
): Engine {
  const randomNodes = new RandomNodes();
  const memory = new NodeMemory();
  const surroundings = { randomNodes, memory, log };
  const programs = new Set<PortableProgram>();
  return {
    description: `portable engine, TensorFlow.js ${tf.version_core} on backend ${backend.name} (${backend.why}), computing in ${precision}`,
    prepare: () => Promise.resolve(),
    compile(request) {
      randomNodes.add(request);
      const program: PortableProgram = new PortableProgram(makePlan(request), surroundings, () =>
        programs.delete(program),
      );
      programs.add(program);
      return program;
    },
    beginPass: () => memory.beginPass(),
    seedRandomNodes: (seedOf) => randomNodes.seed(seedOf),
    dispose() {
      for (const program of [...programs]) program.dispose();
    },
  };
}
