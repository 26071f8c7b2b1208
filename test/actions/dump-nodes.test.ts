/** Texts of `dumpNodes` and of the list of nodes. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { CntkError } from "../../grammar/errors.js";
import { dumpNodes, dumpNodesAction } from "../../src/actions/dump-nodes.js";
import { listNodes } from "../../src/actions/list-nodes.js";
import type { Section } from "../../src/config/section.js";
import type { Run } from "../../src/engine/run.js";
import { readModel } from "../../src/network/model-file/read-model.js";
import { validateNetwork } from "../../src/network/validate.js";
import { operations } from "../../src/operations/index.js";
import { writeFileAtomically } from "../../src/train/checkpoint.js";
import {
  bools,
  bytesOf,
  i32,
  input,
  logisticRegression,
  matrix,
  modelBytes,
  parameter,
  shape,
  u64,
  u8,
  type NodeBytes,
} from "../network/model-file/model-bytes.js";

function networkOf(bytes: Uint8Array, precision: "float" | "double" = "float") {
  const network = readModel(bytes, "model", { precision, operations });
  validateNetwork(network, { log: () => undefined, traceLevel: 0, precision });
  return network;
}

const HASHES = "#".repeat(68);
const both = { printValues: true, printMetadata: true };

const weights = parameter("W2", [2, 3], [0.1, -0.5, 0.25, 1, 0.5, 2.5]);
const pooled: readonly NodeBytes[] = [
  input("image", 4, 4, 1),
  {
    name: "p",
    operation: "Pooling",
    body: bytesOf(
      ...[shape(2, 2, 1), shape(1), shape(2, 2, 1)],
      ...[bools(1, 1, 1), bools(0, 0, 0)],
      ...[shape(0, 0, 0), shape(0, 0, 0)],
      ...[i32(2), i32(1), u64(0), u8(0)],
    ),
    inputs: ["image"],
  },
];
const geometry =
  " Geometry:  Input: 4 x 4 x 1, Output: 2 x 2 x 1, Kernel: 2 x 2 x 1, Map: 1, Stride: 2 x 2 x 1, " +
  "Sharing: (1, 1, 1), AutoPad: (0, 0, 0), LowerPad: 0 x 0 x 0, UpperPad: 0 x 0 x 0 \n PoolKind:  2 \n";

describe("dumpNodes", () => {
  it.each([
    {
      what: "the sample of the description",
      nodes: [weights],
      options: both,
      text:
        " \nW2=LearnableParameter [2,3]   learningRateMultiplier=1.000000  NeedsGradient=true \n" +
        ` 0.100000001 0.25 0.5 \n -0.5 1 2.5 \n ${HASHES}`,
    },
    {
      what: "values alone",
      nodes: [weights, input("x", 2)],
      options: { printValues: true, printMetadata: false },
      text: " 0.100000001 0.25 0.5 \n -0.5 1 2.5 \n",
    },
    {
      what: "metadata alone",
      nodes: [
        { name: "n", operation: "Plus", inputs: ["x", "a"] },
        parameter("a", [1], [1], 0),
        input("x", 2, 3),
      ],
      options: { printValues: false, printMetadata: true },
      text:
        " \na=LearnableParameter [1,1]   learningRateMultiplier=0.000000  NeedsGradient=false" +
        " \nn=Plus ( x , a )" +
        " \nx=InputValue [ 2 x 3 ]",
    },
    {
      what: "a statistic",
      nodes: [
        {
          name: "m",
          operation: "Mean",
          body: bytesOf(u8(1), matrix(2, 1, [1.5, 1e-7])),
          inputs: ["x"],
        },
        input("x", 2),
      ],
      options: both,
      text: ` \nm=Mean ( x ) [2]   HasComputed=true \n 1.5 \n 1.00000001e-07 \n ${HASHES} \nx=InputValue [ 2 ]`,
    },
    {
      what: "a pooling",
      nodes: pooled,
      options: both,
      text: ` \nimage=InputValue [ 4 x 4 x 1 ] \np=Pooling ( image )${geometry}`,
    },
    {
      what: "the geometry without metadata",
      nodes: pooled,
      options: { printValues: true, printMetadata: false },
      text: geometry,
    },
  ])("$what", ({ nodes, options, text }) => {
    const network = networkOf(modelBytes({ version: 19, nodes }));
    expect(dumpNodes(network, { ...options, precision: "float" })).toBe(text);
  });

  it("has more digits in double precision", () => {
    const network = networkOf(modelBytes({ version: 19, nodes: [weights] }), "double");
    const text = dumpNodes(network, {
      printValues: true,
      printMetadata: false,
      precision: "double",
    });
    expect(text).toBe(" 0.10000000149011612 0.25 0.5 \n -0.5 1 2.5 \n");
  });
});

describe("the action", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "dump-nodes-"));
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });
  const modelPath = path.join(directory, "lr.dnn");
  writeFileAtomically(modelPath, logisticRegression(19));

  function sectionOf(keys: Readonly<Record<string, string | boolean>>): Section {
    const text = (key: string, byDefault: string | undefined) => {
      const value = keys[key] ?? byDefault;
      if (typeof value !== "string") throw new CntkError("configuring", `${key} is missing`);
      return value;
    };
    return {
      ...unused,
      string: text,
      integer: (_key, byDefault) => byDefault ?? 0,
      bool: (key, byDefault) => Boolean(keys[key] ?? byDefault),
      error: (key, message) => new CntkError("configuring", `${key}: ${message}`),
    };
  }

  async function dump(keys: Readonly<Record<string, string | boolean>>) {
    const lines: string[] = [];
    await dumpNodesAction(sectionOf({ modelPath, ...keys }), {
      ...unusedRun,
      log: (line) => lines.push(line),
    });
    return lines;
  }

  const heads = (file: string) =>
    [...readFileSync(path.join(directory, file), "utf8").matchAll(/\n(\S+)=/g)].map(
      ([, name]) => name,
    );

  it("writes all nodes", async () => {
    expect(await dump({})).toEqual([
      "Warning: node name '__AllNodes__' does not exist in the network. dumping all nodes instead.",
    ]);
    expect(heads("lr.dnn.__AllNodes__.txt")).toEqual([
      ...["b", "err", "features", "labels", "lr", "p", "p._"],
      ...["p._.PlusArgs[0]", "w"],
    ]);
  });

  it("writes one node", async () => {
    expect(await dump({ nodeName: "W" })).toEqual([]);
    expect(heads("lr.dnn.W.txt")).toEqual(["w"]);
  });

  it("writes the nodes of a pattern", async () => {
    const outputFile = path.join(directory, "pattern.txt");
    expect(await dump({ nodeNameRegex: "p.*", outputFile, printValues: false })).toEqual([
      "DumpNodeInfo: 3 nodes matching RegEx(p.*): ",
      "\tp",
      "\tp._",
      "\tp._.PlusArgs[0]",
      `DumpNodeInfo: dumping node info (without printing values) to ${outputFile}`,
    ]);
    expect(heads("pattern.txt")).toEqual(["p", "p._", "p._.PlusArgs[0]"]);
  });

  it.each([
    {
      keys: { printValues: false, printMetadata: false },
      message: /^printValues: .*both false/,
    },
    { keys: { nodeNameRegex: "(" }, message: /^nodeNameRegex: .*Unterminated group/ },
  ])("refuses $keys", async ({ keys, message }) => {
    await expect(dump(keys)).rejects.toThrow(message);
  });

  const refuse = () => {
    throw new Error("not used by this action");
  };
  const unused: Section = {
    path: "test.cntk:dump",
    range: undefined,
    keys: () => [],
    has: () => false,
    hasOwn: () => false,
    string: refuse,
    number: refuse,
    integer: refuse,
    bool: refuse,
    strings: refuse,
    schedule: refuse,
    section: refuse,
    optionalSection: () => undefined,
    ownSections: () => new Map(),
    text: () => undefined,
    rangeOf: () => undefined,
    error: refuse,
  };
  const unusedRun: Run = {
    log: refuse,
    stampedLog: refuse,
    precision: "float",
    deviceId: -1,
    engine: refuse,
    nextSeed: refuse,
    includeDirectories: [],
    progress: undefined,
    readText: refuse,
  };
});

describe("the list of nodes", () => {
  it("has aligned columns", () => {
    expect(listNodes(networkOf(logisticRegression(19)))).toBe(
      [
        "name             operation           inputs              shape",
        "b                LearnableParameter  -                   [1 x 1]",
        "err              SquareError         labels, p           [1]          evaluation",
        "features         InputValue          -                   [2 x *]      feature",
        "labels           InputValue          -                   [1 x *]      feature, label",
        "lr               Logistic            labels, p           [1]          criterion",
        "p                Sigmoid             p._                 [1 x 1 x *]  output",
        "p._              Plus                p._.PlusArgs[0], b  [1 x 1 x *]",
        "p._.PlusArgs[0]  Times               w, features         [1 x *]",
        "w                LearnableParameter  -                   [1 x 2]",
        "",
      ].join("\n"),
    );
  });

  it("names constants and nodes without known shape", () => {
    const nodes = [
      { name: "n", operation: "Sigmoid", inputs: ["c"] },
      parameter("c", [2], [1, 2], 0),
    ];
    const network = readModel(modelBytes({ version: 19, nodes }), "model", {
      precision: "float",
      operations,
    });
    expect(listNodes(network)).toBe(
      [
        "name  operation           inputs  shape",
        "c     LearnableParameter  -       [2]    constant",
        "n     Sigmoid             c       [0]",
        "",
      ].join("\n"),
    );
  });
});
