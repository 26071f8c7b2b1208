import { expect, it } from "@jest/globals";
import { floatingLiteral, valueOfLiteral } from "../../grammar/number.js";

it.each([
  ["0", 0],
  ["10", 10],
  ["010", 10],
  ["1.", 1],
  [".25", 0.25],
  ["1.5E+2", 150],
  ["1e-400", 0],
  ["1e400", Infinity],
  ["0xff", 255],
  ["0X1.8", 1.5],
  ["0x.4p2", 1],
  ["0x1P-1", 0.5],
  // Above 2^53 the digits are rounded to even, once.
  ["0x20000000000001", 2 ** 53],
  ["0x20000000000003", 2 ** 53 + 4],
  ["0x1.fffffffffffff8p0", 2],
])("%s is %p", (literal, value) => {
  expect(floatingLiteral.test(literal)).toBe(true);
  expect(valueOfLiteral(literal)).toBe(value);
});

it.each(["", ".", "e5", "1e", "0x", "0x.", "1p2", "-1", "1 ", "1f", "1.2.3"])(
  "%p is no literal",
  (text) => {
    expect(floatingLiteral.test(text)).toBe(false);
  },
);
