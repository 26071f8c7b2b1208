/** Which of the networks of the test cases and of the shipped configs run on kernels as a whole. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { obtainNetwork } from "../../../src/actions/network-source.js";
import { readCommandLine } from "../../../src/config/command-line.js";
import { exchangeOfOne } from "../../../src/engine/compiled/exchanges.js";
import { makeSchedule, schedulableNodes } from "../../../src/engine/compiled/schedule.js";
import { dummySupply } from "../../../src/engine/compiled/supply-places.js";
import { loadKernelLibrary } from "../../../src/kernels/library.js";
import type { ComputationNetwork } from "../../../src/network/network.js";
import { goldenCases } from "../../golden-cases.js";
import { networkFromScript } from "../../network/script-network.js";

/** Operations that stand in the way of the others. */
const OBSTACLES: Readonly<Record<string, string>> = {
  "a tagger with an LSTM in each direction": "PastValue",
  "a speech model (brainscript.md 7.6, row 24)": "PastValue",
  "an encoder and a decoder with attention": "PastValue",
};

const library = loadKernelLibrary("wasm", 1 << 20);
if (library === undefined) console.warn("SKIPPED: no kernels have been built here");

/** The operation that has no kernel; undefined where the whole network has. */
function obstacleIn(network: ComputationNetwork): string | undefined {
  const [criterion] = network.groups.criterion;
  if (criterion === undefined || library === undefined) throw new Error("nothing to compile");
  // the values do not matter, only that they are there
  for (const { parameter } of network.nodes) {
    if (parameter !== undefined) parameter.value ??= new Float32Array();
  }
  const outputs = [...network.groups.evaluation, ...network.groups.output];
  const request = { network, outputs, criterion, columns: 2 };
  const { nodes, obstacle } = schedulableNodes(request);
  if (obstacle !== undefined) return obstacle.operation.name;
  const schedule = makeSchedule(nodes, {
    request,
    columns: 2,
    ask: library.ask,
    accumulatesGradients: false,
    storage: {
      exchange: exchangeOfOne,
      value: () => undefined,
      gradient: () => undefined,
      supplied: (node) => dummySupply(node, 2),
    },
  });
  return "node" in schedule ? schedule.node.operation.name : undefined;
}

const ifBuilt = library === undefined ? describe.skip : describe;

ifBuilt("networks on kernels", () => {
  it.each(goldenCases("networks/large.txt"))("$name", ({ name, source }) => {
    const { network } = networkFromScript(source, { withoutRandomValues: true });
    expect(obstacleIn(network)).toBe(OBSTACLES[name]);
  });

  it.each(readdirSync("configs"))("%s", (config) => {
    const readText = (file: string) => ({ name: file, text: readFileSync(file, "utf8") });
    const changeDirectory = () => undefined;
    const arguments_ = [`configFile=configs/${config}`];
    const { root } = readCommandLine(arguments_, { readText, changeDirectory }, () => undefined);
    const network = obtainNetwork(
      root.section("trainNetwork"),
      {
        log: () => undefined,
        stampedLog: () => undefined,
        precision: "float",
        deviceId: -1,
        engine: () => Promise.reject(new Error("nothing is computed here")),
        nextSeed: () => 1,
        includeDirectories: [],
        progress: undefined,
        readText,
      },
      "train",
    );
    expect(obstacleIn(network)).toBeUndefined();
  });
});
