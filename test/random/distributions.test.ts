import { describe, expect, it } from "@jest/globals";
import { normal, uniform, type ElementType } from "../../src/random/distributions.js";
import { MersenneTwister } from "../../src/random/mersenne-twister.js";

/** Nine digits tell any two float numbers apart, seventeen any two doubles. */
const digits: Readonly<Record<ElementType, number>> = { float: 9, double: 16 };

const printed = (values: readonly number[], elementType: ElementType) =>
  values.map((value) => Number(value.toPrecision(digits[elementType])));

const r05 = Math.fround(0.05);
const r005 = Math.fround(0.005);
const glorot = Math.fround(Math.sqrt(6 / 50));
const small = Math.fround(glorotOf(5, 5) * Math.fround(0.001));

function glorotOf(fanIn: number, fanOut: number): number {
  return Math.fround(Math.sqrt(6 / (fanIn + fanOut)));
}

describe("uniform", () => {
  it.each<[ElementType, number, number, number, number[]]>([
    ["float", -r05, r05, 1, [-0.0366123356, -0.0363592952, -0.00487850979, -0.0478975773]],
    ["float", -r05, r05, 2, [0.0403604023, 0.035023611, 0.0283820443, 0.0425317101]],
    ["float", -r05, r05, 3, [0.00587660074, -0.0304236244, 0.00902412459, -0.0153631084]],
    ["double", -r05, r05, 1, [-0.036612336144313043, -0.03635929690517601, -0.0048785096882416404]],
    [
      "float",
      -glorot,
      glorot,
      2,
      [0.279625058, 0.242650688, 0.196636558, 0.294668317, -0.171193361],
    ],
    [
      "float",
      -small,
      small,
      1,
      [-0.000567195879, -0.000563275826, -7.55775254e-5, -0.000742026081],
    ],
    ["float", -1, 1, 1, [-0.732246757, -0.727185965, -0.0975701809]],
    ["double", -1, 1, 1, [-0.7322467119749345, -0.7271859272676056, -0.09757019231092368]],
    ["float", -r005, r005, 1, [-0.00366123347, -0.00363592943, -0.000487850979, -0.00478975754]],
    ["float", 0, 1, 0, [0.159793362, 0.992145181, 0.039569024, 0.597494662]],
  ])("%s in [%d, %d) from seed %d", (elementType, low, high, seed, expected) => {
    const generator = new MersenneTwister(seed);
    const drawn = expected.map(() => uniform(generator, low, high, elementType));
    expect(printed(drawn, elementType)).toEqual(printed(expected, elementType));
  });

  it.each<[number, number, number, number]>([
    [2, glorot, 0.191614211, -0.470142379],
    [1, small, -0.000276129635, -0.00380925601],
  ])("gives the 25 values of 07's kernels: seed %d, range %d", (seed, range, last, sum) => {
    const generator = new MersenneTwister(seed);
    const drawn = Array.from({ length: 25 }, () => uniform(generator, -range, range, "float"));
    expect(printed(drawn.slice(-1), "float")).toEqual([last]);
    expect(drawn.reduce((total, value) => total + value)).toBeCloseTo(sum, 8);
  });

  it("drops the same elements as CNTK's dropout at rate 0.5, seed 0", () => {
    const generator = new MersenneTwister(0);
    const mask = Array.from({ length: 16 }, () =>
      uniform(generator, 0, 1, "float") <= 0.5 ? 0 : 2,
    );
    expect(mask.join(" ")).toBe("0 2 0 2 2 0 2 0 2 2 0 2 2 0 0 0");
  });

  it("rounds a 64-bit integer to float once, not by way of double", () => {
    for (let seed = 0; seed < 3; seed++) {
      const [generator, reference] = [new MersenneTwister(seed), new MersenneTwister(seed)];
      for (let i = 0; i < 3000; i++) {
        expect(uniform(generator, 0, 1, "float")).toBe(roundedToFloat(reference.next()));
      }
    }
  });

  it.each<[string, number, number, number]>([
    // 2^63 + 2^39 lies half way between two floats; one more unit decides, and a double cannot hold it
    ["a tie goes to the even neighbour", 0x80000080, 0, 0.5],
    ["a tie and one unit goes up", 0x80000080, 1, 0.5 + 2 ** -24],
    ["a tie less one unit goes down", 0x8000007f, 0xffffffff, 0.5],
    ["a tie of the odd neighbour goes up", 0x80000180, 0, 0.5 + 2 ** -23],
  ])("rounds to nearest: %s", (_, high, low, expected) => {
    expect(uniform(drawing([[high, low]]), 0, 1, "float")).toBe(expected);
  });

  it("draws again where rounding gives the upper bound", () => {
    const generator = drawing([
      [0xffffffff, 0xffffffff],
      [0x80000000, 0],
    ]);
    expect(uniform(generator, 0, 1, "float")).toBe(0.5);
  });
});

describe("normal", () => {
  it.each<[ElementType, number, number, number[]]>([
    ["float", 1, 1, [-0.227702186, -0.259377241, -0.612818599, -0.0302468278]],
    ["float", 2, 1, [-1.73334491, 1.54823995, 1.83223915, 2.00416899]],
    ["double", 1, 1, [-0.22770229850701265, -0.25937725029558445]],
    [
      "float",
      1,
      Math.fround(Math.fround(0.02) * 1.5),
      [-0.00683106529, -0.00778131699, -0.0183845572, -0.000907404814],
    ],
  ])("%s from seed %d with sigma %d", (elementType, seed, sigma, expected) => {
    const generator = new MersenneTwister(seed);
    const drawn = expected.map(() => normal(generator, sigma, elementType));
    expect(printed(drawn, elementType)).toEqual(printed(expected, elementType));
  });
});

/** A generator that draws the given halves. */
function drawing(halves: readonly (readonly [number, number])[]): MersenneTwister {
  const generator = new MersenneTwister(0);
  const left = [...halves];
  generator.draw = () => {
    [generator.high, generator.low] = left.shift() ?? [0, 0];
  };
  return generator;
}

/** The nearest float to n / 2^64, ties to even, in integer arithmetic. */
function roundedToFloat(n: bigint): number {
  const excess = BigInt(Math.max(0, n.toString(2).length - 24));
  if (excess === 0n) return Number(n) / 2 ** 64;
  const [kept, rest, half] = [n >> excess, n & ((1n << excess) - 1n), 1n << (excess - 1n)];
  const up = rest > half || (rest === half && (kept & 1n) === 1n);
  return Number((kept + (up ? 1n : 0n)) << excess) / 2 ** 64;
}
