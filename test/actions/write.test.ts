/** Action `write`: the formats, the files, and what is not written. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "@jest/globals";
import { saveModelFile } from "../../src/train/checkpoint.js";
import { networkFromScript } from "../network/script-network.js";
import { runAction } from "./run-action.js";

const directory = mkdtempSync(path.join(tmpdir(), "write-"));
const inDirectory = (name: string) => path.join(directory, name);
afterAll(() => rmSync(directory, { recursive: true }));

const modelPath = inDirectory("m.dnn");
saveModelFile(
  modelPath,
  networkFromScript(`
    x = Input {3}
    image = SplitDimension (x, 1, 3)
    fixed = ParameterTensor {(2:2), initValue = 0.25}
    featureNodes = (x) ; outputNodes = (x)`).network,
  "float",
);
writeFileSync(inDirectory("data.txt"), "|x 1 0 0.5\n|x -0.125 2 2\n|x 0 0 -7\n");
writeFileSync(inDirectory("map.txt"), "ant\n bee \ncat\n");

const output = inDirectory("new/out");
beforeEach(() => rmSync(inDirectory("new"), { recursive: true, force: true }));

const keysOf = (keys: string) => `action = write ; modelPath = "${modelPath}" ; minibatchSize = 2
  outputPath = "${output}"
  reader = [ readerType = CNTKTextFormatReader ; file = "${inDirectory("data.txt")}" ; randomize = true
    input = [ x = [ dim = 3 ; format = dense ] ] ]
  ${keys}`;

const format = (keys: string) => `format = [ ${keys} ]`;
const MAP = `labelMappingFile = "${inDirectory("map.txt")}"`;

describe("double precision", () => {
  it("reaches from the data to the output", async () => {
    writeFileSync(inDirectory("tenth.txt"), "|x 0.1 0 0\n");
    const keys = `reader = [ file = "${inDirectory("tenth.txt")}" ] ; ${format('precisionFormat = ".17"')}`;
    await runAction(keysOf(keys));
    expect(readFileSync(`${output}.x`, "utf8")).toMatch(/^0\.10000000149011612 /);
    await runAction(keysOf(`${keys} ; precision = double`));
    expect(readFileSync(`${output}.x`, "utf8")).toMatch(/^0\.10000000000000001 /);
  });
});

describe("the formats", () => {
  it.each([
    {
      what: "real",
      keys: "",
      text: "1.000000 0.000000 0.500000\n-0.125000 2.000000 2.000000\n0.000000 0.000000 -7.000000\n",
    },
    {
      what: "real, with two decimals and commas",
      keys: format('precisionFormat = ".2" ; elementSeparator = ","'),
      text: "1.00,0.00,0.50\n-0.12,2.00,2.00\n0.00,0.00,-7.00\n",
    },
    {
      what: "real, one column a sample",
      keys: format('transpose = false ; precisionFormat = ".1" ; sampleSeparator = "/"'),
      text: "1.0/0.0/0.5\n-0.1/2.0/2.0\n0.0/0.0/-7.0\n",
    },
    {
      what: "category, the last of equals",
      keys: format("type = category"),
      text: "0\n2\n1\n",
    },
    {
      what: "category, with labels",
      keys: format(`type = category ; ${MAP} ; sequenceEpilogue = "\\t// %s\\n"`),
      text: "ant\t// x\ncat\t// x\nbee\t// x\n",
    },
    {
      what: "sparse",
      keys: format('type = sparse ; sampleSeparator = "\\s"'),
      text: "[0] 0.500000[2]\n-0.125000[0] 2.000000[1] 2.000000[2]\n-7.000000[2]\n",
    },
    {
      what: "sparse, with labels and all separators",
      keys: format(
        `type = sparse ; ${MAP} ; prologue = "<\\n" ; epilogue = ">" ; sequenceSeparator = ";\\s" ` +
          '; sequencePrologue = "%n.%d(%x):\\s" ; sequenceEpilogue = "" ; sampleSeparator = ","',
      ),
      text:
        "<\\n0.0(3 1): [0=ant],0.500000[2=cat]; 0.1(3 1): -0.125000[0=ant],2.000000[1=bee],2.000000[2=cat]" +
        "1.0(3 1): -7.000000[2=cat]>",
    },
    {
      what: "labels that nobody asked for",
      keys: format(MAP),
      text: "1.000000 0.000000 0.500000\n-0.125000 2.000000 2.000000\n0.000000 0.000000 -7.000000\n",
    },
  ])("$what", async ({ keys, text }) => {
    const log = await runAction(keysOf(keys));
    expect(readFileSync(`${output}.x`, "utf8")).toBe(text);
    expect(log).toEqual([
      "Minibatch[0]: ActualMBSize = 2",
      "Minibatch[1]: ActualMBSize = 1",
      `Written to ${output}*`,
      "Total Samples Evaluated = 3",
    ]);
  });

  it("shows the indices of a sample with several axes", async () => {
    await runAction(
      keysOf(`outputNodeNames = image ; ${format('transpose = false ; precisionFormat = ".1"')}`),
    );
    expect(readFileSync(`${output}.image`, "utf8").split("\n").slice(0, 3)).toEqual([
      "[0,0]\t1.0",
      "[0,1]\t0.0",
      "[0,2]\t0.5",
    ]);
  });

  it("writes a node without samples once for each minibatch, a column as a step", async () => {
    await runAction(keysOf("outputNodeNames = fixed:x:y"));
    const step = "0.250000 0.250000\n";
    expect(readFileSync(`${output}.fixed`, "utf8")).toBe(step.repeat(4));
    expect(existsSync(`${output}.x`)).toBe(true);
    expect(existsSync(`${output}.y`)).toBe(false);
  });
});

describe("what is not written", () => {
  it.each([
    { keys: "outputNodeNames = y", message: /there is no node to write/ },
    { keys: "writeSequenceKey = true", message: /writeSequenceKey: not available: the readers/ },
    { keys: "nodeUnitTest = true", message: /nodeUnitTest: not available: the engine/ },
    { keys: "writer = [ writerType = HTKMLFWriter ]", message: /writer: not available/ },
    { keys: format("type = category ; labelMappingFile = none.txt"), message: /none\.txt/ },
  ])("$keys", async ({ keys, message }) => {
    await expect(runAction(keysOf(keys))).rejects.toThrow(message);
    expect(existsSync(`${output}.x`)).toBe(false);
  });

  it("needs a path", async () => {
    await expect(runAction(`action = write ; modelPath = "${modelPath}"`)).rejects.toThrow(
      "write command: You must specify either 'writer'or 'outputPath'",
    );
  });
});
