/** Files that are cut, changed or no models at all: an error that says where, never a crash or a hang. */

import { describe, expect, it } from "@jest/globals";
import { CntkError } from "../../../grammar/errors.js";
import { loadedParameter } from "../../../src/network/model-file/leaf-bodies.js";
import { operations } from "../../../src/operations/index.js";
import { readModel } from "../../../src/network/model-file/read-model.js";
import { writeModel } from "../../../src/network/model-file/write-model.js";
import type { ComputationNetwork } from "../../../src/network/network.js";
import { nodeOf } from "./loading.js";
import {
  bools,
  bytesOf,
  f32,
  i32,
  i64,
  input,
  logisticRegression,
  modelBytes,
  parameter,
  shape,
  u32,
  u64,
  u8,
  type NodeBytes,
} from "./model-bytes.js";

const load = (bytes: Uint8Array) => readModel(bytes, "lr.dnn", { precision: "float", operations });

/** The message, or undefined if the file loads; anything but a CntkError fails the test. */
function messageOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof CntkError) return error.message;
    throw error;
  }
}

const one = (node: NodeBytes, version = 19) => modelBytes({ version, nodes: [node] });

/** The model with the bytes at an offset replaced. */
function patched(bytes: Uint8Array, offset: number, replacement: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(replacement, offset);
  return copy;
}

const model = logisticRegression(10);

describe("errors", () => {
  it.each<{ what: string; bytes: Uint8Array; message: string }>([
    {
      what: "an empty file",
      bytes: bytesOf(),
      message: "lr.dnn: expected a model, found an empty file",
    },
    {
      what: "a text",
      bytes: Buffer.from("command = train"),
      message: 'lr.dnn: byte 0: expected the marker "BCN" of a model, found something else',
    },
    {
      what: "a checkpoint",
      bytes: bytesOf("BVersion", u64(2), "EVersion", "BCKP"),
      message: "lr.dnn: expected a model, found a training checkpoint",
    },
    {
      what: "an old checkpoint",
      bytes: bytesOf("BCKP"),
      message: "lr.dnn: expected a model, found a training checkpoint",
    },
    {
      what: "a model of CNTK 2 that is cut",
      bytes: Uint8Array.of(0x08, 0x01, 0x12, 0x11, 0x0a, 0x07),
      message: "lr.dnn: byte 3: found the length 17, for which the 2 bytes left are too few",
    },
    {
      what: "a version to come",
      bytes: patched(model, 26, u64(32)),
      message:
        "lr.dnn: byte 26: the model has version 32, which is newer than this program reads (31)",
    },
    {
      what: "too many nodes",
      bytes: patched(model, 52, u64(2n ** 63n)),
      message:
        "lr.dnn: byte 52: number of nodes: found the count 9223372036854775808, for which the 1428 bytes left are too few",
    },
    {
      what: "a missing list",
      bytes: patched(model, 60, bytesOf("XNodeList")),
      message: 'lr.dnn: byte 60: expected the marker "BNodeList", found "XNodeList"',
    },
    {
      what: "a wrong precision",
      bytes: patched(model, 80, bytesOf("gloat")),
      message: 'lr.dnn: byte 80: expected the precision "float" or "double", found "gloat"',
    },
    {
      what: "an unknown operation",
      bytes: one({ name: "n", operation: "Sigmoidd" }),
      message: 'lr.dnn: byte 92: node "n" has the unknown operation "Sigmoidd"',
    },
    {
      what: "too many dimensions",
      bytes: patched(model, 138, u32(13)),
      message: "lr.dnn: byte 138: parameter 'b': expected at most 12 dimensions, found 13",
    },
    {
      what: "a sparse parameter",
      bytes: patched(model, 150, Buffer.from("s")),
      message:
        'lr.dnn: byte 150: parameter \'b\': expected a dense matrix "d", found "s" (sparse), which is not supported',
    },
    {
      what: "elements of another size",
      bytes: patched(model, 161, u64(8)),
      message: "lr.dnn: byte 161: parameter 'b': expected elements of 4 bytes, found 8",
    },
    {
      what: "a matrix larger than the file",
      bytes: patched(model, 189, bytesOf(u64(2 ** 40), u64(2 ** 40))),
      message:
        "lr.dnn: byte 205: parameter 'b': matrix of 1099511627776 x 1099511627776: found the count 1208925819614629174706176, for which the 1283 bytes left are too few",
    },
    {
      what: "a matrix unlike the shape",
      bytes: one({
        ...parameter("w", [2, 4], []),
        body: bytesOf(
          f32(1),
          shape(2, 4),
          parameter("w", [8], [1, 2, 3, 4, 5, 6, 7, 8]).body?.slice(12) ?? "",
        ),
      }),
      message:
        "lr.dnn: byte 150: parameter 'w': expected a matrix of 2 x 4 for the shape [2 x 4], found 8 x 1",
    },
    {
      what: "a flag that is none",
      bytes: one({ name: "n", operation: "BatchNormalization", body: u8(2) }),
      message: "lr.dnn: byte 134: node 'n': spatial: expected 0 or 1, found 2",
    },
    {
      what: "two nodes of the same name",
      bytes: modelBytes({ version: 19, nodes: [input("x", 1), input("X", 1)] }),
      message: "lr.dnn: byte 152: two nodes with the same name: 'x' and 'X'",
    },
    {
      what: "a node without name",
      bytes: one(input("", 1)),
      message: "lr.dnn: byte 80: expected the name of a node, found an empty name",
    },
    {
      what: "an input that does not exist",
      bytes: one({ name: "n", operation: "Sigmoid", inputs: ["m"] }),
      message: 'lr.dnn: byte 164: the file has no node named "m"',
    },
    {
      what: "too few inputs",
      bytes: modelBytes({
        version: 19,
        nodes: [input("x", 1), { name: "n", operation: "Plus", inputs: ["x"] }],
      }),
      message: "lr.dnn: byte 234: node 'n': Plus takes 2 inputs (a, b), but 1 are given",
    },
    {
      what: "a loop without delay",
      bytes: modelBytes({
        version: 19,
        nodes: [
          { name: "after", operation: "Sigmoid", inputs: ["two"] },
          { name: "one", operation: "Sigmoid", inputs: ["two"] },
          { name: "two", operation: "Sigmoid", inputs: ["one"] },
        ],
      }),
      message:
        'lr.dnn: node "two" depends on its own value, with no PastValue or FutureValue in between',
    },
    {
      what: "two dynamic axes",
      bytes: one({
        ...input("x", 1),
        body: bytesOf(u64(0), u64(0), shape(1), u32(2), "a", "b", f32(0)),
      }),
      message: "lr.dnn: byte 142: input 'x': expected at most one dynamic axis, found 2",
    },
    {
      what: "an unknown choice",
      bytes: one({
        name: "n",
        operation: "Pooling",
        body: bytesOf(
          ...[shape(2), shape(1), shape(2)],
          ...[bools(1), bools(1)],
          ...[shape(0), shape(0)],
          i32(7),
        ),
      }),
      message:
        "lr.dnn: byte 170: node 'n': pool: expected one of 0 (none), 1 (max), 2 (average), found 7",
    },
    {
      what: "a step",
      bytes: one(
        {
          name: "n",
          operation: "Slice",
          body: bytesOf(i32(1), i64(0), i64(4), i32(1), i32(2)),
        },
        31,
      ),
      message: "lr.dnn: byte 132: node 'n': a step of 2 is not supported",
    },
    {
      what: "more axes than there is room for",
      bytes: one({ name: "n", operation: "Slice", body: i32(2000) }, 31),
      message: "lr.dnn: byte 108: node 'n': expected a number of axes, found 2000",
    },
    {
      what: "a reduction of two axes that is none of each",
      bytes: one(
        {
          name: "n",
          operation: "ReduceElements",
          body: bytesOf(i32(2), i32(1), i32(2), "Argmax", u8(1)),
        },
        31,
      ),
      message: "lr.dnn: byte 126: node 'n': Argmax over the axes 1, 2 together is not supported",
    },
    {
      what: "what is no permutation",
      bytes: one(
        {
          name: "n",
          operation: "TransposeDimensions",
          body: bytesOf(i32(0), i32(0), u64(2), u64(1), u64(1)),
        },
        31,
      ),
      message: "lr.dnn: byte 136: node 'n': expected a permutation of axes, found 1, 1",
    },
    {
      what: "a dropped axis",
      bytes: one(
        {
          name: "n",
          operation: "ReduceElements",
          body: bytesOf(i32(1), i32(1), "Sum", u8(0)),
        },
        31,
      ),
      message: "lr.dnn: byte 142: node 'n': a reduction that drops its axis is not supported",
    },
  ])("$what", ({ bytes, message }) => {
    expect(messageOf(() => load(bytes))).toBe(message);
  });

  it("suggests the nearest operation", () => {
    const bytes = one({ name: "n", operation: "Sigmoidd" });
    expect(() => load(bytes)).toThrow(
      expect.objectContaining({ phase: "reading", hint: "the nearest known one is 'Sigmoid'" }),
    );
  });
});

describe("damaged files", () => {
  it("are refused wherever they are cut", () => {
    const read = Array.from({ length: model.length }, (_, length) => model.slice(0, length)).filter(
      (bytes) => messageOf(() => load(bytes)) === undefined,
    );
    expect(read).toEqual([]);
  });

  it("are refused or read with one byte changed", () => {
    const masks = [0x01, 0x80, 0xff];
    let refused = 0;
    for (const [offset, byte] of model.entries()) {
      const changed = patched(model, offset, u8(byte ^ (masks[offset % masks.length] ?? 0)));
      // What still loads has another number or name and can be written again.
      if (messageOf(() => writeModel(load(changed), "float")) !== undefined) refused++;
    }
    expect(refused).toBeGreaterThan(1000);
  });
});

describe("networks that cannot be saved", () => {
  const network = load(model);
  const b = nodeOf(network, "b");
  const changed = (index: number, change: object): ComputationNetwork => ({
    ...network,
    nodes: network.nodes.map((node, at) => (at === index ? { ...node, ...change } : node)),
  });
  it.each([
    {
      what: "an input outside the network",
      network: { ...network, nodes: network.nodes.slice(1) },
      message: "cannot save the model: 'b', an input of 'p._', is no node of the network",
    },
    {
      what: "two equal names",
      network: changed(1, { name: "LR" }),
      message: "cannot save the model: two nodes are called 'LR' and 'lr'",
    },
    {
      what: "no name",
      network: changed(1, { name: "" }),
      message: "cannot save the model: a node of type SquareError has no name",
    },
    {
      what: "an unknown dimension",
      network: changed(2, { shape: [0] }),
      message: "cannot save the model: the shape of 'features' is not known: [0]",
    },
    {
      what: "a parameter whose values do not fit",
      network: {
        ...network,
        nodes: [{ ...b, parameter: loadedParameter(new Float32Array(3), 1) }],
      },
      message: "cannot save the parameter 'b' [1 x 1]: it has 3 values",
    },
  ])("$what", ({ network, message }) => {
    expect(messageOf(() => writeModel(network, "float"))).toBe(message);
  });
});
