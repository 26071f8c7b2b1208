/** Which arguments become the values of which parameters; what is said about wrong ones stands in program.test.ts. */

import { describe, expect, it } from "@jest/globals";
import { firstWord, parseArguments } from "../../src/cli/arguments.js";
import {
  flag,
  oneOf,
  positiveInteger,
  required,
  text,
  texts,
  withDefault,
} from "../../src/cli/parameters.js";

const file = required(text("file", "File"));
const settings = texts("settings", "Settings");
const to = withDefault(text("to", "Folder"), "output");
const form = oneOf("form", "Form", ["dense", "sparse"]);
const count = positiveInteger("count", "How many");
const nodes = texts("nodes", "Nodes");
const quick = flag("quick", "Is quick");

const options = [to, form, count, nodes, quick];
const syntax = { name: "draw", describe: "", positionals: [file, settings], options };

describe("parseArguments", () => {
  const nothing = { settings: [], to: "output", nodes: [], quick: false };

  it.each([
    { args: ["a"], expected: { file: "a" } },
    { args: ["a", "k=1", "k=2"], expected: { file: "a", settings: ["k=1", "k=2"] } },
    { args: ["--to", "b", "a", "k=1"], expected: { file: "a", settings: ["k=1"], to: "b" } },
    { args: ["--to=b=c", "a"], expected: { file: "a", to: "b=c" } },
    { args: ["a", "--to=--b"], expected: { file: "a", to: "--b" } },
    { args: ["a", "--to", "b", "--to", "c"], expected: { file: "a", to: "c" } },
    {
      args: ["a", "--form", "sparse", "--count=3"],
      expected: { file: "a", form: "sparse", count: 3 },
    },
    { args: ["--quick", "a"], expected: { file: "a", quick: true } },
    {
      args: ["a", "--nodes", "x", "y", "--quick", "k=1"],
      expected: { file: "a", nodes: ["x", "y"], quick: true, settings: ["k=1"] },
    },
    {
      args: ["--nodes", "x", "--nodes", "y", "--", "a", "--to"],
      expected: { file: "a", nodes: ["x", "y"], settings: ["--to"] },
    },
  ])("$args", ({ args, expected }) => {
    const value = parseArguments(args, syntax);
    expect({
      ...{ file: value(file), settings: value(settings), to: value(to), form: value(form) },
      ...{ count: value(count), nodes: value(nodes), quick: value(quick) },
    }).toEqual({ ...nothing, ...expected });
  });
});

describe("firstWord", () => {
  it.each<[readonly string[], number | undefined]>([
    [[], undefined],
    [["a", "--to", "b"], 0],
    [["--to", "b", "--quick", "a"], 3],
    [["--to=b", "--", "a"], 2],
    [["--to", "b"], undefined],
    [["--unknown", "a"], undefined],
  ])("%j: %p", (args, expected) => {
    expect(firstWord(args, options)).toBe(expected);
  });
});
