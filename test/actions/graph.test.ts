/** `tscntk graph`: which network of a file is drawn. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { drawGraph, type GraphOptions } from "../../src/actions/graph.js";
import { logisticRegression } from "../network/model-file/model-bytes.js";
import { runWithLog } from "./run-action.js";

const directory = mkdtempSync(path.join(tmpdir(), "graph-"));
const inDirectory = (name: string) => path.join(directory, name);

const CONFIG = `
command = look:learn:more
dim = 3
look = [ action = dumpNodes ; modelPath = none ]
learn = [ BrainScriptNetworkBuilder = [ x = Input {$dim$} ; y = Sigmoid (x) ; outputNodes = (y) ] ]
more = [ action = test:train ; BrainScriptNetworkBuilder = (new ComputationNetwork [ x = Input {3} ; t = Tanh (x) ]) ]
`;

beforeAll(() => {
  writeFileSync(inDirectory("a.cntk"), CONFIG);
  writeFileSync(inDirectory("a.dnn"), logisticRegression(19));
});
afterAll(() => rmSync(directory, { recursive: true }));

function draw(options: Omit<GraphOptions, "svg">): { text: string; log: string[] } {
  const log: string[] = [];
  const svg = inDirectory("new/out.svg");
  rmSync(svg, { force: true });
  drawGraph({ ...options, file: inDirectory(options.file), svg }, runWithLog(log));
  return { text: existsSync(svg) ? readFileSync(svg, "utf8") : "", log };
}

describe("graph", () => {
  it.each([
    {
      what: "the first command that trains",
      options: { file: "a.cntk" },
      title: "a.cntk: learn",
      shown: ">[3 x *]<",
    },
    {
      what: "the command asked for",
      options: { file: "a.cntk", command: "more" },
      title: "a.cntk: more",
      shown: ">Tanh<",
    },
    {
      what: "settings of the command line",
      options: { file: "a.cntk", settings: ["dim=5"] },
      title: "a.cntk: learn",
      shown: ">[5 x *]<",
    },
    { what: "a model", options: { file: "a.dnn" }, title: "a.dnn", shown: ">w [1 x 2]<" },
  ])("$what", ({ options, title, shown }) => {
    const { text, log } = draw(options);
    expect(text).toContain(`>${title}</title>`);
    expect(text).toContain(shown);
    expect(log).toEqual([
      expect.stringMatching(
        `^Written to .*out\\.svg: ${title}, \\d+ nodes; \\d+ parameters in \\d tensors$`,
      ),
    ]);
  });

  it.each([
    {
      options: { file: "a.cntk", settings: ["command=look"] },
      message: /none of the commands trains: look/,
    },
    { options: { file: "a.cntk", command: "lern" }, message: /lern: required, but missing/ },
    { options: { file: "none.cntk" }, message: /none\.cntk/ },
    {
      options: { file: "a.cntk", settings: ["learn=[BrainScriptNetworkBuilder=(1)]"] },
      message: /must yield a network/,
    },
  ])("refuses $options", ({ options, message }) => {
    expect(() => draw(options)).toThrow(message);
  });
});
