/** What simplification leaves of lists of calls. */

import { describe, expect, it } from "@jest/globals";
import { fixedBuffer, workingBuffer, type Buffer } from "../../../src/engine/compiled/buffers.js";
import { BINARY, UNARY } from "../../../src/engine/compiled/functions.js";
import { call, type Call } from "../../../src/engine/compiled/lowering.js";
import { simplify } from "../../../src/engine/compiled/simplify.js";

const FLOATS = 8;
const host = () => fixedBuffer(FLOATS, 0);
const own = () => workingBuffer(FLOATS);
const number = () => fixedBuffer(1, 0);
const calls = (list: readonly Call[], constants: [Buffer, number][] = [], wanted: Buffer[] = []) =>
  simplify(list, { constants: new Map(constants), wanted: new Set(wanted) });

const gather = (to: Buffer) => call("gather_samples", host(), host(), host(), to, 2, FLOATS / 2);
const scale = (factor: Buffer, from: Buffer, to: Buffer) =>
  call("binary", BINARY.ElementTimes, factor, from, to, 1, 1, FLOATS, 0, 0, 0, 0, 0, 1, 1, 0);
const minus = (one: Buffer, other: Buffer, to: Buffer) =>
  call("binary", BINARY.Minus, one, other, to, 1, 1, FLOATS, 0, 0, 1, 0, 0, 1, 1, 0);

const kernels = (list: readonly Call[]) => list.map(({ kernel }) => kernel);

describe("what was computed before", () => {
  const [x, one, other] = [host(), own(), own()];
  const [a, b] = [number(), number()];
  const twice = [scale(a, x, one), scale(b, x, other), minus(one, other, host())];

  it("is read again where the same number is a factor", () => {
    const left = calls(twice, [
      [a, 0.5],
      [b, 0.5],
    ]);
    expect(kernels(left)).toEqual(["binary", "binary"]);
    expect(left[1]?.values.slice(1, 3)).toEqual([one, one]);
  });

  it.each([
    ["the numbers differ", [0.5, 0.25]],
    ["the numbers may change", []],
  ])("is computed again where %s", (_, [first, second]) => {
    const constants: [Buffer, number][] =
      first === undefined || second === undefined
        ? []
        : [
            [a, first],
            [b, second],
          ];
    expect(calls(twice, constants)).toHaveLength(3);
  });

  it("is computed again where an operand changes in between", () => {
    const changing = [twice[0], minus(host(), host(), x), ...twice.slice(1)];
    const list = changing.flatMap((one) => one ?? []);
    expect(
      calls(list, [
        [a, 1],
        [b, 1],
      ]),
    ).toHaveLength(4);
  });
});

describe("samples that are multiplied by a number", () => {
  const [samples, factor, product] = [host(), number(), own()];
  const list = [gather(samples), scale(factor, samples, product), minus(product, product, host())];

  it("are scaled while they are gathered", () => {
    const left = calls(list);
    expect(kernels(left)).toEqual(["gather_scaled_samples", "binary"]);
    expect(left[0]?.values.slice(3)).toEqual([samples, factor, product, 2, FLOATS / 2]);
  });

  it("are scaled at once for two nodes that scale by the same number", () => {
    const [again, second] = [number(), own()];
    const both = [...list, scale(again, samples, second), minus(second, product, host())];
    const left = calls(both, [
      [factor, 2],
      [again, 2],
    ]);
    expect(kernels(left)).toEqual(["gather_scaled_samples", "binary", "binary"]);
  });

  it.each([
    ["the host reads them", [samples], []],
    ["another node reads them", [], [minus(samples, samples, host())]],
  ])("are left where %s", (_, wanted, more) => {
    const left = calls([...list, ...more], [], wanted);
    expect(kernels(left).slice(0, 2)).toEqual(["gather_samples", "binary"]);
  });
});

describe("a rectifier", () => {
  const [sum, result] = [own(), host()];
  const plus = call(
    "binary",
    BINARY.Plus,
    host(),
    host(),
    sum,
    1,
    1,
    FLOATS,
    0,
    0,
    1,
    0,
    0,
    1,
    1,
    0,
  );
  const rectify = call("unary", UNARY.RectifiedLinear, sum, result, FLOATS);
  const normalize = call("batch_norm_apply", ...[0, 1, 2, 3, 4].map(host), sum, 0, 2, 2, 2);

  it("behind a sum becomes part of it", () => {
    const left = calls([plus, rectify]);
    expect(left).toHaveLength(1);
    expect(left[0]?.values[0]).toBe(BINARY.RectifiedPlus);
    expect(left[0]?.values[3]).toBe(result);
  });

  it("behind batch normalisation becomes part of it", () => {
    const left = calls([normalize, rectify]);
    expect(left).toHaveLength(1);
    expect(left[0]?.values.slice(5)).toEqual([result, 1, 2, 2, 2]);
  });

  it.each([
    ["something else reads what it rectifies", [plus, rectify, minus(sum, sum, host())]],
    ["the sum is added to", [{ ...plus, values: plus.values.with(-1, 1) }, rectify]],
    ["it is another function", [plus, { ...rectify, values: rectify.values.with(0, UNARY.Tanh) }]],
    ["a product comes before it", [scale(number(), host(), sum), rectify]],
  ])("stays where %s", (_, list) => {
    expect(calls(list)).toHaveLength(list.length);
  });
});
