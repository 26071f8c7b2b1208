/** That double is double: numbers of more than single precision survive every way into a tensor and out again. */

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { computeInDouble } from "../../../src/engine/float64/activate.js";
import { createEngine } from "../../../src/engine/index.js";
import {
  floatsOf,
  loadTensors,
  newFloats,
  tensorOf,
  tf,
  type Tensor,
} from "../../../src/operations/tensors.js";

/** Single precision makes 0.10000000149011612 of it. */
const TENTH = 0.1;

beforeAll(computeInDouble);

/** The numbers of a tensor that is gone afterwards. */
function numbersOf(make: () => Tensor): Float32Array | Float64Array {
  const tensor = tf.tidy(make);
  const numbers = floatsOf(tensor);
  tensor.dispose();
  return numbers;
}

describe("exact tensors", () => {
  const x = () => tensorOf(new Float64Array([TENTH, 3 * TENTH]), [2]);

  it.each<[string, () => Tensor, number[]]>([
    ["tensorOf", x, [0.1, 0.30000000000000004]],
    ["scalar", () => tf.scalar(TENTH), [0.1]],
    ["tensor", () => tf.tensor([TENTH, 1], [1, 2]), [0.1, 1]],
    ["tensor1d", () => tf.tensor1d([TENTH]), [0.1]],
    ["tensor2d, nested", () => tf.tensor2d([[TENTH], [2]]), [0.1, 2]],
    ["tensor2d, flat", () => tf.tensor2d([TENTH, 2], [1, 2]), [0.1, 2]],
    ["fill", () => tf.fill([2], TENTH), [0.1, 0.1]],
    ["mul by a number", () => tf.mul(x(), TENTH), [0.1 * 0.1, 3 * 0.1 * 0.1]],
    ["sub from a number", () => tf.sub(1, x()), [0.9, 1 - 3 * 0.1]],
    ["maximum", () => tf.maximum(x(), 0.2), [0.2, 3 * 0.1]],
    ["where", () => tf.where(tf.less(x(), 0.2), x(), TENTH), [0.1, 0.1]],
    ["pad", () => tf.pad(x(), [[1, 0]], TENTH), [0.1, 0.1, 3 * 0.1]],
    ["sum", () => tf.sum(x()), [0.1 + 3 * 0.1]],
    [
      "matMul",
      () => tf.matMul(x().reshape([1, 2]), x().reshape([2, 1])),
      [0.1 ** 2 + (3 * 0.1) ** 2],
    ],
    ["exp", () => tf.exp(x()), [Math.exp(0.1), Math.exp(3 * 0.1)]],
    ["cast from int32", () => tf.cast(tf.tensor1d([3], "int32"), "float32"), [3]],
    ["cast from bool", () => tf.cast(tf.equal(x(), TENTH), "float32"), [1, 0]],
  ])("%s", (_, make, expected) => {
    const found = numbersOf(make);
    expect(found).toBeInstanceOf(Float64Array);
    expect(Array.from(found)).toEqual(expected);
  });

  it("are made of doubles", () => {
    expect(newFloats(2)).toEqual(new Float64Array(2));
  });

  it("leave nothing behind", () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      tf.transpose(tf.mul(x().reshape([1, 2]), 2)).clone();
    });
    expect(tf.memory().numTensors).toBe(before);
    expect(tf.backend().numDataIds()).toBe(tf.memory().numDataBuffers);
  });
});

describe("createEngine", () => {
  afterAll(async () => {
    await loadTensors();
  });

  it("computes in the precision asked for, also one after the other", async () => {
    const engine = await createEngine("cpu", () => undefined, { precision: "double" });
    expect(engine.description).toMatch(/on backend float64 .*, computing in double$/);
    expect(tf.getBackend()).toBe("float64");
    await createEngine("cpu", () => undefined, { precision: "float" });
    expect(tf.getBackend()).toBe("cpu");
    expect(numbersOf(() => tf.scalar(TENTH))).toEqual(new Float32Array([TENTH]));
  });
});
