/** Action `createLabelMap`: the labels of a column, each once. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "@jest/globals";
import { runAction } from "./run-action.js";

const directory = mkdtempSync(path.join(tmpdir(), "labels-"));
const inDirectory = (name: string) => path.join(directory, name);
const map = inDirectory("map.txt");
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => {
  rmSync(map, { force: true });
  writeFileSync(inDirectory("data.txt"), "1 2 cat\n3\t4  dog\r\n\n5 6 cat\n7 8 ant\n");
  writeFileSync(inDirectory("commas.txt"), "x,2\ny,4\nx,6\n");
});

const keysOf = (labels: string, reader = "readerType = UCIFastReader", file = "data.txt") =>
  `action = createLabelMap ; section = train
   train = [ reader = [ ${reader} ; file = "${inDirectory(file)}"
     features = [ dim = 2 ; start = 0 ]
     ${labels} ] ]`;
const LABELS = `labels = [ start = 2 ; dim = 1 ; labelDim = 3 ; labelMappingFile = "${map}" ]`;

describe("createLabelMap", () => {
  it.each([
    { what: "blanks between columns", keys: keysOf(LABELS), labels: "cat\ndog\nant\n" },
    {
      what: "another delimiter",
      keys: keysOf(
        LABELS.replace("start = 2", "start = 0"),
        'readerType = UCIFastReader ; customDelimiter = ","',
        "commas.txt",
      ),
      labels: "x\ny\n",
    },
  ])("$what", async ({ keys, labels }) => {
    expect(await runAction(keys)).toEqual([`CreateLabelMap: Creating the mapping file '${map}' `]);
    expect(readFileSync(map, "utf8")).toBe(labels);
  });

  it("leaves a file that is there alone", async () => {
    writeFileSync(map, "old");
    expect(await runAction(keysOf(LABELS))).toEqual([
      `CreateLabelMap: the label mapping file '${map}' already exists, no work to do.`,
    ]);
    expect(readFileSync(map, "utf8")).toBe("old");
  });

  it.each([
    { keys: keysOf(""), message: /has no labels/ },
    { keys: keysOf("labels = [ labelDim = 3 ]"), message: /have no labelMappingFile/ },
    {
      keys: keysOf(LABELS, "readerType = CNTKTextFormatReader"),
      message: /expected UCIFastReader, found CNTKTextFormatReader/,
    },
    {
      keys: keysOf(LABELS.replace("start = 2", "start = 3")),
      message: /data\.txt:1 has 3 columns, none at 3/,
    },
    {
      keys: keysOf(LABELS.replace("dim = 1", "labelType = Regression")),
      message: /expected Category, found Regression/,
    },
  ])("refuses %#", async ({ keys, message }) => {
    await expect(runAction(keys)).rejects.toThrow(message);
  });
});
