/** Action `SVD`: where the factors go, how many values are kept, and that the network computes nearly the same. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import type { ComputationNetwork } from "../../src/network/network.js";
import { loadModelFile, saveModelFile } from "../../src/train/checkpoint.js";
import { networkFromScript } from "../network/script-network.js";
import { runAction } from "./run-action.js";

const directory = mkdtempSync(path.join(tmpdir(), "svd-"));
const inDirectory = (name: string) => path.join(directory, name);
afterAll(() => rmSync(directory, { recursive: true }));

const modelPath = inDirectory("a.dnn");
saveModelFile(
  modelPath,
  networkFromScript(`
    x = Input {6}
    W = ParameterTensor {(4:6)}
    shared = ParameterTensor {(4:4)}
    b = ParameterTensor {(4)}
    h = W * x
    r = shared * h
    s = TransposeTimes (shared, r)
    z = s + b
    featureNodes = (x) ; outputNodes = (h : z)`).network,
  "float",
);

const keysOf = (keys: string) =>
  `action = SVD ; modelPath = "${modelPath}" ; outputmodelPath = "${inDirectory("b.dnn")}" ; ${keys}`;

const result = () => loadModelFile(inDirectory("b.dnn"), { precision: "float" });

function definitions({ nodes }: ComputationNetwork): string[] {
  return nodes
    .map(
      ({ name, operation, inputs }) =>
        `${name} = ${operation.name} ${inputs.map((input) => input.name).join(" ")}`,
    )
    .filter((text) => !text.includes("InputValue"))
    .sort();
}

const valueOf = (network: ComputationNetwork, name: string) => {
  const node = network.nodes.find((candidate) => candidate.name === name);
  return { shape: node?.shape ?? [], value: node?.parameter?.value ?? [] };
};

/** U V in the order of the parameter's elements. */
function productOf(network: ComputationNetwork, name: string): number[] {
  const [left, right] = [valueOf(network, `${name}_U`), valueOf(network, `${name}_V`)];
  const [rows = 0, kept = 0] = left.shape;
  const columns = right.shape[1] ?? 0;
  return Array.from({ length: rows * columns }, (_, index) => {
    const [row, column] = [index % rows, Math.floor(index / rows)];
    let sum = 0;
    for (let k = 0; k < kept; k++)
      sum += (left.value[k * rows + row] ?? 0) * (right.value[column * kept + k] ?? 0);
    return sum;
  });
}

describe("SVD", () => {
  it("puts the factors around the input of a product, and in place of other parameters", async () => {
    await runAction(keysOf('NodeNameRegex = ".*" ; KeepRatio = 1'));
    const network = result();
    expect(definitions(network)).toEqual([
      "W_SVD = Times W_U h",
      "W_U = LearnableParameter ",
      "W_V = LearnableParameter ",
      "b = LearnableParameter ",
      "h = Times W_V x",
      "r = Times shared_SVD W_SVD",
      "s = TransposeTimes shared_SVD r",
      "shared_SVD = Times shared_U shared_V",
      "shared_U = LearnableParameter ",
      "shared_V = LearnableParameter ",
      "z = Plus s b",
    ]);
    expect(network.groups.output.map(({ name }) => name)).toEqual(["W_SVD", "z"]);
    const original = loadModelFile(modelPath, { precision: "float" });
    for (const name of ["W", "shared"]) {
      const { value } = valueOf(original, name);
      const product = productOf(network, name);
      expect(product.length).toBe(value.length);
      product.forEach((element, index) => expect(element).toBeCloseTo(value[index] ?? NaN, 5));
    }
  });

  it.each([
    { keys: "KeepRatio = 0.01 ; AlignedSize = 1", kept: 1 },
    { keys: "KeepRatio = 0.01 ; AlignedSize = 3", kept: 3 },
    { keys: "KeepRatio = 0.01", kept: 4 },
    { keys: "KeepRatio = 1 ; AlignedSize = 3", kept: 4 },
  ])("$keys keeps $kept of 4", async ({ keys, kept }) => {
    const log = await runAction(keysOf(`NodeNameRegex = W ; ${keys}`));
    expect(valueOf(result(), "W_U").shape).toEqual([4, kept]);
    expect(valueOf(result(), "W_V").shape).toEqual([kept, 6]);
    const ratio = /KeepRatio = (\S+)/.exec(keys)?.[1] ?? "0.4";
    expect(log).toEqual([
      "-".repeat(92),
      `ParameterSVD: start to process group 0 with KeepRatio=${Number(ratio).toFixed(2)}`,
      "-".repeat(92),
      expect.stringMatching(
        /^Performing SVD for a {5}4-by-6 {4} matrix \(node name: W {19} ?\) --- {2}computation time +\d\.\d\d secs ; {2}keep [ \d]+\.\d% energy ===> keep +\d svd values \(reduce to [ \d]+\.\d% parameters\) $/,
      ),
    ]);
  });

  it("reads groups from a file", async () => {
    writeFileSync(inDirectory("groups.txt"), "W\t0.01\n\nshared  1.0\r\n");
    const log = await runAction(
      keysOf(`AlignedSize = 1 ; SVDConfig = "${inDirectory("groups.txt")}"`),
    );
    expect(log.filter((line) => line.startsWith("ParameterSVD"))).toEqual([
      "ParameterSVD: start to process group 0 with KeepRatio=0.01",
      "ParameterSVD: start to process group 1 with KeepRatio=1.00",
    ]);
    expect(valueOf(result(), "W_U").shape).toEqual([4, 1]);
    expect(valueOf(result(), "shared_U").shape).toEqual([4, 4]);
  });

  it.each(["W", "W much", "W 0.5 more", "( 0.5"])(
    "explains the file where it holds %p",
    async (line) => {
      writeFileSync(inDirectory("groups.txt"), `${line}\n`);
      rmSync(inDirectory("b.dnn"), { force: true });
      const log = await runAction(keysOf(`SVDConfig = "${inDirectory("groups.txt")}"`));
      expect(log[0]).toMatch(/^SVDConfig: expected lines with a regular expression/);
      expect(() => result()).toThrow(/cannot read/);
    },
  );

  it("saves nothing without a name for the result", async () => {
    await runAction(
      `action = SVD ; modelPath = "${modelPath}" ; outputmodelPath = "" ; NodeNameRegex = W`,
    );
    expect(() => result()).toThrow(/cannot read/);
  });

  it.each([
    { keys: 'NodeNameRegex = "("', message: /not a regular expression/ },
    { keys: "AlignedSize = 0 ; NodeNameRegex = W", message: /expected at least 1/ },
    { keys: "", message: /SVDConfig: required, but missing/ },
  ])("refuses '$keys'", async ({ keys, message }) => {
    await expect(runAction(keysOf(keys))).rejects.toThrow(message);
  });
});
