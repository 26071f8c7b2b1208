import { describe, expect, it } from "@jest/globals";
import { plotLines } from "../../src/cli/plot-lines.js";

describe("plotLines", () => {
  it("draws the values over the epochs", () => {
    const lines = plotLines("ce", [8, 5, 3, 2, 1.5, 1.25, 1.125, 1], 22);
    expect(lines).toEqual([
      "ce over 8 epochs",
      "          8 |*",
      "            |",
      "            |",
      "            | *",
      "            |",
      "            |  *",
      "            |   *",
      "          1 |    ****",
      "            +--------",
      "             1      8",
    ]);
  });

  it.each([
    ["none for one epoch", [1], 0],
    ["none without a number", [NaN, Infinity, 3], 0],
    ["all the same", [2, 2], 11],
    ["a gap for what is no number", [3, NaN, 1], 11],
  ])("%s", (_, values, expected) => {
    expect(plotLines("ce", values, 80)).toHaveLength(expected);
  });

  it("fits narrow terminals and does not fill wide ones", () => {
    const width = (columns: number) =>
      Math.max(...plotLines("ce", [1, 2, 3], columns).map((line) => line.length));
    expect(width(40)).toBeLessThanOrEqual(40);
    expect(width(1000)).toBeLessThanOrEqual(80);
  });
});
