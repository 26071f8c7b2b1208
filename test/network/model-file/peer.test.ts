/**
 * Model files exchanged with CNTK 2.7, in both directions. Needs CNTK_PEER, the path of a program that runs a Python
 * script with the package `cntk`.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { writeModel } from "../../../src/network/model-file/write-model.js";
import { validateNetwork } from "../../../src/network/validate.js";
import type { ComputationNetwork } from "../../../src/network/network.js";
import type { StreamData } from "../../../src/readers/reader.js";
import { createEngine } from "../../../src/engine/index.js";
import { elementCount } from "../../../src/operations/shape.js";
import { networkFromScript } from "../script-network.js";
import { load, nodeOf } from "./loading.js";
import { logisticRegression } from "./model-bytes.js";
import { scripts } from "./scripts.js";

const peer = process.env.CNTK_PEER;
const PYTHON = "test/peers/model_files.py";

/** Runs the script; its output. */
function runPeer(program: string, ...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(program, [PYTHON, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${PYTHON} ${args[0] ?? ""}: ${stdout}${stderr}`);
  return stdout;
}

/** Values of the node `z`, sample after sample, for the values of each input. */
async function evaluate(
  network: ComputationNetwork,
  inputs: Readonly<Record<string, readonly number[]>>,
): Promise<number[]> {
  const z = nodeOf(network, "z");
  const leaves = network.nodes.filter(({ operation }) => operation.leaf === "input");
  const streams = leaves.map((node): [string, StreamData] => {
    const values = Float32Array.from(inputs[node.name] ?? []);
    return [node.name, { kind: "dense", dimension: elementCount(node.shape), values }];
  });
  const [, first] = streams[0] ?? [];
  const columns = first === undefined ? 1 : first.values.length / first.dimension;
  const engine = await createEngine("cpu", () => undefined);
  const program = engine.compile({ network, outputs: [z], columns });
  const minibatch = { samples: columns, streams: new Map(streams) };
  program.run(minibatch, { isTraining: false, dropoutRate: 0 });
  const values = [...program.value(z)];
  program.dispose();
  engine.dispose();
  return values;
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === "number");

/** Inputs and output as the script wrote them. */
function readExpectation(file: string) {
  const { inputs, values } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  if (!isNumbers(values) || typeof inputs !== "object" || inputs === null) throw new Error(file);
  const numbers = Object.entries(inputs).filter((entry): entry is [string, number[]] =>
    isNumbers(entry[1]),
  );
  return { inputs: Object.fromEntries(numbers), values };
}

const different = (length: number) =>
  Array.from({ length }, (_, index) => Math.fround(Math.sin(1.3 * (index + 1))));

if (peer === undefined || peer === "") {
  console.warn("CNTK_PEER is not set: model files are not compared with CNTK 2.7.");
  describe("model files and CNTK 2.7", () => {
    it.skip("exchange networks (set CNTK_PEER)", () => undefined);
  });
} else {
  const directory = mkdtempSync(path.join(tmpdir(), "peer-"));
  const inDirectory = (name: string) => path.join(directory, name);
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  beforeAll(() => {
    runPeer(peer, "make", directory);
  }, 120_000);

  /** What is written from a file, which must be the same when it is read and written again. */
  function rewritten(name: string): Uint8Array {
    const network = load(readFileSync(inDirectory(name)));
    validateNetwork(network, { log: () => undefined, traceLevel: 0, precision: "float" });
    const written = writeModel(network, "float");
    expect(Buffer.from(writeModel(load(written), "float")).equals(written)).toBe(true);
    return written;
  }

  describe.each([
    { ending: ".model", least: 8 },
    { ending: ".dictionary", least: 12 },
  ])("files that CNTK 2.7 wrote as NAME$ending", ({ ending, least }) => {
    it("are read, and what is written from them computes the same there", () => {
      const files = readdirSync(directory).filter((name) => name.endsWith(ending));
      expect(files.length).toBe(least);
      const pairs = files.flatMap((name) => {
        writeFileSync(inDirectory(`${name}.written`), rewritten(name));
        return [`${name}.written`, `${path.basename(name, ending)}.json`].map(inDirectory);
      });
      const results = runPeer(peer, "check", ...pairs);
      expect(results.trim().split("\n").slice(-files.length)).toEqual(
        files.map((name) => `${name}.written: equal`),
      );
    }, 120_000);

    it("are refused without their last byte", () => {
      for (const name of readdirSync(directory).filter((file) => file.endsWith(ending))) {
        const bytes = readFileSync(inDirectory(name));
        expect(() => load(bytes.subarray(0, bytes.length - 1))).toThrow(/the end|ECN|too few/);
      }
    });
  });

  describe("networks that CNTK 2.7 wrote", () => {
    it.each([
      ...["dense.model", "images.model", "batch_normalization.model", "shapes.model"],
      ...["reductions.model", "elements.model", "criteria.model"],
      ...["dense.dictionary", "images.dictionary", "batch_normalization.dictionary"],
      ...["shapes.dictionary", "reductions.dictionary", "elements.dictionary"],
      ...["criteria.dictionary", "axes.dictionary", "layers.dictionary"],
    ])("%s computes the same here", async (name) => {
      const network = load(readFileSync(inDirectory(name)));
      validateNetwork(network, { log: () => undefined, traceLevel: 0, precision: "float" });
      const { inputs, values } = readExpectation(inDirectory(name.replace(/\.\w+$/, ".json")));
      const computed = await evaluate(network, inputs);
      const largest = Math.max(1, ...values.map(Math.abs));
      const differences = values.map((value, index) => Math.abs(value - (computed[index] ?? NaN)));
      expect(computed.length).toBe(values.length);
      expect(Math.max(...differences) / largest).toBeLessThan(1e-5);
    });
  });

  describe("networks from BrainScript", () => {
    it.each(scripts)(
      "$what: the saved model computes the same in CNTK 2.7",
      async ({ block }) => {
        const { network } = networkFromScript(block);
        writeFileSync(inDirectory("script.dnn"), writeModel(network, "float"));
        const dimension = elementCount(nodeOf(network, "features").shape);
        const inputs = { features: different(3 * dimension) };
        const expectation = { inputs, output: "z", values: await evaluate(network, inputs) };
        writeFileSync(inDirectory("script.json"), JSON.stringify(expectation));
        const result = runPeer(
          peer,
          "check",
          inDirectory("script.dnn"),
          inDirectory("script.json"),
        );
        expect(result).toContain("script.dnn: equal");
      },
      120_000,
    );
  });

  it("the logistic regression computes 1 / (1 + exp(-w x - b)) in CNTK 2.7", () => {
    const written = writeModel(load(logisticRegression(10)), "float");
    writeFileSync(inDirectory("lr.dnn"), written);
    const samples = [
      [1, 2],
      [4, 1],
      [0, 4.75],
    ];
    const b = new DataView(Uint8Array.of(0x71, 0x5c, 0x46, 0xc1).buffer).getFloat32(0, true);
    const values = samples.map(
      ([one = 0, two = 0]) => 1 / (1 + Math.exp(-(2.5 * one + 2.56621 * two) - b)),
    );
    const expectation = { inputs: { features: samples.flat() }, output: "p", values };
    writeFileSync(inDirectory("lr.json"), JSON.stringify(expectation));
    const result = runPeer(peer, "check", inDirectory("lr.dnn"), inDirectory("lr.json"));
    expect(result).toContain("lr.dnn: equal");
  }, 120_000);
}
