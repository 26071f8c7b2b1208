/** Nodes of later releases that become several, and names with identifiers of CNTK 2 in them. */

import { describe, expect, it } from "@jest/globals";
import { writeModel } from "../../../src/network/model-file/write-model.js";
import { validateNetwork } from "../../../src/network/validate.js";
import { load, nodeOf } from "./loading.js";
import { bytesOf, i32, i64, input, modelBytes, u64, u8, type NodeBytes } from "./model-bytes.js";

const image = input("image", 4, 5, 6);

describe("a node over several axes", () => {
  it.each<{
    what: string;
    version: number;
    node: Omit<NodeBytes, "name">;
    shape: number[];
    steps: object[];
  }>([
    {
      what: "Slice",
      version: 22,
      node: {
        operation: "Slice",
        body: bytesOf(i32(2), i64(1), i64(2), i32(1), i64(-3), i64(3), i32(3)),
      },
      shape: [2, 5, 3],
      steps: [
        { beginIndex: 1, endIndex: 3, axis: 1 },
        { beginIndex: -3, endIndex: 0, axis: 3 },
      ],
    },
    {
      what: "ReduceElements",
      version: 27,
      node: { operation: "ReduceElements", body: bytesOf(i32(2), i32(3), i32(1), "Mean", u8(1)) },
      shape: [1, 5, 1],
      steps: [
        { axis: 3, reductionOp: "Mean" },
        { axis: 1, reductionOp: "Mean" },
      ],
    },
    {
      what: "TransposeDimensions",
      version: 25,
      node: {
        operation: "TransposeDimensions",
        body: bytesOf(i32(0), i32(0), u64(3), u64(2), u64(0), u64(1)),
      },
      shape: [6, 4, 5],
      steps: [
        { axis1: 1, axis2: 3 },
        { axis1: 2, axis2: 3 },
      ],
    },
    {
      what: "TransposeDimensions that exchanges nothing",
      version: 25,
      node: {
        operation: "TransposeDimensions",
        body: bytesOf(i32(0), i32(0), u64(2), u64(0), u64(1)),
      },
      shape: [4, 5, 6],
      steps: [{ axis1: 1, axis2: 1 }],
    },
  ])("becomes a chain: $what", ({ version, node, shape, steps }) => {
    const reader = { name: "after", operation: "Sigmoid", inputs: ["n"] };
    const nodes = [{ name: "n", inputs: ["image"], ...node }, image, reader];
    const network = load(modelBytes({ version, nodes }));
    validateNetwork(network, { log: () => undefined, traceLevel: 0, precision: "float" });
    expect(nodeOf(network, "n").shape).toEqual(shape);
    expect(nodeOf(network, "after").inputs[0]).toBe(nodeOf(network, "n"));
    const chain = [nodeOf(network, "n")];
    for (let [next] = chain[0]?.inputs ?? []; next?.name !== "image"; [next] = next?.inputs ?? [])
      if (next !== undefined) chain.unshift(next);
    expect(chain.map(({ settings }) => settings)).toEqual(steps);
    const written = writeModel(network, "float");
    expect(Buffer.from(writeModel(load(written), "float")).equals(written)).toBe(true);
  });

  it("has names of its own for its steps", () => {
    const body = bytesOf(i32(2), i32(1), i32(2), "Sum", u8(1));
    const taken = input("N.STEP1", 3);
    const node = { name: "n", operation: "ReduceElements", inputs: ["image"], body };
    const network = load(modelBytes({ version: 31, nodes: [image, taken, node] }));
    expect(network.nodes.map(({ name }) => name)).toEqual(["image", "N.STEP1", "n", "n.step1.n"]);
  });
});

describe("names with identifiers of CNTK 2", () => {
  it("are given back, once each", () => {
    const library = (uid: string, name: string) => `__v2libuid__${uid}__v2libname__${name}`;
    const names = [
      library("Input3", "features"),
      library("Parameter4", "W"),
      library("Parameter5", "W"),
      library("Plus6", ""),
      "w.parameter5",
    ];
    const nodes = names.map((name) => input(name, 2));
    const tanh = { name: library("Tanh7", "z"), operation: "Tanh", inputs: [library("Plus6", "")] };
    const network = load(modelBytes({ version: 31, nodes: [...nodes, tanh] }));
    expect(network.nodes.map(({ name }) => name)).toEqual([
      "features",
      "W",
      "W.Parameter5.2",
      "Plus6",
      "w.parameter5",
      "z",
    ]);
    expect(nodeOf(network, "z").inputs.map(({ name }) => name)).toEqual(["Plus6"]);
  });
});
