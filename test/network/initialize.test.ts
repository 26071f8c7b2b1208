import { describe, expect, it } from "@jest/globals";
import { CntkError } from "../../grammar/errors.js";
import { fans, initialValue } from "../../src/network/initialize.js";

const random = (distribution: string, more: object = {}) => ({
  kind: "random" as const,
  distribution,
  scale: 1,
  seed: 1,
  filterRank: 0,
  outputRank: 1,
  ...more,
});

const text = (content: string) => ({ kind: "text" as const, text: content, origin: "w.txt" });

function errorOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof CntkError) return error.format();
    throw error;
  }
  return "no error";
}

describe("fans", () => {
  it.each([
    ["dense", [200, 28, 28, 1], 0, 1, 784, 200, 0.078087],
    ["matrix", [10, 200], 0, 1, 200, 10, 0.169031],
    ["two output axes, one declared", [10, 5, 64], 0, 1, 320, 10, 0.13484],
    ["convolution, one map", [5, 5, 1, 1], 2, -1, 25, 25, 0.34641],
    ["convolution", [5, 5, 1, 16], 2, -1, 25, 400, 0.118818],
    ["convolution 3 x 3", [3, 3, 64, 128], 2, -1, 576, 1152, 0.058926],
    ["deconvolution", [5, 5, 1, 1], 0, 1, 5, 5, 0.774597],
    ["deconvolution with channels", [5, 5, 16, 3], 0, 1, 240, 5, 0.156492],
    ["vector", [7], 0, 1, 1, 7, 0.866025],
    ["recurrent stack", [8, 5], 0, -1, 8, 5, 0.679366],
    ["second layer of 01", [64, 3136], 0, 1, 3136, 64, 0.043301],
    ["output of 02", [10, 64], 0, 1, 64, 10, 0.284747],
  ])("%s [%p]", (_, shape, filterRank, outputRank, fanIn, fanOut, range) => {
    expect(fans(shape, filterRank, outputRank)).toEqual({ fanIn, fanOut });
    const initialization = random("glorotUniform", { filterRank, outputRank });
    const { description } = initialValue(shape, initialization, "float");
    expect(description?.range).toBeCloseTo(range, 6);
  });

  it.each([
    [2, -1, "InitRandom: initFilterRank=2 and initOutputRank=-1 exceeds sampleLayout rank 2"],
    [2, 1, "InitRandom: initFilterRank=2 and initOutputRank=1 exceeds sampleLayout rank 2"],
  ])("rejects ranks %d, %d of a matrix", (filterRank, outputRank, message) => {
    expect(errorOf(() => fans([3, 4], filterRank, outputRank))).toBe(`validating: ${message}`);
  });
});

describe("random values", () => {
  const s = Math.SQRT2;
  it.each([
    ["uniform", Math.fround(0.05)],
    ["uniform1", 1],
    ["xavier", Math.sqrt(3 / 4)],
    ["glorotUniform", Math.sqrt(6 / 6)],
    ["heUniform", Math.sqrt(6 / 4)],
    ["gaussian", 0.1],
    ["normal", 1],
    ["glorotNormal", s / Math.sqrt(6)],
    ["heNormal", s / 2],
  ])("%s of [2 x 4]", (distribution, range) => {
    const result = initialValue([2, 4], random(distribution), "double");
    expect(result.description).toEqual({
      distribution,
      fanIn: 4,
      fanOut: 2,
      range: expect.closeTo(range, 15),
    });
    expect(result.value).toBeInstanceOf(Float64Array);
    expect(result.value).toHaveLength(8);
  });

  it.each([
    {
      what: "07's convolution kernel",
      shape: [5, 5, 1, 1],
      initialization: random("glorotUniform", { seed: 2, filterRank: 2, outputRank: -1 }),
      begins: [0.279625058, 0.242650688, 0.196636558, 0.294668317, -0.171193361, -0.252265692],
    },
    {
      what: "07's deconvolution kernel",
      shape: [5, 5, 1, 1],
      initialization: random("glorotUniform", { scale: 0.001 }),
      begins: [-0.000567195879, -0.000563275826, -7.55775254e-5, -0.000742026081, -0.000230987673],
    },
    {
      what: "gaussian of [3 x 100] times 1.5",
      shape: [3, 100],
      initialization: random("gaussian", { scale: 1.5 }),
      begins: [-0.00683106529, -0.00778131699, -0.0183845572, -0.000907404814],
    },
  ])("$what, float", ({ shape, initialization, begins }) => {
    const { value } = initialValue(shape, initialization, "float");
    expect(value).toBeInstanceOf(Float32Array);
    const first = [...value.slice(0, begins.length)].map((x) => Number(x.toPrecision(9)));
    expect(first).toEqual(begins);
  });

  it("rounds range and scale to ElemType before and after their product", () => {
    const { description } = initialValue([2], random("uniform", { scale: 0.1 }), "float");
    expect(description?.range).toBe(Math.fround(Math.fround(0.05) * Math.fround(0.1)));
  });
});

describe("other values", () => {
  it.each([
    ["float", Float32Array],
    ["double", Float64Array],
  ] as const)("constant, %s", (precision, type) => {
    const { value, description } = initialValue(
      [2, 2],
      { kind: "constant", value: 0.5 },
      precision,
    );
    expect(value).toEqual(type.of(0.5, 0.5, 0.5, 0.5));
    expect(description).toBeUndefined();
  });

  it.each([
    ["as declared", [2, 3], "1 2 3\n4 5 6", [2, 3]],
    ["reinterpreted as a tensor", [2, 3, 1], "1 2 3\n4 5 6\n", [2, 3, 1]],
    ["no rank", [], "1 2 3\n\n4 5 6", [2, 3]],
    ["no dimension known", [0], "1\t2 3\r\n4 5  6", [2, 3]],
    ["rows unknown", [0, 3], "1 2 3\n4 5 6", [2, 3]],
    ["columns unknown", [2, 0], "1 2 3\n4 5 6", [2, 3]],
    ["one of several unknown", [2, 3, 0], "1 2 3\n4 5 6", [2, 3, 1]],
  ])("text matrix, %s", (_, declared, content, shape) => {
    const result = initialValue(declared, text(content), "float");
    expect(result.shape).toEqual(shape);
    expect([...result.value]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it("keeps a column a vector", () => {
    const result = initialValue([0], text("1e-2\n-.5\n3."), "double");
    expect(result.shape).toEqual([3]);
    expect([...result.value]).toEqual([0.01, -0.5, 3]);
  });

  it.each([
    // k = 3: weights 1/2, 1, 1/2 in each direction; k = 2: center between two pixels
    [
      [1, 9],
      [0.25, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 0.25],
    ],
    [
      [2, 8],
      [0.25, 0.25, 0.25, 0.25, 0, 0, 0, 0, 0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25],
    ],
  ])("bilinear kernel %p", (shape, expected) => {
    expect([...initialValue(shape, random("bilinear"), "float").value]).toEqual(expected);
  });
});

describe("errors", () => {
  it.each([
    [
      [2, 2],
      random("glorotuniform"),
      'validating: unknown init "glorotuniform": expected uniform, uniform1, xavier, glorotUniform, heUniform, ' +
        'gaussian, normal, glorotNormal, heNormal, bilinear\n  hint: did you mean "glorotUniform"?',
    ],
    [
      [2, 2],
      random("normal", { scale: 0 }),
      'validating: init="normal": expected a positive standard deviation, found 0 (initValueScale=0)\n' +
        '  hint: init="zero" makes all values 0',
    ],
    [
      [2, 2],
      random("uniform1", { scale: -1 }),
      'validating: init="uniform1": expected a positive range, found -1 (initValueScale=-1)\n' +
        '  hint: init="zero" makes all values 0',
    ],
    [
      [2, 7],
      random("bilinear"),
      'validating: init="bilinear": expected a parameter of shape [C x k*k*C], found [2 x 7]',
    ],
    [
      [2, 2],
      text("1 2\n3"),
      "reading: w.txt: line 2: expected 2 numbers as in the first row, found 1",
    ],
    [[2, 2], text("1 2\n3 four"), 'reading: w.txt: line 2: expected a number, found "four"'],
    [[2, 2], text(" \n"), "reading: w.txt: expected a matrix, found nothing"],
    [
      [3, 2],
      text("1 2 3\n4 5 6"),
      "validating: w.txt: expected a 3 x 2 matrix for [3 x 2], found 2 x 3\n" +
        "  hint: a line of the text is a row, and rows are the first axis",
    ],
    [
      [2, 0, 0],
      text("1 2 3\n4 5 6"),
      "validating: shape [2 x 0 x 0] cannot be inferred from a 2 x 3 matrix: too many unknown dimensions",
    ],
    [
      [2, 2, 0],
      text("1 2 3\n4 5 6"),
      "validating: shape [2 x 2 x 0] cannot be inferred from a 2 x 3 matrix: 3 columns are no multiple of 2",
    ],
  ])("of %p from %p", (shape, initialization, expected) => {
    expect(errorOf(() => initialValue(shape, initialization, "float"))).toBe(expected);
  });
});
