import { describe, expect, it } from "@jest/globals";
import { formatCriterion, formatTime, printf } from "../../src/train/log-format.js";

describe("printf", () => {
  // what C's printf prints, checked with glibc
  it.each<[string, number | string, string]>([
    ["%d", 60000, "60000"],
    ["%2d", 3, " 3"],
    ["%4d", 12345, "12345"],
    ["%-4d|", 7, "7   |"],
    ["%03d", -5, "-05"],
    ["%f", 0.00015, "0.000150"],
    ["%f", -0, "-0.000000"],
    ["%f", -1e-9, "-0.000000"],
    ["%f", 1e22, "10000000000000000000000.000000"],
    ["%f", Number.NaN, "nan"],
    ["%f", -Infinity, "-inf"],
    ["%08.2f", -3.14159, "-0003.14"],
    ["%08f", Infinity, "     inf"],
    ["%.0f", 0.5, "0"],
    ["%.0f", 1.5, "2"],
    ["%.0f", 2.5, "2"],
    ["%.2f", 0.125, "0.12"],
    ["%.2f", 0.375, "0.38"],
    ["%.2f", -0.125, "-0.12"],
    ["%.1f", 0.25, "0.2"],
    ["%.1f", 0.35, "0.3"],
    ["%2.3f", 89.0625, "89.062"],
    ["%2.3f", 8.4375, "8.438"],
    ["%.1f", 4398046511104.25, "4398046511104.2"],
    ["%.8g", 0.0001500000071246177, "0.00015000001"],
    ["%.8g", 0.02, "0.02"],
    ["%.8g", 2e-6, "2e-06"],
    ["%.8g", 100000000, "1e+08"],
    ["%.8g", 12345678, "12345678"],
    ["%.8g", 0, "0"],
    ["%.8g", 1e-100, "1e-100"],
    ["%.6g", 4.347123, "4.34712"],
    ["%.6g", 0.0000123456789, "1.23457e-05"],
    ["%.3g", 999.5, "1e+03"],
    ["%.2g", 2.5, "2.5"],
    ["%.1g", 2.5, "2"],
    ["%.1g", 3.5, "4"],
    ["%0.8e", 1.234e-5, "1.23400000e-05"],
    ["%.0e", 2.5, "2e+00"],
    ["%.2e", -123456, "-1.23e+05"],
    ["%5s|", "ab", "   ab|"],
    ["%-5s|", "ab", "ab   |"],
    ["100%% of %d", 3, "100% of 3"],
  ])("%s of %s", (format, value, expected) => {
    expect(printf(format, value)).toBe(expected);
  });

  it("takes several values", () => {
    expect(printf("Epoch[%2d of %d]-Minibatch[%4d-%4d", 1, 3, 6, 235)).toBe(
      "Epoch[ 1 of 3]-Minibatch[   6- 235",
    );
  });
});

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
