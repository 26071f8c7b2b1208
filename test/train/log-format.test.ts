import { describe, expect, it } from "@jest/globals";
import { formatCriterion, formatTime } from "../../src/train/log-format.js";

describe("formatCriterion", () => {
  it.each<[string, number, number, string]>([
    ["rmse", 0.33060616, 64, "rmse = 0.33060616 * 64"],
    ["ce", 1.234e-5, 64, "ce = 1.23400000e-05 * 64"],
    ["ce", 0, 0, "ce = 0.00000000 * 0"],
    ["ce", 123456789, 1, "ce = 1.23456789e+08 * 1"],
    ["errs", 0.09431, 32000, "errs = 9.431% * 32000"],
    ["errs", 57 / 64, 64, "errs = 89.062% * 64"],
    ["errs", 0, 64, "errs = 0.000% * 64"],
    ["loss", 12.5, 64, "loss = 1.250e+03% * 64"],
    ["errS", 0.5, 2, "errS = 0.50000000 * 2"],
    ["ce", Number.NaN, 2, "ce = nan * 2"],
    ["errs", Infinity, 2, "errs = inf% * 2"],
  ])("%s %s * %s", (name, value, count, expected) => {
    expect(formatCriterion({ name, value, count })).toBe(expected);
  });
});

describe("formatTime", () => {
  it.each([
    [1.051, "1.0510"],
    [8.8e-5, "8.8000e-05"],
    [0.0039, "0.0039"],
    [12345.6, "1.2346e+04"],
  ])("%s", (seconds, expected) => {
    expect(formatTime(seconds)).toBe(expected);
  });
});
