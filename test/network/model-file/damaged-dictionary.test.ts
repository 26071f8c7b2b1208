/** Dictionaries that are damaged, of something else than a network, or of one that this program cannot compute. */

import { describe, expect, it } from "@jest/globals";
import { CntkError } from "../../../grammar/errors.js";
import { readModel } from "../../../src/network/model-file/read-model.js";
import { operations } from "../../../src/operations/index.js";
import {
  array,
  axis,
  block,
  composite,
  dictionary,
  file,
  functionOf,
  int,
  none,
  shape,
  size,
  text,
  variable,
  vector,
} from "./dictionary-bytes.js";

describe("a damaged or unknown model of CNTK 2", () => {
  const x = variable("x", 0, [3]);

  it.each<[string, Uint8Array, string]>([
    [
      "a checkpoint",
      file({ Version: size(1), Learners: vector() }),
      "x: expected a model, found a training checkpoint of CNTK 2",
    ],
    [
      "something else",
      file({ type: text("Learner") }),
      'x: expected a CompositeFunction of CNTK 2, found "Learner"',
    ],
    ["no root", composite("z", [x], []), "x: the file has no function 'z', or it contains itself"],
    [
      "an unknown operator",
      composite("f", [x], [functionOf("f", 98, ["x"])]),
      "x: primitive_functions[0]: unknown operator 98",
    ],
    [
      "an operation that is missing here",
      composite("f", [x], [functionOf("f", 87, ["x"])]),
      "x: primitive_functions[0]: the operation TopK of CNTK 2 is not supported",
    ],
    [
      "a step",
      composite(
        "f",
        [x],
        [
          functionOf("f", 14, ["x"], {
            axis: axis(0),
            beginIndex: int(0),
            endIndex: int(3),
            sliceStrides: int(2),
          }),
        ],
      ),
      "x: primitive_functions[0]: attributes: a step of 2 is not supported",
    ],
    [
      "an axis that counts from the last one",
      composite("f", [x], [functionOf("f", 43, ["x"], { axis: axis(-1) })]),
      "x: primitive_functions[0]: attributes: the axis with the number -1 is not supported",
    ],
    [
      "a missing attribute",
      composite("f", [x], [functionOf("f", 43, ["x"])]),
      "x: primitive_functions[0]: attributes: 'axis': expected a value of type axis, found nothing",
    ],
    [
      "an attribute of another type",
      composite("f", [x], [functionOf("f", 43, ["x"], { axis: int(1) })]),
      "x: primitive_functions[0]: attributes: 'axis': expected a value of type axis, found one of type number",
    ],
    [
      "too many inputs",
      composite("f", [x], [functionOf("f", 4, ["x", "x"])]),
      "x: primitive_functions[0]: Exp takes 1 inputs (x), but 2 are given",
    ],
    [
      "an input that is missing",
      composite("f", [x], [functionOf("f", 4, ["y"])]),
      'x: primitive_functions[0]: the file has nothing with the uid "y"',
    ],
    [
      "values that do not fit",
      composite("f", [variable("x", 2, [3], { value: array([3], [1, 2]) })], []),
      "x: inputs[0]: expected 3 values for the shape [3], found 2",
    ],
    [
      "a size that is not known",
      composite("f", [variable("x", 0, [], { shape: shape(2n ** 64n - 1n) })], []),
      "x: inputs[0]: an input of unknown size is not supported",
    ],
    [
      "a loop",
      composite(
        "f",
        [x],
        [functionOf("f", 19, ["g_Output_0", "x"]), functionOf("g", 4, ["f_Output_0"])],
      ),
      'x: node "f" depends on its own value, with no PastValue or FutureValue in between',
    ],
    [
      "a block that is its own argument",
      composite(
        "b",
        [x],
        [functionOf("e", 4, ["p"]), block("b", "e", { p: "q" }), block("c", "e", { q: "p" })],
      ),
      'x: "p" stands for itself',
    ],
    [
      "a block in itself",
      composite("b", [x], [block("b", "c", {}), block("c", "b", {})]),
      "x: the file has no function 'b', or it contains itself",
    ],
    ["two objects of one name", composite("f", [x, x], []), "x: two objects with the uid 'x'"],
    [
      "too few bytes",
      Uint8Array.of(8, 1, 0x12, 200, 1, 0x0a),
      "x: byte 3: found the length 200, for which the 1 bytes left are too few",
    ],
    [
      "a group",
      Uint8Array.of(8, 1, 0x12, 2, 0x0b, 0),
      "x: byte 4: expected a type of field (0, 1, 2 or 5), found 3",
    ],
    [
      "a number without end",
      Uint8Array.of(8, 1, 0x12, 14, 0x10, ...Array.from({ length: 13 }, () => 0xff)),
      "x: byte 5: expected a number of at most ten bytes, found a longer one",
    ],
    [
      "dictionaries without end",
      file({
        x: Array.from({ length: 101 }).reduce<readonly number[]>(
          (inner) => dictionary({ x: inner }),
          none,
        ),
      }),
      expect.stringMatching(
        /^x: byte \d+: dictionaries are nested more than 100 deep$/,
      ) as unknown as string,
    ],
  ])("is refused: %s", (_, bytes, message) => {
    let found: unknown;
    try {
      readModel(bytes, "x", { precision: "float", operations });
    } catch (error) {
      found = error;
    }
    expect(found).toBeInstanceOf(CntkError);
    expect(found).toMatchObject({ phase: "reading", message });
  });
});
