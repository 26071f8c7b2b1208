/** Geometry of windows: sizes, positions and errors, by the tables of nodes.md 6 and 7. */

import { describe, expect, it } from "@jest/globals";
import { CntkError } from "../../grammar/errors.js";
import { Convolution } from "../../src/operations/convolution.js";
import { AveragePooling, MaxUnpooling, Pooling } from "../../src/operations/pooling.js";
import type { Settings } from "../../src/operations/settings.js";
import type { Shape } from "../../src/operations/shape.js";
import { coverCells, splitChannels, tabulateWindows } from "../../src/operations/window-tables.js";
import {
  layTransposedWindows,
  layWindows,
  type WindowAttributes,
} from "../../src/operations/windows.js";

const plain: WindowAttributes = {
  kernelShape: [1],
  strideShape: [1],
  dimSharing: [true],
  dimPadding: [false],
  dimPadLower: [0],
  dimPadUpper: [0],
  mapCount: [1],
  ceilOutDim: false,
};

/** Windows on the only axis that matters. */
const onAxis = (input: number, attributes: Partial<WindowAttributes>) =>
  layWindows("pooling", { ...plain, ...attributes }, [input]).axes[0];

/** Cells of padding that the last window needs behind the input; negative where it ends before. */
const upperOf = (axis: ReturnType<typeof onAxis>) =>
  axis === undefined
    ? undefined
    : (axis.windows - 1) * axis.stride - axis.lower + axis.kernel - axis.input;

describe("automatic padding", () => {
  // nodes.md 6.3: input, kernel, stride, windows, lower, upper
  it.each([
    [28, 5, 1, 28, 2, 2],
    [28, 4, 1, 28, 1, 2],
    [28, 3, 2, 14, 1, 0],
    [28, 5, 2, 14, 2, 1],
    [27, 3, 2, 14, 1, 1],
    [224, 7, 2, 112, 3, 2],
    [224, 11, 4, 56, 4, 3],
    [32, 3, 2, 16, 1, 0],
    [56, 1, 2, 28, 0, -1],
    [6, 1, 3, 2, -1, -1],
  ])("%i cells, kernel %i, stride %i", (input, kernel, stride, windows, lower, upper) => {
    const attributes = { kernelShape: [kernel], strideShape: [stride], dimPadding: [true] };
    const axis = onAxis(input, attributes);
    expect(axis).toMatchObject({ windows, lower });
    expect(upperOf(axis)).toBe(upper);
  });

  it("leaves explicit padding out of account", () => {
    const attributes = { kernelShape: [5], dimPadding: [true], dimPadLower: [3] };
    expect(onAxis(28, attributes)).toMatchObject({ windows: 28, lower: 2 });
  });
});

describe("other paddings", () => {
  it.each([
    ["none, cells left over", 29, { kernelShape: [4], strideShape: [4] }, 7, 0],
    ["explicit", 28, { kernelShape: [5], dimPadLower: [2], dimPadUpper: [2] }, 28, 2],
    ["one-sided", 28, { kernelShape: [5], dimPadUpper: [3] }, 27, 0],
    ["rounded up", 29, { kernelShape: [4], strideShape: [4], ceilOutDim: true }, 8, 0],
  ])("%s", (_, input, attributes, windows, lower) => {
    expect(onAxis(input, attributes)).toMatchObject({ windows, lower });
  });
});

describe("transposed", () => {
  // nodes.md 6.6: input, kernel, stride, lower, upper, automatic, result
  it.each([
    [28, 5, 1, 2, 2, false, 28],
    [28, 5, 1, 0, 0, true, 28],
    [14, 5, 2, 0, 0, true, 27],
    [14, 5, 2, 0, 0, false, 31],
    [14, 4, 2, 1, 1, false, 28],
    [7, 4, 4, 0, 0, false, 28],
  ])("%i cells, kernel %i, stride %i, pads %i %i, automatic %s", (...row) => {
    const [input, kernel, stride, lower, upper, auto, result] = row;
    const attributes = {
      ...{ ...plain, kernelShape: [kernel, 1], strideShape: [stride, 1], mapCount: [3] },
      ...{ dimPadding: [auto, false], dimPadLower: [lower, 0], dimPadUpper: [upper, 0] },
    };
    const geometry = layTransposedWindows(attributes, [input, 3]);
    expect(geometry.input).toEqual([result, 1]);
    expect(geometry.output).toEqual([input, 3]);
  });

  it("takes any result that its input's windows cover", () => {
    const attributes = {
      ...plain,
      kernelShape: [5, 1],
      strideShape: [2, 1],
      dimPadding: [true, false],
    };
    const geometry = layTransposedWindows(attributes, [14, 1], [28]);
    expect(geometry.input).toEqual([28, 1]);
    expect(geometry.axes[0]).toMatchObject({ windows: 14, lower: 2 });
  });
});

interface ShapeRow {
  readonly inputs: readonly Shape[];
  readonly settings: Settings;
}

const operations = { Convolution, Pooling, AveragePooling, MaxUnpooling };

/** Runs a shape rule with parameters inferred as they are offered. */
function infer(name: keyof typeof operations, { inputs, settings }: ShapeRow, isFinal = true) {
  const entry = operations[name];
  const shapes = [...inputs];
  const defaults = Object.entries(entry.settings).map(([key, { default: value }]) => [key, value]);
  const all = { ...(Object.fromEntries(defaults) as Settings), ...settings };
  const shape = entry.shape({
    settings: all,
    shapes: Object.fromEntries(entry.inputs.map((input, index) => [input, shapes[index] ?? []])),
    all: shapes,
    names: ["z.W", "features"],
    declared: [],
    isFinal,
    hasDynamicAxis: name === "Convolution" ? [false, true] : [true, true],
    infer(index, offered) {
      shapes[index] = offered;
      return offered;
    },
    relabel: (_, offered) => offered,
    constant: () => undefined,
    offsets: () => [],
    settle: () => undefined,
  });
  return { shape, shapes, settings: all };
}

describe("shapes", () => {
  const image = [28, 28, 3];
  it.each<[string, keyof typeof operations, ShapeRow, Shape, Shape]>([
    [
      "weights are inferred",
      "Convolution",
      { inputs: [[5, 5, 0, 16], image], settings: { kernelShape: [5, 5], mapCount: [16] } },
      [24, 24, 16],
      [5, 5, 3, 16],
    ],
    [
      "weights of rank 2 are inferred in the legacy form",
      "Convolution",
      { inputs: [[0, 0], image], settings: { kernelShape: [5, 5], mapCount: [16] } },
      [24, 24, 16],
      [16, 75],
    ],
    [
      "weights of any shape with as many elements",
      "Convolution",
      { inputs: [[16, 75], image], settings: { kernelShape: [5, 5], mapCount: [16] } },
      [24, 24, 16],
      [16, 75],
    ],
    [
      "the number of maps comes from the weights",
      "Convolution",
      { inputs: [[5, 5, 3, 7], image], settings: { kernelShape: [5, 5] } },
      [24, 24, 7],
      [5, 5, 3, 7],
    ],
    [
      "maps per axis, the legacy description",
      "Convolution",
      { inputs: [[5, 5, 3, 7], image], settings: { kernelShape: [5, 5], mapCount: [1, 1, 7] } },
      [24, 24, 7],
      [5, 5, 3, 7],
    ],
    [
      "stride for the kernel's axes only",
      "Convolution",
      {
        inputs: [[3, 3, 3, 4], image],
        settings: { kernelShape: [3, 3], mapCount: [4], strideShape: [2], dimPadding: [true] },
      },
      [14, 14, 4],
      [3, 3, 3, 4],
    ],
    [
      "pooling leaves channels alone",
      "Pooling",
      { inputs: [image], settings: { kernelShape: [4, 4], strideShape: [4], pool: "max" } },
      [7, 7, 3],
      image,
    ],
  ])("%s", (_, name, row, shape, first) => {
    const found = infer(name, row);
    expect(found.shape).toEqual(shape);
    expect(found.shapes[0]).toEqual(first);
  });

  it("is unknown as long as the input is", () => {
    const row = { inputs: [[0, 0]], settings: { kernelShape: [3, 3], pool: "max" } };
    expect(infer("Pooling", row, false).shape).toEqual([0, 0]);
  });
});

describe("errors", () => {
  const image = [28, 28, 1];
  const convolution = (settings: Settings, weights: Shape = [], input: Shape = image) =>
    ["Convolution", { inputs: [weights, input], settings }] as const;
  const pooling = (settings: Settings, input: Shape = image) =>
    ["Pooling", { inputs: [input], settings: { pool: "max", ...settings } }] as const;
  it.each<[string, readonly [keyof typeof operations, ShapeRow], string, string]>([
    [
      "kernel larger than the input",
      pooling({ kernelShape: [4, 5] }, [28, 3, 1]),
      "Convolution operation requires that kernel dim 5 <= input dim 3.",
      "axis 2 of the input [28 x 3 x 1] has 3 cells, kernel [4 x 5 x 1] wants 5 there; padding does not count",
    ],
    [
      "explicit padding that does not fit",
      convolution({ kernelShape: [4, 4], mapCount: [2], strideShape: [2], dimPadLower: [1, 2] }),
      "Convolution requires that kernel fills the entire space if auto-padding is disabled.",
      "axis 1 of the input [28 x 28 x 1] has 28 cells, 29 with lowerPad 1 and upperPad 0; 13 windows of 4 at " +
        "stride 2 cover 28. lowerPad + upperPad = 0 or 2 would fit",
    ],
    [
      "kernel of too high rank",
      pooling({ kernelShape: [2, 2, 2, 2] }),
      "Convolution input and kernel tensors must have the same rank.",
      "the data is [28 x 28 x 1], so the kernel may have up to 3 entries; found 4",
    ],
    [
      "strides of too high rank",
      pooling({ kernelShape: [2, 2], strideShape: [1, 1, 1, 1] }),
      "Convolution stride tensor must have rank 1 or the same as the input tensor.",
      "the data is [28 x 28 x 1], so the stride may have up to 3 entries; found 4",
    ],
    [
      "weights that do not fit",
      convolution({ kernelShape: [5, 5], mapCount: [2] }, [5, 5, 3, 2]),
      "Convolution weight matrix z.W should have dimension [(filter shape) x (input channels) x (output channels)]",
      "found [5 x 5 x 3 x 2], expected [5 x 5 x 1 x 2]",
    ],
    [
      "DeconvLayer padding beyond the result",
      convolution({
        ...{ kernelShape: [5, 5, 1], mapCount: [1], transpose: true },
        ...{ dimPadLower: [14, 2, 0], dimPadUpper: [14, 2, 0] },
      }),
      "Convolution operation requires that kernel dim 5 <= input dim 4.",
      "axis 1 of this transposed convolution's result has (28 - 1) * 1 + 5 - 28 = 4 cells; lowerPad + upperPad may " +
        "be at most 27",
    ],
    [
      "DeconvLayer with a wrong number of input channels",
      convolution({ kernelShape: [5, 5, 1], mapCount: [2], transpose: true }),
      "Convolution: mapCount 2 does not divide the 1 channels of [28 x 28 x 1]",
      "a transposed convolution's mapCount is the number of channels of its input (third argument of DeconvLayer)",
    ],
    [
      "a size that a transposed convolution cannot have",
      convolution(
        {
          ...{ kernelShape: [4, 4, 1], mapCount: [1], strideShape: [2, 2, 1] },
          ...{ transpose: true, outputShape: [60, 58, 1] },
        },
        [],
      ),
      "outputShape: a convolution of [60 x 58 x 1] has 29 windows on axis 1, the input of the transposed one 28",
      "on axis 1 sizes from 58 to 59 fit",
    ],
    [
      "unpooling that does not undo the pooling",
      [
        "MaxUnpooling",
        {
          inputs: [[7, 7, 1], image],
          settings: { kernelShape: [2, 2], strideShape: [2] },
        },
      ],
      "the shape of the unpooling operand z.W [7 x 7 x 1] is different from the result of pooling features " +
        "[28 x 28 x 1], [14 x 14 x 1]",
      "on axis 1, windows of 2 at stride 2 over 28 cells make 14, the operand has 7; use the window, stride and " +
        "padding of the pooling that made it",
    ],
    [
      "own weights for every position",
      convolution({ kernelShape: [5, 5], mapCount: [2], dimSharing: [false] }),
      "sharing is false on axis 1: kernels with own weights per position are not supported",
      "",
    ],
    [
      "the legacy layout",
      pooling({ kernelShape: [2, 2], imageLayout: "HWC" }),
      "Pooling: imageLayout 'HWC' is not supported",
      "use imageLayout = 'CHW' (alias 'cudnn'), images [W x H x C]",
    ],
    [
      "a stride of 0",
      pooling({ kernelShape: [2, 2], strideShape: [0] }),
      "strideShape: expected sizes of 1 or more, found [0 x 0 x 1]",
      "",
    ],
    [
      "legacy pooling of something else than an image",
      [
        "AveragePooling",
        {
          inputs: [[10]],
          settings: {
            windowWidth: 2,
            windowHeight: 2,
            horizontalSubsample: 1,
            verticalSubsample: 1,
          },
        },
      ],
      "AveragePooling: expected an image [W x H x C], found [10]",
      "Pooling takes any number of axes",
    ],
  ])("%s", (_, [name, row], message, hint) => {
    const found = (() => {
      try {
        return infer(name, row);
      } catch (error) {
        return error;
      }
    })();
    expect(found).toBeInstanceOf(CntkError);
    const error = found as CntkError;
    expect([error.phase, error.message, error.hint ?? ""]).toEqual(["validating", message, hint]);
    // Before the final pass shapes may still change, so nothing is wrong yet.
    expect(() => infer(name, row, false)).not.toThrow();
  });
});

describe("log lines", () => {
  it.each<[keyof typeof operations, ShapeRow, string]>([
    [
      "Convolution",
      {
        inputs: [
          [5, 5, 1, 16],
          [28, 28, 1],
        ],
        settings: { kernelShape: [5, 5], mapCount: [16], dimPadding: [true] },
      },
      "z: using GEMM convolution engine for geometry: Input: 28 x 28 x 1, Output: 28 x 28 x 16, Kernel: 5 x 5 x 1, " +
        "Map: 16, Stride: 1 x 1 x 1, Sharing: (1, 1, 1), AutoPad: (1, 1, 0), LowerPad: 0 x 0 x 0, UpperPad: 0 x 0 x 0.",
    ],
    [
      "Convolution",
      {
        inputs: [
          [4, 4, 2, 3],
          [7, 7, 3],
        ],
        settings: {
          kernelShape: [4, 4, 2],
          mapCount: [3],
          strideShape: [4, 4, 1],
          transpose: true,
        },
      },
      "z: using GEMM convolution engine for geometry: Input: 28 x 28 x 2, Output: 7 x 7 x 3, Kernel: 4 x 4 x 2, " +
        "Map: 3, Stride: 4 x 4 x 1, Sharing: (1, 1, 1), AutoPad: (0, 0, 0), LowerPad: 0 x 0 x 0, UpperPad: 0 x 0 x 0.",
    ],
    [
      "MaxUnpooling",
      {
        inputs: [
          [7, 7, 1],
          [28, 28, 1],
        ],
        settings: { kernelShape: [4, 4], strideShape: [4, 4] },
      },
      "z: using reference convolution engine for geometry: Input: 28 x 28 x 1, Output: 7 x 7 x 1, Kernel: 4 x 4 x 1, " +
        "Map: 1, Stride: 4 x 4 x 1, Sharing: (1, 1, 1), AutoPad: (0, 0, 0), LowerPad: 0 x 0 x 0, UpperPad: 0 x 0 x 0.",
    ],
  ])("%s", (name, row, line) => {
    const { shape, shapes, settings } = infer(name, row);
    const entry = operations[name];
    const byName = Object.fromEntries(entry.inputs.map((input, i) => [input, shapes[i] ?? []]));
    expect(entry.describe?.({ settings, shapes: byName, all: shapes, shape }, "z")).toBe(line);
  });
});

describe("tables", () => {
  it("say which cell lies under which element of which window", () => {
    const geometry = layWindows("pooling", { ...plain, kernelShape: [2], dimPadUpper: [1] }, [3]);
    expect(tabulateWindows(geometry.axes)).toMatchObject({
      ...{ cells: 3, windows: 3, elements: 2, hasOutside: true },
      cellAt: Int32Array.of(0, 1, 2, 1, 2, 3),
    });
  });

  it("say which windows cover a cell", () => {
    const geometry = layWindows("pooling", { ...plain, kernelShape: [2] }, [3]);
    expect(coverCells(tabulateWindows(geometry.axes))).toEqual({
      depth: 2,
      window: Int32Array.of(0, 2, 0, 1, 1, 2),
      element: Int32Array.of(0, -1, 1, 0, 1, -1),
    });
  });

  it("leave out axes that only repeat", () => {
    const convolution = layWindows("convolution", { ...plain, kernelShape: [3, 3] }, [5, 4, 7]);
    expect(splitChannels("convolution", convolution)).toEqual({
      axes: convolution.axes.slice(0, 2),
      channels: 7,
    });
    const pooling = layWindows("pooling", { ...plain, kernelShape: [3] }, [5, 4, 7]);
    expect(splitChannels("pooling", pooling)).toEqual({
      axes: pooling.axes.slice(0, 1),
      channels: 28,
    });
  });
});
