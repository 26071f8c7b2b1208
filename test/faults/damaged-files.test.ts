/** Five hundred damaged files of each kind: an error or a result; `npm run fuzz-files` reads more. */

import { describe, expect, it } from "@jest/globals";
import { fuzzCheckpoints, fuzzModels } from "./fuzz-models.js";
import { fuzzTexts } from "./fuzz-texts.js";

const RUNS = 500;

describe("damaged files", () => {
  it.each([
    { what: "models", fuzz: fuzzModels },
    { what: "checkpoints", fuzz: fuzzCheckpoints },
    { what: "texts", fuzz: fuzzTexts },
  ])("are refused or read: $what", ({ fuzz }) => {
    const { failures, refused } = fuzz(RUNS, 1);
    expect(failures).toEqual([]);
    // neither everything nor nothing
    expect(refused).toBeGreaterThan(RUNS / 10);
    expect(refused).toBeLessThan(RUNS);
  });
});
