import { describe, expect, it } from "@jest/globals";
import {
  DEFAULT_WRITE_FORMAT,
  NodeText,
  type WriteFormat,
  type WrittenNode,
} from "../../src/operations/node-text.js";

interface Case {
  readonly name: string;
  readonly node?: WrittenNode;
  readonly format?: Partial<WriteFormat>;
  readonly values: readonly number[];
  readonly sizes: readonly number[];
  readonly keys?: readonly string[];
  readonly text: string;
}

const two: WrittenNode = { name: "z", shape: [2] };
const twoByTwo: WrittenNode = { name: "z", shape: [2, 2] };

const CASES: readonly Case[] = [
  {
    name: "real numbers: a line for every sample",
    values: [0.00046700498, 0.99953299, 0.25, -0],
    sizes: [1, 1],
    text: "0.000467 0.999533\n0.250000 0.000000\n",
  },
  {
    name: "category with the epilogue of the Simple2d example",
    node: { name: "labels", shape: [2] },
    format: { type: "category", labels: ["0", "1"], sequenceEpilogue: "\\t// %s\\n" },
    values: [0, 1, 1, 0],
    sizes: [1, 1],
    text: "1\t// labels\n0\t// labels\n",
  },
  {
    name: "category: the last of equal maxima",
    node: { name: "z", shape: [3] },
    format: { type: "category" },
    values: [0.5, 0.5, 0, 1, 1, 1],
    sizes: [1, 1],
    text: "1\n2\n",
  },
  {
    name: "precisionFormat",
    format: { precisionFormat: ".2" },
    values: [0.125, 1.005],
    sizes: [1],
    text: "0.12 1.00\n",
  },
  {
    name: "precisionFormat with a width",
    format: { precisionFormat: "8.3" },
    values: [0.5, -2],
    sizes: [1],
    text: "   0.500   -2.000\n",
  },
  {
    name: "not a number, infinity",
    values: [NaN, -Infinity],
    sizes: [1],
    text: "nan -inf\n",
  },
  {
    name: "sequences: rows are time steps",
    values: [1, 2, 3, 4, 5, 6],
    sizes: [2, 1],
    format: { precisionFormat: ".0", sequenceSeparator: "--\\n" },
    text: "1 2\n3 4\n--\n5 6\n",
  },
  {
    name: "not transposed: columns are time steps",
    values: [1, 2, 3, 4, 5, 6],
    sizes: [2, 1],
    format: { precisionFormat: ".0", transpose: false },
    text: "1 3\n2 4\n5\n6\n",
  },
  {
    name: "not transposed, several axes: rows show their index",
    node: twoByTwo,
    values: [1, 2, 3, 4],
    sizes: [1],
    format: { precisionFormat: ".0", transpose: false },
    text: "[0,0]\t1\n[1,0]\t2\n[0,1]\t3\n[1,1]\t4\n",
  },
  {
    name: "separators: escapes, node name, minibatch, dimensions, sequence",
    node: twoByTwo,
    values: [1, 2, 3, 4],
    sizes: [1],
    format: {
      precisionFormat: ".0",
      sequencePrologue: "%s %n %d (%x):\\s",
      elementSeparator: ",\\t",
      sequenceEpilogue: " %x\\r\\n",
    },
    text: "z 7 0 (2 2 1): 1,\t2,\t3,\t4 %x\r\n",
  },
  {
    name: "sequence keys",
    values: [1, 2, 3, 4],
    sizes: [1, 1],
    keys: ["0", "17"],
    format: { precisionFormat: ".0" },
    text: "0 1 2\n17 3 4\n",
  },
  {
    name: "sparse: ones without value",
    node: { name: "z", shape: [4] },
    format: { type: "sparse", elementSeparator: ";", sampleSeparator: " ", precisionFormat: ".1" },
    values: [0, 1, 0, 0.5],
    sizes: [1],
    text: "[1] 0.5[3]\n",
  },
  {
    name: "sparse: time, labels and several axes",
    node: { name: "z", shape: [2, 3] },
    format: { type: "sparse", sampleSeparator: " ", labels: ["a", "b"] },
    values: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    sizes: [2],
    text: "[0=a,0;0] [1=b,2;1]\n",
  },
];

describe("NodeText", () => {
  it.each(CASES)("$name", ({ node = two, format = {}, values, sizes, keys, text }) => {
    const warnings: string[] = [];
    const writer = new NodeText(node, { ...DEFAULT_WRITE_FORMAT, ...format }, (line) =>
      warnings.push(line),
    );
    expect(writer.minibatch(new Float64Array(values), sizes, 7, keys)).toBe(text);
    expect(warnings).toEqual([]);
  });

  it("warns five times of a mapping that does not fit, and shows the index", () => {
    const warnings: string[] = [];
    const format: WriteFormat = {
      ...DEFAULT_WRITE_FORMAT,
      type: "category",
      labels: ["a", "b", "c"],
    };
    const writer = new NodeText(two, format, (line) => warnings.push(line));
    const texts = Array.from({ length: 7 }, (_, minibatch) =>
      writer.minibatch(new Float32Array([0, 1]), [1], minibatch),
    );
    expect(texts).toEqual(Array<string>(7).fill("1\n"));
    expect(warnings).toEqual(
      Array<string>(5).fill(
        "write: Row dimension 2 does not match number of entries 3 in labelMappingFile, not using mapping",
      ),
    );
  });
});
