/** Batch normalisation of every version, and what old ones need. */

import { describe, expect, it } from "@jest/globals";
import { readModel } from "../../../src/network/model-file/read-model.js";
import { operations } from "../../../src/operations/index.js";
import { writeModel } from "../../../src/network/model-file/write-model.js";
import { load, nodeOf, sorted } from "./loading.js";
import {
  bytesOf,
  f64,
  i32,
  input,
  modelBytes,
  parameter,
  shape,
  u64,
  u8,
  type NodeBytes,
} from "./model-bytes.js";

describe("batch normalisation", () => {
  const leaves = [
    parameter("bias", [1], [0]),
    parameter("count", [1], [0], 0),
    parameter("mean", [1], [0], 0),
    parameter("scale", [1], [1]),
    parameter("variance", [1], [0.5], 0),
    input("x", 1),
  ];
  const five = ["x", "scale", "bias", "mean", "variance"];
  const from6 = (count: Uint8Array) =>
    bytesOf(u8(1), f64(4096), f64(0.25), i32(1), count, f64(0.00001), u8(0));
  const before6 = (version: number, ...rest: readonly Uint8Array[]) =>
    bytesOf(i32(version), i32(version), u8(0), u8(1), f64(64), ...rest);
  const written = (isZero: number, constants: readonly [number, number, number], engine: number) =>
    bytesOf(
      u8(1),
      f64(constants[0]),
      f64(constants[1]),
      i32(1),
      u8(isZero),
      f64(constants[2]),
      u8(engine),
    );

  it.each([
    { version: 4, body: before6(0x10001), count: 0, variance: 4, constants: [0, 0, 0], engine: 1 },
    {
      version: 5,
      body: before6(0x10002, i32(1), u64(3)),
      count: 48,
      variance: 4,
      constants: [0, 0, 0],
      engine: 1,
    },
    {
      version: 5,
      body: before6(0x10004, i32(1), u64(3), f64(0.125), u8(0)),
      count: 48,
      variance: 4.125,
      constants: [64, 0, 0.125],
      engine: 0,
    },
    {
      version: 10,
      body: from6(u64(2)),
      count: 32,
      variance: Math.fround(4.00001),
      constants: [4096, 0.25, 0.00001],
      engine: 0,
    },
    {
      version: 18,
      body: from6(u64(50)),
      count: 50,
      variance: 0.5,
      constants: [4096, 0.25, 0.00001],
      engine: 0,
    },
    {
      version: 14,
      body: from6(u64(0)),
      count: 0,
      variance: 0.5,
      constants: [4096, 0.25, 0.00001],
      engine: 0,
    },
  ] as const)(
    "of version $version with count $count gets an input for it",
    ({ version, body, count, variance, constants, engine }) => {
      const lines: string[] = [];
      const nodes = [
        { name: "n", operation: "BatchNormalization", body, inputs: five },
        ...leaves.filter(({ name }) => name !== "count"),
      ];
      const network = readModel(modelBytes({ version, nodes: withInputs(nodes, version) }), "m", {
        precision: "float",
        operations,
        log: (line) => lines.push(line),
      });
      const node = nodeOf(network, "n");
      const runCount = nodeOf(network, "n.run_sample_count");
      expect(node.inputs[5]).toBe(runCount);
      expect(runCount).toMatchObject({
        shape: [1],
        parameter: { learningRateMultiplier: 0, value: Float32Array.of(count) },
      });
      expect(nodeOf(network, "variance").parameter?.value).toEqual(Float32Array.of(variance));
      expect(lines.length).toBe(version < 13 ? 1 : 0);
      const again = modelBytes({
        version: 19,
        nodes: sorted([
          {
            name: "n",
            operation: "BatchNormalization",
            body: written(count === 0 ? 1 : 0, constants, engine),
            inputs: [...five, "n.run_sample_count"],
          },
          parameter("n.run_sample_count", [1], [count], 0),
          ...leaves
            .filter(({ name }) => name !== "count" && name !== "variance")
            .map((leaf) => leaf),
          parameter("variance", [1], [variance], 0),
        ]),
      });
      expect(Buffer.from(writeModel(network, "float")).equals(again)).toBe(true);
    },
  );

  /** Inputs had shorter bodies before version 10. */
  const withInputs = (nodes: readonly NodeBytes[], version: number) =>
    nodes.map((node) =>
      node.name === "x" && version < 8
        ? { ...node, body: bytesOf(u64(0), u64(0), shape(1)) }
        : node,
    );

  it("converts a variance that two nodes share once", () => {
    const body = from6(u64(2));
    const nodes = [
      { name: "n", operation: "BatchNormalization", body, inputs: five },
      { name: "o", operation: "BatchNormalization", body, inputs: five },
      ...leaves.filter(({ name }) => name !== "count"),
    ];
    const network = load(modelBytes({ version: 12, nodes }));
    expect(nodeOf(network, "variance").parameter?.value).toEqual(Float32Array.of(4.00001));
    expect(network.nodes.length).toBe(nodes.length + 2);
  });

  it.each([19, 20])("of version %i has the count as input", (version) => {
    const count = version === 19 ? u8(1) : u64(0);
    const inputs = [...five, "count"];
    const node = (stored: Uint8Array) => [
      { name: "n", operation: "BatchNormalization", body: from6(stored), inputs },
      ...leaves,
    ];
    const groups = [["x"], [], [], [], ["n"]];
    const bytes = modelBytes({ version, nodes: node(count), groups });
    const again = modelBytes({ version: 19, nodes: sorted(node(u8(1))), groups });
    expect(Buffer.from(writeModel(load(bytes), "float")).equals(again)).toBe(true);
  });
});
