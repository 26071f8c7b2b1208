/** Update rules as kernels, over one and two threads, against src/train/learners.ts. */

import { afterAll, expect, it } from "@jest/globals";
import { createCrew } from "../../src/engine/compiled/crew.js";
import { KernelMemory } from "../../src/engine/compiled/memory.js";
import { controlBytes } from "../../src/engine/compiled/tasks.js";
import { MemoryVectors } from "../../src/engine/compiled/vectors.js";
import { uniform } from "../../src/random/distributions.js";
import { MersenneTwister } from "../../src/random/mersenne-twister.js";
import { updateCalls } from "../../src/train/learner-kernels.js";
import {
  initialLearnerState,
  updateParameter,
  type UpdateSettings,
} from "../../src/train/learners.js";
import { withKernels } from "../kernels/built-kernels.js";
import { PLAIN_UPDATE } from "./update-settings.js";

/** Time constants so short that a few minibatches show them. */
const DEFAULTS: UpdateSettings = {
  ...PLAIN_UPDATE,
  rms: { ...PLAIN_UPDATE.rms, gamma: 0.95 },
  fsAdagrad: { varianceTimeConstant: 100, targetAverageDenominator: 0.02 },
};

const ROWS: readonly (readonly [string, Partial<UpdateSettings>])[] = [
  ["momentum", {}],
  ["Nesterov's momentum", { useNesterovMomentum: true }],
  ["adagrad", { gradUpdateType: "adagrad" }],
  ["adagrad without averages", { gradUpdateType: "adagrad", normWithAveMultiplier: false }],
  ["rmsProp", { gradUpdateType: "rmsProp" }],
  ["fsAdagrad", { gradUpdateType: "fsAdagrad" }],
  ["L1 and L2", { L1RegWeight: 0.01, L2RegWeight: 0.02 }],
  ["clipped elements", { clippingThresholdPerSample: 0.1 }],
  [
    "a clipped norm",
    { clippingThresholdPerSample: 0.1, gradientClippingWithTruncation: false, L2RegWeight: 0.1 },
  ],
];

/** The last one is long enough for two threads to share. */
const LENGTHS = [1, 7, 103, 70_001];
const MINIBATCHES = 4;

function largestDifference(one: Float32Array, other: Float32Array): number {
  let most = 0;
  one.forEach((element, i) => {
    const difference = Math.abs(element - (other[i] ?? NaN));
    most = Number.isNaN(difference) ? Infinity : Math.max(most, difference);
  });
  return most;
}

for (const [form, threads] of [
  ["wasm", 1],
  ["native", 1],
  ["wasm", 2],
  ["native", 2],
] as const) {
  const title = `update rules as kernels, ${form}, ${threads} threads`;
  withKernels(form, 1 << 24, title, (library) => {
    const memory = new KernelMemory(library, threads);
    const crew = createCrew(library, threads, memory.allocate(controlBytes(threads)));
    const vectors = new MemoryVectors(memory, crew);
    afterAll(() => crew.dispose());

    it.each(ROWS)("%s", (_, given) => {
      const settings = { ...DEFAULTS, ...given };
      const random = new MersenneTwister(7);
      for (const length of LENGTHS) {
        const draw = () => Float32Array.from({ length }, () => uniform(random, -1, 1, "float"));
        const start = draw();
        const own = { value: vectors.adopt(start.slice()), state: initialLearnerState(start) };
        const expected = { value: start.slice(), state: initialLearnerState(start) };
        for (let i = 0; i < MINIBATCHES; i++) {
          const gradient = draw();
          const step = {
            learningRatePerSample: 0.05,
            momentum: 0.8,
            samples: 4,
            regularizationMultiplier: 1,
          };
          updateParameter(expected.value, gradient.slice(), expected.state, step, settings);
          const adopt = (array: Float32Array) => vectors.adopt(array);
          const update = { ...own, gradient: vectors.adopt(gradient), step, settings, adopt };
          vectors.run(updateCalls(update));
        }
        const largest = expected.value.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        const difference = largestDifference(own.value, expected.value) / largest;
        expect([length, difference < 2e-6 ? "agrees" : difference]).toEqual([length, "agrees"]);
      }
    });
  });
}
