import { describe, expect, it } from "@jest/globals";
import { goldenCases } from "../golden-cases.js";
import { networkFromScript } from "./script-network.js";

describe("validation log", () => {
  it.each(goldenCases("networks/log.txt"))("$name", ({ source, expected }) => {
    expect(networkFromScript(source).log.trim()).toBe(expected.trim());
  });
});
