/** Action `edit`: saves the network of a builder. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "@jest/globals";
import { loadModelFile } from "../../src/train/checkpoint.js";
import { logisticRegression } from "../network/model-file/model-bytes.js";
import { runAction } from "./run-action.js";

const directory = mkdtempSync(path.join(tmpdir(), "edit-"));
const inDirectory = (name: string) => path.join(directory, name);
const output = inDirectory("new.dnn");
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => {
  rmSync(output, { force: true });
  writeFileSync(inDirectory("old.dnn"), logisticRegression(19));
});

const keysOf = (builder: string) =>
  `action = edit ; outputModelPath = "${output}" ; BrainScriptNetworkBuilder = ${builder}`;
const LOAD = `(BS.Network.Load ("${inDirectory("old.dnn")}"))`;

describe("edit", () => {
  it.each([
    {
      what: "a network from a file",
      builder: LOAD,
      names: "b err features labels lr p p._ p._.PlusArgs[0] w",
    },
    { what: "a network of its own", builder: "{ x = Input {2} ; y = Tanh (x) }", names: "x y" },
  ])("saves $what", async ({ builder, names }) => {
    const log = await runAction(keysOf(builder));
    const { nodes } = loadModelFile(output, { precision: "float" });
    expect(nodes.map(({ name }) => name).join(" ")).toBe(names);
    expect(log.slice(-2)).toEqual(["", `Model with ${nodes.length} nodes saved as '${output}'.`]);
  });

  it("keeps a model that is there, except with makeMode=false", async () => {
    writeFileSync(output, "old");
    expect(await runAction(keysOf(LOAD))).toEqual([
      `'${output}' exists, skipping. Specify makeMode=false to force executing the action.`,
    ]);
    await runAction(`${keysOf(LOAD)} ; makeMode = false`);
    expect(loadModelFile(output, { precision: "float" }).nodes).toHaveLength(9);
  });

  it.each([
    { keys: "action = edit", message: /outputModelPath: required, but missing/ },
    { keys: `action = edit ; outputModelPath = "${output}"`, message: /no network builder/ },
    { keys: "action = edit ; editPath = a.mel", message: /model editing language/ },
  ])("refuses '$keys'", async ({ keys, message }) => {
    await expect(runAction(keys)).rejects.toThrow(message);
    expect(existsSync(output)).toBe(false);
  });
});
