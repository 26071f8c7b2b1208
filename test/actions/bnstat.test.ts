/** Action `bnstat`: the statistics of two layers on data whose statistics are known. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { loadModelFile, saveModelFile } from "../../src/train/checkpoint.js";
import { networkFromScript } from "../network/script-network.js";
import { runAction } from "./run-action.js";

const directory = mkdtempSync(path.join(tmpdir(), "bnstat-"));
const inDirectory = (name: string) => path.join(directory, name);
afterAll(() => rmSync(directory, { recursive: true }));

const modelPath = inDirectory("m.dnn");
// the second layer sees ten times what the first makes, plus one
saveModelFile(
  modelPath,
  networkFromScript(`
    x = Input {1}
    first = BatchNormalizationLayer {normalizationTimeConstant = 5000, blendTimeConstant = 7, epsilon = 0} (x)
    dropped = Dropout (first)
    second = BatchNormalizationLayer {normalizationTimeConstant = 5000, epsilon = 0} (Constant (10) .* dropped + Constant (1))
    unused = BatchNormalizationLayer {} (x)
    ce = ReduceSum (second)
    featureNodes = (x) ; criterionNodes = (ce) ; outputNodes = (unused)`).network,
  "float",
);

const VALUES = [1, 2, 3, 6, 5, 7];
writeFileSync(inDirectory("data.txt"), VALUES.map((value) => `|x ${value}\n`).join(""));

const keysOf = (keys: string) => `action = bnstat ; modelPath = "${modelPath}"
  reader = [ readerType = CNTKTextFormatReader ; file = "${inDirectory("data.txt")}" ; randomize = none
    input = [ x = [ dim = 1 ; format = dense ] ] ]
  ${keys}`;

/** Running mean, variance and count of a layer. */
function statistics(file: string, layer: string): number[] {
  const node = loadModelFile(file, { precision: "float" }).nodes.find(({ name }) => name === layer);
  return (node?.inputs ?? []).slice(3).map(({ parameter }) => parameter?.value?.[0] ?? NaN);
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]) =>
  mean(values.map((value) => (value - mean(values)) ** 2)) * (values.length / (values.length - 1));

describe("bnstat", () => {
  it("averages over the minibatches, one layer after the other, on what the layers before now make", async () => {
    const log = await runAction(keysOf("minibatchSize = 3 ; itersPerNode = 2"));
    expect(log.slice(1)).toEqual([
      "Estimating Statistics --> first",
      "Estimating Statistics --> second",
    ]);
    const file = `${modelPath}.PBN`;
    const halves = [VALUES.slice(0, 3), VALUES.slice(3)];
    const [firstMean = NaN, firstVariance = NaN, count = NaN] = statistics(file, "first");
    expect(firstMean).toBeCloseTo(mean(VALUES), 5);
    expect(firstVariance).toBeCloseTo(mean(halves.map(variance)), 5);
    expect(count).toBe(6);
    const made = (values: readonly number[]) =>
      values.map((value) => (10 * (value - firstMean)) / Math.sqrt(firstVariance) + 1);
    const [secondMean = NaN, secondVariance = NaN] = statistics(file, "second");
    expect(secondMean).toBeCloseTo(mean(made(VALUES)), 4);
    expect(secondVariance).toBeCloseTo(mean(halves.map((half) => variance(made(half)))), 3);
  });

  it("goes through the data as often as needed, and leaves other layers and settings alone", async () => {
    const newModelPath = inDirectory("new.dnn");
    await runAction(
      keysOf(`minibatchSize = 6 ; itersPerNode = 3 ; newModelPath = "${newModelPath}"`),
    );
    const [runMean = NaN, runVariance = NaN, count] = statistics(newModelPath, "first");
    expect(runMean).toBeCloseTo(mean(VALUES), 5);
    expect(runVariance).toBeCloseTo(variance(VALUES), 5);
    expect(count).toBe(18);
    expect(statistics(newModelPath, "unused")).toEqual(statistics(modelPath, "unused"));
    const settingsOf = (file: string) =>
      loadModelFile(file, { precision: "float" }).nodes.map(({ settings }) => settings);
    expect(settingsOf(newModelPath)).toEqual(settingsOf(modelPath));
  });

  it("refuses no iterations at all", async () => {
    await expect(runAction(keysOf("itersPerNode = 0"))).rejects.toThrow(/expected at least 1/);
  });
});
