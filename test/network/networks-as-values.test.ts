/** Networks that are loaded, cloned and edited (brainscript.md 8). */

import { describe, expect, it } from "@jest/globals";
import { writeModel } from "../../src/network/model-file/write-model.js";
import { findNode } from "../../src/network/network.js";
import type { ComputationNode } from "../../src/network/node.js";
import { goldenCases, textOrError } from "../golden-cases.js";
import { listNodes } from "./list-nodes.js";
import { load } from "./model-file/loading.js";
import { networkFromScript, type ScriptNetwork } from "./script-network.js";

/** Builds the network behind the line `%%`, which loads the one before it as the model file `a.dnn`. */
function networkOf(source: string): ScriptNetwork {
  const [model = "", script = model] = source.split(/^%%\n/m);
  const bytes = writeModel(networkFromScript(model).network, "float");
  return networkFromScript(script, { models: { "a.dnn": () => load(bytes) } });
}

/** The nodes, constants marked, and what the log says about clones. */
function listing(source: string): string {
  const { network, log } = networkOf(source);
  const clones = log.split("\n").filter((line) => /^CloneFunction:| ==> /.test(line));
  const constants = network.nodes.filter(
    ({ parameter }) => parameter?.learningRateMultiplier === 0,
  );
  return [
    listNodes(network),
    ...listNames("outputs", network.groups.output),
    ...listNames("constants", constants),
    ...clones,
  ].join("\n");
}

const listNames = (what: string, nodes: readonly ComputationNode[]) =>
  nodes.length === 0 ? [] : [`${what}: ${nodes.map(({ name }) => name).join(", ")}`];

describe("networks as values", () => {
  it.each(goldenCases("networks/values.txt"))("$name", ({ source, expected }) => {
    expect(textOrError(() => listing(source))).toBe(expected);
  });
});

describe("a clone", () => {
  const model =
    `x = Input {2} ; h = BatchNormalizationLayer {normalizationTimeConstant = 7} (LinearLayer {3} (x))
    outputNodes = (h)
    %%
    m = BS.Network.Load ("a.dnn") ; y = Input {2}`.replace(/^ +/gm, "");
  const cloned = (parameters: string) => {
    const script = `${model} ; z = BS.Network.CloneFunction (m.x, m.h, parameters = '${parameters}') (y)`;
    return networkOf(`${script} ; w = Pass (m.h)`).network;
  };

  it("has parameters of its own with the same values", () => {
    const network = cloned("learnable");
    const [original, copy] = ["h.x.W", "z.h.x.W"].map((name) => findNode(network, name)?.parameter);
    expect(original?.value?.length).toBe(6);
    expect(copy?.value).toEqual(original?.value);
    expect(copy?.value).not.toBe(original?.value);
  });

  it.each([
    ["learnable", 7],
    ["constant", Infinity],
  ])("that is %s has the time constant %d", (parameters, expected) => {
    const node = findNode(cloned(parameters), "z");
    expect(node?.settings.normalizationTimeConstant).toBe(expected);
  });
});
