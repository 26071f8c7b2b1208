/** Initial values of parameters as BrainScript asks for them (library.md 15.2, nodes.md 13.3). */

import { describe, expect, it } from "@jest/globals";
import { RANDOM_INITIALIZATIONS, initialValue } from "../../src/network/initialize.js";
import { findNode } from "../../src/network/network.js";
import { networkFromScript } from "./script-network.js";

const files = { "w.txt": "1 2 3\n4 5 6\n" };

/** Shape and value of the parameter `w`. */
function parameterOf(expression: string) {
  const { network } = networkFromScript(
    `x = Input {3} ; w = ${expression} ; z = w * x ; outputNodes = (z)`,
    { files },
  );
  const node = findNode(network, "w");
  return { shape: node?.shape, value: [...(node?.parameter?.value ?? [])] };
}

const matrix = { shape: [2, 3], value: [1, 4, 2, 5, 3, 6] };
const filled = (value: number) => ({ shape: [2, 3], value: Array<number>(6).fill(value) });

describe("parameters", () => {
  it.each([
    ["Parameter {2, 3, init = 'zero'}", filled(0)],
    ["Parameter {2, 3, init = 'fixedValue', value = 0.5}", filled(0.5)],
    ["Parameter {2, 3, initValue = 2}", filled(2)],
    ["ParameterTensor {(2:0), initValue = 2}", filled(2)],
    ["Parameter {2, 3, init = 'fromFile', initFromFilePath = 'w.txt'}", matrix],
    ["Parameter {2, 3, initFromFilePath = 'w.txt'}", matrix],
    ["ParameterTensor {0, initFromFilePath = 'w.txt'}", matrix],
    ["Parameter {2, 3, init = 'fromLiteral', initFromLiteral = '1 2 3\n4 5 6'}", matrix],
    ["ConstantFromString ('1 2 3\n4 5 6')", matrix],
    ["Constant (0.25, rows = 2, cols = 3)", filled(0.25)],
    ["ConstantTensor (0.25, (2:3))", filled(0.25)],
  ])("%s", (expression, expected) => {
    expect(parameterOf(expression)).toEqual(expected);
  });

  it.each(RANDOM_INITIALIZATIONS)("init = '%s' with a seed and a scale", (distribution) => {
    const expression = `Parameter {2, 3, init = '${distribution}', initValueScale = 0.5, randomSeed = 7}`;
    const random = {
      kind: "random",
      distribution,
      scale: 0.5,
      seed: 7,
      filterRank: 0,
      outputRank: 1,
    } as const;
    const { value } = initialValue([2, 3], random, "float");
    expect(parameterOf(expression)).toEqual({ shape: [2, 3], value: [...value] });
    expect(new Set(value).size).toBe(6);
  });

  it("a parameter whose dimensions are inferred is filled with the seed of its construction", () => {
    const known = parameterOf("ParameterTensor {(2:3), init = 'heNormal'}");
    expect(parameterOf("ParameterTensor {(2:0), init = 'heNormal'}")).toEqual(known);
  });

  it("init = 'bilinear' makes an upsampling kernel of a [C x k*k*C] parameter", () => {
    const { network } = networkFromScript(
      `x = Input {(2:2:1)}
       w = Parameter {1, 9, init = 'bilinear'}
       z = Convolution (w, x, (3:3:1), mapDims = 1, stride = (2:2:1), autoPadding = (false:false:false),
                        lowerPad = (1:1:0), upperPad = (1:1:0), transpose = true)
       outputNodes = (z)`,
    );
    expect([...(findNode(network, "w")?.parameter?.value ?? [])]).toEqual([
      0.25, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 0.25,
    ]);
    expect(findNode(network, "z")?.shape).toEqual([3, 3, 1]);
  });
});
