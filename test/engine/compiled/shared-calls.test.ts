/** Schedules whose calls ranks divide: the same results for any number of ranks, whoever of them comes first. */

import { expect, it } from "@jest/globals";
import { findObstacle, linkSchedule } from "../../../src/engine/compiled/link.js";
import { KernelMemory } from "../../../src/engine/compiled/memory.js";
import { CompiledProgram } from "../../../src/engine/compiled/program.js";
import { RandomNodes } from "../../../src/engine/portable/random-nodes.js";
import type { KernelLibrary } from "../../../src/kernels/library.js";
import { withKernels } from "../../kernels/built-kernels.js";
import { networkFromScript } from "../../network/script-network.js";
import { expectClose, results, type ComparedEngine } from "./agreement.js";

/** More parameters than are worth a division by samples, but for what cannot be divided by samples. */
const NETWORKS: readonly (readonly [string, string])[] = [
  [
    "a classifier",
    `x = Input {(300)} ; labels = Input {(10)}
     z = LinearLayer {10} (DenseLayer {130, activation = ReLU} (x .* Constant (0.5)))
     ce = CrossEntropyWithSoftmax (labels, z) ; errs = ClassificationError (labels, z)
     criterionNodes = (ce) ; evaluationNodes = (errs)`,
  ],
  [
    "a classifier with a penalty",
    `x = Input {(300)} ; labels = Input {(10)} ; w = ParameterTensor {(300:130)} ; v = ParameterTensor {(10:130)}
     z = v * Sigmoid (TransposeTimes (w, x))
     ce = CrossEntropyWithSoftmax (labels, z) + ReduceSum (w .* w) .* Constant (0.01) ; errs = ClassificationError (labels, z, topN = 3)
     criterionNodes = (ce) ; evaluationNodes = (errs)`,
  ],
  [
    "an auto-encoder with dropout",
    `x = Input {(210)} ; y = LinearLayer {210} (Dropout (DenseLayer {170, activation = Tanh} (x)))
     e = SquareError (x, y) ; r = ReduceMean (Abs (x - y)) ; criterionNodes = (e) ; evaluationNodes = (r)`,
  ],
  [
    "layers with skips and normalisation",
    `x = Input {(400)} ; h = DenseLayer {30, activation = ReLU} (DenseLayer {300, activation = ReLU} (x))
     n = BatchNormalizationLayer {normalizationTimeConstant = 50} (LinearLayer {30} (h)) + h
     y = LogSoftmax (LinearLayer {25} (Softmax (n) .* n)) ; criterionNodes = (y)`,
  ],
  [
    "a loss of the whole minibatch",
    `x = Input {(220)} ; labels = Input {(50)} ; z = LinearLayer {50} (x)
     ce = Sqrt (CrossEntropyWithSoftmax (labels, z)) ; criterionNodes = (ce)`,
  ],
];

/** An engine whose ranks run one after the other. */
function enginesOf(library: KernelLibrary, ranks: number, isReversed: boolean): ComparedEngine {
  const memory = new KernelMemory(library, ranks);
  const randomNodes = new RandomNodes();
  return {
    seedRandomNodes: (seedOf) => randomNodes.seed(seedOf),
    compile(request) {
      randomNodes.add(request);
      const linked = linkSchedule({ request, library, memory, threads: ranks, trace: undefined });
      if ("node" in linked) throw new Error(`'${linked.node.name}' has no kernel`);
      expect(linked.gradientSums).toEqual([]);
      expect(Math.max(...linked.phases.map((tasks) => tasks.length))).toBe(ranks);
      return new CompiledProgram(
        linked,
        memory,
        {
          size: ranks,
          run(tasks) {
            for (const { offset, count } of isReversed ? tasks.toReversed() : tasks) {
              library.run(offset, count);
            }
          },
          dispose: () => undefined,
        },
        (node) => randomNodes.generatorOf(node),
      );
    },
  };
}

for (const form of ["wasm", "native"] as const) {
  withKernels(form, 1 << 25, `calls divided among ranks as ${form}`, (library) => {
    it.each(NETWORKS)("%s", (_, source) => {
      const { network } = networkFromScript(source);
      expect(findObstacle(network, library)).toBeUndefined();
      const options = { isTraining: true, dropoutRate: 0.3 };
      const expected = results(enginesOf(library, 1, false), source, options);
      for (const ranks of [2, 3]) {
        const found = results(enginesOf(library, ranks, false), source, options);
        expectClose(found, expected);
        const reversed = results(enginesOf(library, ranks, true), source, options);
        expect(reversed).toEqual(found);
      }
    });
  });
}
