/** Compares what two engines compute for a network: values of its roots, gradients, and what training leaves in parameters. */

import { expect } from "@jest/globals";
import type { Engine, RunOptions } from "../../../src/engine/engine.js";
import type { ComputationNetwork } from "../../../src/network/network.js";
import { elementCount } from "../../../src/operations/shape.js";
import { MersenneTwister } from "../../../src/random/mersenne-twister.js";
import type { Minibatch } from "../../../src/readers/reader.js";
import { networkFromScript } from "../../network/script-network.js";

export type Numbers = Record<string, readonly number[]>;

/** enough for three threads */
const COLUMNS = 13;

/** Inputs by name that are not between -1 and 1: labels, probabilities and counts. */
const DRAWS: Readonly<Record<string, (draw: number, index: number) => number>> = {
  binary: (draw) => (draw > 0 ? 1 : 0),
  probabilities: (draw) => (draw + 1.05) / 2.1,
  far: (draw) => 10 + draw,
};

function minibatchFor(network: ComputationNetwork, seed = 3): Minibatch {
  const generator = new MersenneTwister(seed);
  const draw = () => {
    generator.draw();
    return generator.high / 2 ** 31 - 1;
  };
  const streams = network.nodes
    .filter(({ operation }) => operation.leaf === "input")
    .map(({ name, shape }) => {
      const dimension = elementCount(shape);
      const change = DRAWS[name] ?? ((value: number) => value);
      const values = Float32Array.from({ length: COLUMNS * dimension }, (_, i) =>
        change(draw(), i),
      );
      if (name === "labels") {
        values.fill(0);
        for (let s = 0; s < COLUMNS; s++) values[s * dimension + ((s * 3) % dimension)] = 1;
      }
      return [name, { kind: "dense", dimension, values }] as const;
    });
  return { samples: COLUMNS, streams: new Map(streams) };
}

/** What of an engine is compared. */
export type ComparedEngine = Pick<Engine, "compile" | "seedRandomNodes">;

/** What remains after some minibatches in training and one without: everything that a user can see. */
export function results(
  engine: ComparedEngine,
  source: string,
  options: RunOptions = { isTraining: true, dropoutRate: 0 },
): Numbers {
  const { network } = networkFromScript(source);
  for (const { operation, parameter, shape } of network.nodes) {
    // as if they had been computed from the training data
    if (operation.precompute === undefined || parameter === undefined) continue;
    parameter.value = Float32Array.from({ length: elementCount(shape) }, (_, i) => 0.5 + i / 8);
  }
  const [criterion] = network.groups.criterion;
  if (criterion === undefined) throw new Error("the network has no criterion");
  const outputs = [criterion, ...network.groups.evaluation];
  const program = engine.compile({ network, outputs, criterion, columns: COLUMNS });
  engine.seedRandomNodes((_, index) => index);
  // a later run finds the buffers of the first
  for (const seed of [3, 4]) program.run(minibatchFor(network, seed), options);
  const found: Numbers = {};
  for (const node of outputs) found[node.name] = [...program.value(node)];
  for (const { name, parameter } of network.nodes) {
    if (parameter === undefined) continue;
    if (parameter.learningRateMultiplier > 0) {
      found[`gradient of ${name}`] = [...(parameter.gradient ?? [])];
    } else found[`value of ${name}`] = [...(parameter.value ?? [])];
  }
  program.dispose();
  const evaluation = engine.compile({ network, outputs, columns: COLUMNS });
  evaluation.run(minibatchFor(network, 5), { isTraining: false, dropoutRate: 0 });
  for (const node of outputs) found[`${node.name}, evaluated`] = [...evaluation.value(node)];
  evaluation.dispose();
  return found;
}

/** Same values to 1e-5 of the largest one, the same of them infinite or no numbers. */
export function expectClose(found: Numbers, expected: Numbers): void {
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    const size = (most: number, value: number) =>
      Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most;
    const largest = values.reduce(size, 1e-6);
    const difference = values.reduce((most, value, i) => {
      const own = found[name]?.[i] ?? NaN;
      if (Object.is(own, value) || own === value) return most;
      const distance = Math.abs(value - own);
      return Number.isNaN(distance) ? Infinity : Math.max(most, distance);
    }, 0);
    if (!(difference / largest < 1e-5)) {
      expect({ name, numbers: found[name] }).toEqual({ name, numbers: values });
    }
  }
}
