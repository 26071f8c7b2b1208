/** The values that dictionaries of CNTK 2 hold (model-format.md 8.1). */

import { describe, expect, it } from "@jest/globals";
import { readDictionary } from "../../../src/network/model-file/dictionary/values.js";
import {
  array,
  axis,
  bool,
  dictionary,
  double,
  file,
  fixed,
  floats,
  int,
  none,
  part,
  shape,
  size,
  text,
  value,
  vector,
  whole,
} from "./dictionary-bytes.js";

describe("a dictionary", () => {
  it("has values of every type", () => {
    const found = readDictionary(
      file({
        none,
        bool: bool(true),
        int: int(-9843),
        size: size(2n ** 64n - 1n),
        float: value(4, fixed(6, 4, -0.5)),
        double: double(54669.6505046),
        string: text("é"),
        shape: shape(54, 56516, 39467, 19),
        axis: axis(-3, true, "x"),
        vector: vector(size(1), text("a"), vector()),
        dictionary: dictionary({ inner: int(5) }),
        array: array([2], [1.5, -2]),
        doubles: array([1], [0.1], 2),
      }),
      "x",
    );
    expect(Object.fromEntries(found)).toEqual({
      none: { kind: "none" },
      bool: { kind: "bool", value: true },
      int: { kind: "number", value: -9843 },
      size: { kind: "size", value: 2n ** 64n - 1n },
      float: { kind: "number", value: -0.5 },
      double: { kind: "number", value: 54669.6505046 },
      string: { kind: "string", value: "é" },
      shape: { kind: "shape", value: [54, 56516, 39467, 19] },
      axis: { kind: "axis", value: { staticIndex: -3, name: "x", isOrdered: true } },
      vector: {
        kind: "vector",
        value: [
          { kind: "size", value: 1n },
          { kind: "string", value: "a" },
          { kind: "vector", value: [] },
        ],
      },
      dictionary: { kind: "dictionary", value: new Map([["inner", { kind: "number", value: 5 }]]) },
      array: {
        kind: "array",
        value: { dataType: 1, shape: [2], values: Float32Array.of(1.5, -2) },
      },
      doubles: { kind: "array", value: { dataType: 2, shape: [1], values: Float64Array.of(0.1) } },
    });
  });

  it.each([
    ["false that is left out", value(1, []), { kind: "bool", value: false }],
    ["0 that is left out", value(3, []), { kind: "size", value: 0n }],
    ["an empty text that is left out", value(6, []), { kind: "string", value: "" }],
    ["a list that is left out", value(9, []), { kind: "vector", value: [] }],
    ["a type to come", value(77, whole(90, 5)), { kind: "none" }],
    [
      "a shape with a field to come",
      value(7, part(9, [...whole(1, 4), ...part(8, "more"), ...whole(1, 5)])),
      { kind: "shape", value: [4, 5] },
    ],
    [
      "numbers that are not packed",
      value(
        11,
        part(13, [
          ...part(3, part(1, [2])),
          ...part(4, [...fixed(1, 4, 3), ...part(1, floats([4]))]),
        ]),
      ),
      { kind: "array", value: { dataType: 0, shape: [2], values: Float32Array.of(3, 4) } },
    ],
  ])("may have %s", (_, entry, expected) => {
    expect(readDictionary(file({ entry }), "x").get("entry")).toEqual(expected);
  });
});
