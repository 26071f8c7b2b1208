/** Parameters, inputs and statistics, old forms included. */

import { describe, expect, it } from "@jest/globals";
import { writeModel } from "../../../src/network/model-file/write-model.js";
import { load, nodeOf } from "./loading.js";
import {
  bytesOf,
  f32,
  input,
  matrix,
  modelBytes,
  parameter,
  shape,
  u32,
  u64,
  u8,
} from "./model-bytes.js";

describe("old forms of leaves", () => {
  const legacyShape = bytesOf(u64(28), u64(27), u64(3));
  it.each([
    {
      what: "an image as width, height and channels",
      version: 1,
      body: bytesOf(u64(0), u64(0), legacyShape),
      expected: [3, 28, 27],
    },
    {
      what: "rows that differ from the shape",
      version: 7,
      body: bytesOf(u64(10), u64(4), shape(3)),
      expected: [10],
    },
    {
      what: "rows that agree with the shape",
      version: 7,
      body: bytesOf(u64(6), u64(4), shape(3, 2)),
      expected: [3, 2],
    },
    {
      what: "no axis",
      version: 19,
      body: bytesOf(u64(0), u64(0), shape(3), u32(0), f32(0)),
      expected: [3],
    },
  ])("input: $what", ({ version, body, expected }) => {
    const nodes = [{ name: "x", operation: "InputValue", body }];
    expect(nodeOf(load(modelBytes({ version, nodes })), "x").shape).toEqual(expected);
  });

  it("input on an axis of its own", () => {
    const body = bytesOf(u64(0), u64(0), shape(3), u32(1), "axis", f32(0));
    const nodes = [
      { name: "axis", operation: "DynamicAxis" },
      { name: "x", operation: "InputValue", body },
    ];
    const network = load(modelBytes({ version: 19, nodes }));
    expect(nodeOf(network, "x").dynamicAxis).toBe("axis");
    expect(
      Buffer.from(writeModel(network, "float")).equals(modelBytes({ version: 19, nodes })),
    ).toBe(true);
  });

  it.each([
    {
      what: "rows and columns",
      body: bytesOf(u8(0), u64(2), u64(1), matrix(2, 1, [1, 2])),
      expected: { shape: [2, 1], multiplier: 0 },
    },
    {
      what: "a shape and columns",
      body: bytesOf(u8(1), u64(0), u64(2), shape(1), matrix(1, 2, [1, 2])),
      expected: { shape: [1, 2], multiplier: 1 },
    },
    {
      what: "width, height and channels",
      body: bytesOf(u8(1), u64(0), u64(1), u64(2), u64(1), u64(1), matrix(1, 2, [1, 2])),
      expected: { shape: [1, 2, 1], multiplier: 1 },
    },
  ])("parameter: $what", ({ body, expected }) => {
    const nodes = [{ name: "w", operation: "LearnableParameter", body }];
    const w = nodeOf(load(modelBytes({ version: 2, nodes })), "w");
    expect(w.shape).toEqual(expected.shape);
    expect(w.parameter?.learningRateMultiplier).toBe(expected.multiplier);
    expect(w.parameter?.value).toEqual(Float32Array.of(1, 2));
  });

  it("a scalar without dimensions of later versions", () => {
    const nodes = [parameter("w", [], [5])];
    expect(nodeOf(load(modelBytes({ version: 31, nodes })), "w").shape).toEqual([1]);
  });
});

describe("Mean", () => {
  it.each([
    { hasComputed: 1, value: Float32Array.of(1, 2) },
    { hasComputed: 0, value: undefined },
  ])("computed: $hasComputed", ({ hasComputed, value }) => {
    const body = bytesOf(u8(hasComputed), matrix(2, 1, hasComputed === 1 ? [1, 2] : [0, 0]));
    const nodes = [{ name: "m", operation: "Mean", body, inputs: ["x"] }, input("x", 2)];
    const bytes = modelBytes({ version: 19, nodes });
    const network = load(bytes);
    expect(nodeOf(network, "m").parameter?.value).toEqual(value);
    expect(Buffer.from(writeModel(network, "float")).equals(bytes)).toBe(true);
  });
});
