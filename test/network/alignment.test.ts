/** Offsets of Crop that follow from the way two results were made of one image. */

import { describe, expect, it } from "@jest/globals";
import { CntkError } from "../../grammar/errors.js";
import { findNode } from "../../src/network/network.js";
import { networkFromScript } from "./script-network.js";

const crop = (inputs: string) =>
  `z = new ComputationNode [ operation = 'Crop' ; inputs = (${inputs}) ]`;

/** xOffset and yOffset of `z`, and its shape. */
function cropped(block: string) {
  const { network } = networkFromScript(`${block} ; outputNodes = (z)`);
  const z = findNode(network, "z");
  return { offsets: [z?.settings.xOffset, z?.settings.yOffset], shape: z?.shape };
}

const upsample = `up = ConvolutionTranspose (ParameterTensor {(4:4:1:1)}, small, (4:4:1), mapDims = 1,
  stride = (2:2:1), autoPadding = (false:false:false))`;

describe("Crop without offsets", () => {
  it.each([
    ["of the image itself", `x = Input {(6:4:1)} ; ${crop("x : x")}`, [0, 0], [6, 4, 1]],
    [
      "of an image pooled and enlarged again",
      `x = Input {(8:6:1)}
       small = MaxPoolingLayer {(2:2), stride = 2} (x) ; ${upsample} ; ${crop("up : x")}`,
      [1, 1],
      [8, 6, 1],
    ],
    [
      "of an image to what a convolution without padding leaves",
      `x = Input {(8:6:1)} ; c = ReLU (ConvolutionalLayer {2, (5:3)} (x)) ; ${crop("x : c")}`,
      [2, 1],
      [4, 4, 1],
    ],
    [
      "with origins that are given",
      `x = Input {(8:6:1)} ; other = Input {(8:6:3)}
       small = AveragePoolingLayer {(2:2), stride = 2} (x) ; ${upsample} ; ${crop("up : other : x : other")}`,
      [1, 1],
      [8, 6, 1],
    ],
    [
      "behind a legacy pooling and an unpooling",
      `x = Input {(8:6:1)} ; p = MaxPooling (x, 2, 2, 2, 2)
       u = MaxUnpoolingLayer {(2:2), stride = 2} (p, x) ; ${crop("u : x")}`,
      [0, 0],
      [8, 6, 1],
    ],
  ])("%s", (_, block, offsets, shape) => {
    expect(cropped(block)).toEqual({ offsets, shape });
  });

  it.each([
    [
      "different images",
      `x = Input {(6:4:1)} ; y = Input {(6:4:1)} ; ${crop("x : y")}`,
      "Crop 'z': 'x' and 'y' do not come from the same image",
    ],
    [
      "different scales",
      `x = Input {(6:4:1)} ; p = MaxPoolingLayer {(2:2), stride = 2} (x) ; ${crop("x : p")}`,
      "Crop 'z': along axis 1, 'x' and 'p' have scales of 1 and 2 elements of 'x'",
    ],
    [
      "half an element",
      `x = Input {(6:4:1)} ; p = MaxPoolingLayer {(2:2)} (x) ; ${crop("x : p")}`,
      "Crop 'z': along axis 1, 'x' and 'p' are 0.5 elements apart",
    ],
  ])("refuses %s", (_, block, message) => {
    expect(() => cropped(block)).toThrow(CntkError);
    expect(() => cropped(block)).toThrow(message);
  });
});

describe("Times", () => {
  it("gives a matrix of an old model the sizes of the image it multiplies, and says so", () => {
    const { network, log } = networkFromScript(
      `x = Input {(28:28:1)} ; W = Parameter {10, 784} ; z = W * x ; outputNodes = (z)`,
    );
    expect(findNode(network, "W")?.shape).toEqual([10, 28, 28]);
    expect(findNode(network, "z")?.shape).toEqual([10, 1]);
    expect(log).toContain(
      "z Times operation: For legacy compatibility, the sample layout of left input (W LearnableParameter operation) " +
        "was patched to [10 x 28 x 28] (from [10 x 784])",
    );
  });

  it("leaves a factor that is computed as it is", () => {
    const { network } = networkFromScript(
      `x = Input {(3:2)} ; W = Parameter {2, 6} ; V = W + W ; z = V * x ; outputNodes = (z)`,
    );
    expect(findNode(network, "V")?.shape).toEqual([2, 6]);
    expect(findNode(network, "z")?.shape).toEqual([2]);
  });
});

describe("CosDistanceWithNegativeSamples", () => {
  it("has as many rows as its constant says", () => {
    const { network } = networkFromScript(
      `a = Input {3} ; b = Input {3} ; z = CosDistanceWithNegativeSamples (a, b, 1, 4) ; outputNodes = (z)`,
    );
    expect(findNode(network, "z")?.shape).toEqual([5]);
  });
});
