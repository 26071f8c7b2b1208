/**
 * Layers of the library as small networks: values and gradients against CNTK 2.7's numbers and against central
 * differences. With CNTK_PEER, the path of a program that runs a Python script with the package `cntk`, the numbers are
 * computed anew and compared with the stored ones; WRITE_EXPECTED=1 stores them.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Engine } from "../../src/engine/engine.js";
import { createEngine } from "../../src/engine/index.js";
import { writeModel } from "../../src/network/model-file/write-model.js";
import { findNode, type ComputationNetwork } from "../../src/network/network.js";
import type { ComputationNode } from "../../src/network/node.js";
import { elementCount } from "../../src/operations/shape.js";
import type { Minibatch, StreamData } from "../../src/readers/reader.js";
import { networkFromScript } from "../network/script-network.js";
import { layerCases, type LayerCase } from "./layer-cases.js";

const SAMPLES = 3;
const STEP = 1 / 128;

/** Numbers of a network: of `z`, and by name of the parameters their gradients and, where they changed, new values. */
interface Numbers {
  readonly value: readonly number[];
  readonly gradients?: Readonly<Record<string, readonly number[]>>;
  readonly constants?: Readonly<Record<string, readonly number[]>>;
}

/** Different numbers of both signs, the same in every run. */
const madeUp = (count: number, phase: number) =>
  Array.from({ length: count }, (_, i) => Math.fround(0.6 * Math.sin(1.7 * (i + 1) + phase)));

function nodeOf(network: ComputationNetwork, name: string): ComputationNode {
  const node = findNode(network, name);
  if (node === undefined) throw new Error(`no node '${name}'`);
  return node;
}

const isLearned = ({ parameter }: ComputationNode) => (parameter?.learningRateMultiplier ?? 0) > 0;

/** The network of a row; its learned parameters have made-up values. */
function build({ x, block, values = {} }: LayerCase): ComputationNetwork {
  const { network } = networkFromScript(
    `x = Input {(${x.join(":")})} ; ${block}
     loss = SumElements (z .* z) ; criterionNodes = (loss) ; outputNodes = (z)`,
  );
  const learned = network.nodes
    .filter(isLearned)
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  learned.forEach((node, index) => {
    node.parameter?.value?.set(madeUp(elementCount(node.shape), index));
  });
  for (const [name, numbers] of Object.entries(values)) {
    const { parameter } = nodeOf(network, name);
    if (parameter === undefined) throw new Error(`'${name}' is no parameter`);
    parameter.value = Float32Array.from(numbers);
  }
  return network;
}

/** Values of an input: `x` of any sign or one-hot, others positive, as labels and weights are. */
function samplesOf(row: LayerCase, { name, shape }: ComputationNode): number[] {
  const elements = elementCount(shape);
  if (name === "x" && row.isOneHot === true) {
    return Array.from({ length: SAMPLES * elements }, (_, i) =>
      i % elements === (2 * Math.floor(i / elements) + 1) % elements ? 1 : 0,
    );
  }
  const numbers = madeUp(SAMPLES * elements, name.length);
  return name === "x" ? numbers : numbers.map(Math.abs);
}

function inputsOf(row: LayerCase, network: ComputationNetwork): Record<string, number[]> {
  const inputs = network.nodes.filter(({ operation }) => operation.leaf === "input");
  return Object.fromEntries(inputs.map((node) => [node.name, samplesOf(row, node)]));
}

function minibatchOf(inputs: Readonly<Record<string, readonly number[]>>): Minibatch {
  const streams = Object.entries(inputs).map(([name, numbers]): [string, StreamData] => [
    name,
    {
      kind: "dense",
      dimension: numbers.length / SAMPLES,
      values: Float32Array.from(numbers),
    },
  ]);
  return { samples: SAMPLES, streams: new Map(streams) };
}

/** Runs a row; in training also differences of the loss for every learned parameter. */
class LayerRun {
  readonly network: ComputationNetwork;
  readonly #row: LayerCase;
  readonly #engine: Engine;

  constructor(row: LayerCase, engine: Engine) {
    this.network = build(row);
    this.#row = row;
    this.#engine = engine;
  }

  numbers(): Numbers {
    const isTraining = this.#row.isTraining ?? true;
    const [z, loss] = [nodeOf(this.network, "z"), nodeOf(this.network, "loss")];
    const program = this.#engine.compile({
      network: this.network,
      outputs: [z],
      columns: SAMPLES,
      ...(isTraining ? { criterion: loss } : {}),
    });
    program.run(minibatchOf(inputsOf(this.#row, this.network)), { isTraining, dropoutRate: 0 });
    const value = [...program.value(z)];
    program.dispose();
    if (!isTraining) return { value };
    const of = (nodes: readonly ComputationNode[], key: "gradient" | "value") =>
      Object.fromEntries(nodes.map(({ name, parameter }) => [name, [...(parameter?.[key] ?? [])]]));
    const parameters = this.network.nodes.filter(({ operation }) => operation.leaf === "parameter");
    return {
      value,
      gradients: of(parameters.filter(isLearned), "gradient"),
      constants: of(
        parameters.filter((node) => !isLearned(node)),
        "value",
      ),
    };
  }

  differences(): Readonly<Record<string, readonly number[]>> {
    const loss = nodeOf(this.network, "loss");
    const program = this.#engine.compile({
      network: this.network,
      outputs: [loss],
      columns: SAMPLES,
    });
    const minibatch = minibatchOf(inputsOf(this.#row, this.network));
    const lossWith = (values: Float32Array | Float64Array, i: number, value: number) => {
      const before = values[i] ?? 0;
      values[i] = value;
      program.run(minibatch, { isTraining: true, dropoutRate: 0 });
      values[i] = before;
      return program.value(loss)[0] ?? NaN;
    };
    const found = this.network.nodes.filter(isLearned).map(({ name, parameter }) => {
      const values = parameter?.value ?? new Float32Array();
      const slopes = [...values].map((value, i) => {
        const [above, below] = [value + STEP, value - STEP];
        return (lossWith(values, i, above) - lossWith(values, i, below)) / (2 * STEP);
      });
      return [name, slopes] as const;
    });
    program.dispose();
    return Object.fromEntries(found);
  }
}

const largestOf = (numbers: readonly number[]) => Math.max(1, ...numbers.map(Math.abs));

/** @param tolerance allowed difference */
function expectClose(
  found: readonly number[] | undefined,
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  const differences = expected.map((number, i) => Math.abs(number - (found?.[i] ?? NaN)));
  const isClose = found?.length === expected.length && Math.max(...differences) <= tolerance;
  if (!isClose) expect({ what, numbers: found }).toEqual({ what, numbers: expected });
}

function expectNumbers(found: Numbers, expected: Numbers): void {
  expectClose(found.value, expected.value, 1e-5 * largestOf(expected.value), "value");
  for (const key of ["gradients", "constants"] as const) {
    // the gradient of what comes before a normalisation is nothing but the rounding of the others
    const tolerance = 1e-5 * largestOf(Object.values(expected[key] ?? {}).flat());
    for (const [name, numbers] of Object.entries(expected[key] ?? {})) {
      // constants that CNTK makes for itself have no counterpart
      const own = found[key]?.[name];
      if (own !== undefined || key === "gradients") {
        expectClose(own, numbers, tolerance, `${key} of ${name}`);
      }
    }
  }
}

const FILE = path.join(import.meta.dirname, "expected-layers.json");
const stored = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Numbers>)
  : {};

describe.each(["cpu", "wasm"])("layers on %s", (backend) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(backend, () => undefined);
  });
  afterAll(() => engine.dispose());

  it.each(layerCases)("$what", (row) => {
    const run = new LayerRun(row, engine);
    const expected = stored[row.what];
    if (expected === undefined) throw new Error(`expected-layers.json lacks "${row.what}"`);
    const found = run.numbers();
    expectNumbers(found, expected);
    expect(Object.keys(found.gradients ?? {}).sort()).toEqual(
      Object.keys(expected.gradients ?? {}).sort(),
    );
    if (backend !== "cpu" || found.gradients === undefined) return;
    if (row.unlikeDerivative !== undefined) return;
    const differences = run.differences();
    for (const [name, slopes] of Object.entries(differences)) {
      const tolerance = 4e-3 * largestOf(slopes);
      expectClose(found.gradients[name], slopes, tolerance, `differences of ${name}`);
    }
  });
});

const peer = process.env.CNTK_PEER ?? "";
if (peer === "") {
  console.warn("CNTK_PEER is not set: the stored numbers of layers are not computed anew.");
} else {
  it("CNTK 2.7 computes the stored numbers", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "layers-"));
    layerCases.forEach((row, index) => {
      const network = build(row);
      const request = {
        inputs: inputsOf(row, network),
        samples: SAMPLES,
        isTraining: row.isTraining ?? true,
      };
      writeFileSync(path.join(folder, `${index}.dnn`), writeModel(network, "float"));
      writeFileSync(path.join(folder, `${index}.json`), JSON.stringify(request));
    });
    const { stdout, stderr, status } = spawnSync(peer, ["test/peers/layers.py", folder], {
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    rmSync(folder, { recursive: true });
    if (status !== 0) throw new Error(stderr);
    const byIndex = JSON.parse(stdout.slice(stdout.indexOf("{"))) as Record<string, Numbers>;
    const computed = layerCases.map(({ what }, index) => [what, byIndex[index] ?? {}]);
    // which writes -0 as 0
    const text = JSON.stringify(Object.fromEntries(computed));
    if (process.env.WRITE_EXPECTED === "1") writeFileSync(FILE, text);
    else expect(JSON.parse(text)).toEqual(stored);
  }, 120_000);
}
