/** 2,000 mutated configs and cases: each is right or its mistakes are told. `npm run fuzz` runs as many as one likes. */

import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { readCorpus } from "../../bench/fuzz/corpus.js";
import { Dice, mutate } from "../../bench/fuzz/mutate.js";
import { fuzz, mutant } from "../../bench/fuzz/run.js";

const corpus = readCorpus(process.cwd());
const folder = mkdtempSync(path.join(os.tmpdir(), "tscntk-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("the generator", () => {
  it("makes the same text of the same run", () => {
    const options = { corpus, seed: 7 };
    expect(mutant(options, 3)).toEqual(mutant(options, 3));
    expect(mutant(options, 3)).not.toEqual(mutant(options, 4));
  });

  it("starts from configs and from cases", () => {
    const kinds = new Set(corpus.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(["config", "script"]));
    expect(corpus.length).toBeGreaterThan(300);
  });

  it("leaves few texts as they are", () => {
    const original = Buffer.from("x = Input {3}\nz = ReLU (x)\n");
    const texts = Array.from({ length: 100 }, (_, seed) =>
      mutate(original, new Dice(seed), [original]).toString("latin1"),
    );
    const isUnchanged = (text: string) => text === original.toString("latin1");
    expect(texts.filter(isUnchanged).length).toBeLessThan(10);
    expect(new Set(texts).size).toBeGreaterThan(80);
  });
});

describe("mutated texts", () => {
  it("never get through to JavaScript", async () => {
    // how long a run takes depends on the machine: `npm run fuzz` looks at that
    const options = { corpus, seed: 1, first: 0, last: 1999, folder, milliseconds: Infinity };
    const { right, mistakes, findings } = await fuzz(options);
    expect(findings.map(({ run, problem }) => `run ${run}: ${problem}`)).toEqual([]);
    expect(right + mistakes).toBe(2000);
    expect(right).toBeGreaterThan(50);
    expect(mistakes).toBeGreaterThan(500);
  }, 120_000);
});
