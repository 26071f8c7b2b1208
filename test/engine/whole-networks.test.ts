/** Gradients of the shipped auto-encoders as a whole, with the derivative of unpooling, against central differences. */

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Engine, Program } from "../../src/engine/engine.js";
import { createEngine } from "../../src/engine/index.js";
import { elementCount } from "../../src/operations/shape.js";
import { MersenneTwister } from "../../src/random/mersenne-twister.js";
import type { Minibatch } from "../../src/readers/reader.js";
import { networkFromScript } from "../network/script-network.js";

const LOSS = `z = model (x) ; err = z - x ; rmse = Sqrt (ReduceMean (err .* err)) ; criterionNodes = (rmse)`;
const NETWORKS: readonly (readonly [string, string])[] = [
  [
    "07",
    `x = Input {(28:28:1)} ; model (v) = {
       c = ConvolutionalLayer {1, (5:5), pad = true, activation = ReLU} (v)
       p = MaxPoolingLayer {(4:4), stride = (4:4)} (c)
       u = MaxUnpoolingLayer {(4:4), stride = (4:4)} (p, c)
       d = DeconvLayer {1, (5:5), 1, lowerPad = (2:2:0), upperPad = (2:2:0), bias = false, initValueScale = 1} (u)
     }.d ; ${LOSS}`,
  ],
  [
    "two layers",
    `x = Input {(12:12:1)} ; model (v) = {
       cA = ConvolutionalLayer {3, (5:5), pad = true, activation = ReLU} (v)
       pA = MaxPoolingLayer {(2:2), stride = (2:2)} (cA)
       cB = ConvolutionalLayer {2, (3:3), pad = true, activation = ReLU} (pA)
       pB = MaxPoolingLayer {(2:2), stride = (2:2)} (cB)
       uB = MaxUnpoolingLayer {(2:2), stride = (2:2)} (pB, cB)
       dB = DeconvLayer {3, (3:3), 2, lowerPad = (1:1:0), upperPad = (1:1:0), initValueScale = 1} (uB)
       uA = MaxUnpoolingLayer {(2:2), stride = (2:2)} (dB, cA)
       dA = DeconvLayer {1, (5:5), 3, lowerPad = (2:2:0), upperPad = (2:2:0), initValueScale = 1} (uA)
     }.dA ; ${LOSS}`,
  ],
];

const SAMPLES = 2;
const STEP = 1e-6;

describe("whole networks in double", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine("auto", () => undefined, { precision: "double" });
  });
  afterAll(() => {
    engine.dispose();
  });

  it.each(NETWORKS)(
    "%s",
    (_, source) => {
      const { network } = networkFromScript(source);
      for (const { settings } of network.nodes) {
        if ("unpoolingGradient" in settings)
          Object.assign(settings, { unpoolingGradient: "gather" });
      }
      const [criterion] = network.groups.criterion;
      if (criterion === undefined) throw new Error("no criterion");
      const request = { network, outputs: [criterion], criterion, columns: SAMPLES };
      const program = engine.compile(request);
      const input = network.nodes.find(({ name }) => name === "x");
      const generator = new MersenneTwister(5);
      const dimension = elementCount(input?.shape ?? []);
      const values = Float32Array.from(
        { length: SAMPLES * dimension },
        () => generator.below(256) / 256,
      );
      const minibatch: Minibatch = {
        samples: SAMPLES,
        streams: new Map([["x", { kind: "dense", dimension, values }]]),
      };
      const loss = (run: Program) => {
        run.run(minibatch, { isTraining: true, dropoutRate: 0 });
        let sum = 0;
        for (const value of run.value(criterion)) sum += value;
        return sum;
      };
      const trained = network.nodes.filter(
        ({ parameter }) => (parameter?.learningRateMultiplier ?? 0) > 0,
      );
      for (const { parameter } of trained) {
        if (parameter?.value !== undefined) parameter.value = Float64Array.from(parameter.value);
      }
      loss(program);
      const gradients = trained.map(({ parameter }) => [...(parameter?.gradient ?? [])]);
      trained.forEach(({ parameter }, which) => {
        const value = parameter?.value;
        if (value === undefined) throw new Error("a parameter without value");
        for (let i = 0; i < value.length; i += 7) {
          const before = value[i] ?? 0;
          value[i] = before + STEP;
          const above = loss(program);
          value[i] = before - STEP;
          const below = loss(program);
          value[i] = before;
          expect(gradients[which]?.[i]).toBeCloseTo((above - below) / (2 * STEP), 6);
        }
      });
      expect(gradients.flat().some((gradient) => Math.abs(gradient) > 1e-3)).toBe(true);
      program.dispose();
    },
    60_000,
  );
});
