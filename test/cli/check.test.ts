/** `tscntk check`: what it finds, how it prints it, and the networks that `--graph` shows. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { isKnownKey, KNOWN_KEYS } from "../../src/config/known-keys.js";
import { runProgram } from "../../src/cli/program.js";
import { tf } from "../../src/operations/tensors.js";
import { goldenCases } from "../golden-cases.js";

const directory = mkdtempSync(path.join(os.tmpdir(), "tscntk-check-"));
const repository = process.cwd();

/** A config without mistakes; cases change parts of it. */
const BASE = `command = train
modelPath = "model.dnn"
BrainScriptNetworkBuilder = { x = Input {2} ; z = ParameterTensor {(1:2)} * x ; criterionNodes = (z) }
train = {
  action = train
  SGD = { maxEpochs = 1 ; learningRatesPerSample = 0.1 }
  reader = { file = "data.txt" ; input = { x = { dim = 2 ; format = dense } } }
}
`;

beforeAll(() => {
  process.chdir(directory);
  writeFileSync("base.cntk", BASE);
});

afterAll(() => {
  process.chdir(repository);
  rmSync(directory, { recursive: true });
});

async function check(...args: readonly string[]) {
  let stdout = "";
  let stderr = "";
  const status = await runProgram(["check", ...args], {
    stdout: (text) => (stdout += text),
    stderr: { write: (text) => (stderr += text), columns: undefined },
  });
  return { status, stdout, stderr };
}

/** The config of a network alone; it has no criterion, which is a mistake only in training. */
function writeNetwork(name: string, network: string): string {
  const command = `command = write ; write = { action = write ; outputPath = "out" ; outputNodeNames = z
    reader = { file = "data.txt" ; input = { features = { dim = 150528 ; format = dense } } } }`;
  writeFileSync(name, `${command}\nBrainScriptNetworkBuilder = {\n${network}\n}\n`);
  return `configFile=${name}`;
}

describe("mistakes and warnings", () => {
  it.each(goldenCases("check.txt"))("$name", async ({ source, expected }) => {
    writeFileSync("case.cntk", `${source}\n`);
    const { status, stdout, stderr } = await check("configFile=base.cntk+case.cntk");
    expect(stdout.trimEnd()).toBe(expected);
    expect(stderr).toBe("");
    expect(status).toBe(stdout.includes(" 0 errors") ? 0 : 1);
  });

  it("finds none in the configs that come with the program", async () => {
    const configs = readdirSync(path.join(repository, "configs")).filter((name) =>
      name.endsWith(".cntk"),
    );
    expect(configs).toContain("07_Deconvolution_BS.cntk");
    for (const name of configs) {
      const { stdout } = await check(`configFile=${path.join(repository, "configs", name)}`);
      expect(stdout).toMatch(/: \d commands?, 0 errors, 0 warnings\n$/);
    }
  });

  it("says in which argument a mistake stands", async () => {
    const { stdout } = await check("configFile=base.cntk", "train=[SGD=[maxEpoch=3]]");
    expect(stdout).toMatch(
      /^argument 2:1:13: warning: nobody reads the key 'maxEpoch' of train:SGD\n/,
    );
  });

  it("does not load TensorFlow.js", async () => {
    expect((await check("configFile=base.cntk")).status).toBe(0);
    expect(tf).toBeUndefined();
  });
});

describe("--json", () => {
  it("prints what it found, for editors", async () => {
    writeFileSync("case.cntk", "traceLevel = high\ncolour = red\nmaxEpoch = 2\n");
    const { status, stdout, stderr } = await check("--json", "configFile=base.cntk+case.cntk");
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    const place = (line: number, column: number, endColumn: number) => ({
      ...{ file: "case.cntk", line, column, endLine: line, endColumn },
    });
    expect(JSON.parse(stdout)).toEqual([
      {
        ...place(1, 14, 18),
        severity: "error",
        message: 'traceLevel: expected an integer, found "high"',
      },
      { ...place(2, 1, 7), severity: "warning", message: "nobody reads the key 'colour'" },
      {
        ...place(3, 1, 9),
        severity: "warning",
        message: "nobody reads the key 'maxEpoch'",
        hint: "did you mean 'maxEpochs'?",
      },
    ]);
  });

  it.each([
    ["base.cntk", 0, []],
    ["nowhere.cntk", 1, [{ file: "argument 1", line: 1, column: 12, severity: "error" }]],
  ])("prints an array for %s, too", async (file, status, expected) => {
    const result = await check("--json", `configFile=${file}`);
    expect(result.status).toBe(status);
    expect(JSON.parse(result.stdout)).toMatchObject(expected);
  });

  it("ends marks over several lines with the first one", async () => {
    writeFileSync("case.cntk", "train = {\n}\n");
    const { stdout } = await check("--json", "configFile=base.cntk+case.cntk");
    const places: unknown = JSON.parse(stdout);
    expect(places).toMatchObject([
      { line: 1, endLine: 1 },
      { line: 1, endLine: 1 },
    ]);
  });
});

describe("arguments", () => {
  it.each([
    [["--grahp", "configFile=base.cntk"], /^configuring: unknown option --grahp\n/],
    [["--json", "--graph", "configFile=base.cntk"], /^configuring: --graph and --json exclude/],
    [
      ["base.cntk"],
      /^configuring: check: expected configFile=FILE\n {2}hint: tscntk check configFile=base.cntk\n$/,
    ],
  ])("%j", async (args, expected) => {
    const { status, stdout, stderr } = await check(...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(expected);
  });
});

describe("--graph", () => {
  const IMAGE = "[28 x 28 x 1 x *]";
  /** The table of library.md 22, in CNTK's order of evaluation. */
  const DECONVOLUTION: readonly (readonly [string, string, readonly string[], string])[] = [
    ["z.deconv1.W", "LearnableParameter", [], "[5 x 5 x 1 x 1]"],
    ["z.conv1.W", "LearnableParameter", [], "[5 x 5 x 1 x 1]"],
    ["f1.ElementTimesArgs[0]", "LearnableParameter", [], "[1 x 1]"],
    ["features", "InputValue", [], IMAGE],
    ["f1", "ElementTimes", ["f1.ElementTimesArgs[0]", "features"], IMAGE],
    ["z.conv1.c", "Convolution", ["z.conv1.W", "f1"], IMAGE],
    ["z.conv1.b", "LearnableParameter", [], "[1 x 1 x 1]"],
    ["z.conv1.res._", "Plus", ["z.conv1.c", "z.conv1.b"], IMAGE],
    ["z.conv1.res", "RectifiedLinear", ["z.conv1.res._"], IMAGE],
    ["z.pool1", "Pooling", ["z.conv1.res"], "[7 x 7 x 1 x *]"],
    ["z.unpool1", "MaxUnpooling", ["z.pool1", "z.conv1.res"], IMAGE],
    ["z", "Convolution", ["z.deconv1.W", "z.unpool1"], IMAGE],
    ["f2.ElementTimesArgs[0]", "LearnableParameter", [], "[1 x 1]"],
    ["f2", "ElementTimes", ["f2.ElementTimesArgs[0]", "features"], IMAGE],
    ["err", "Minus", ["z", "f2"], IMAGE],
    ["sqErr", "ElementTimes", ["err", "err"], IMAGE],
    ["mse", "ReduceElements", ["sqErr"], "[1 x *]"],
    ["rmse", "Sqrt", ["mse"], "[1 x *]"],
  ];

  it("prints the network of 07 as CNTK names it, once for all its commands", async () => {
    const config = path.join(repository, "configs/07_Deconvolution_BS.cntk");
    const { status, stdout } = await check(`configFile=${config}`, "--graph");
    const shapes = new Map(DECONVOLUTION.map(([name, , , shape]) => [name, shape]));
    const lines = DECONVOLUTION.map(([name, operation, inputs, shape]) => {
      const list = inputs.length === 0 ? "()" : ` (${inputs.join(", ")})`;
      const inputShapes = inputs.map((input) => shapes.get(input)).join(", ");
      return `Validating --> ${name} = ${operation}${list} : ${inputShapes} -> ${shape}`;
    });
    expect(stdout.split("\n")).toEqual([
      "trainNetwork:",
      ...lines,
      "Training 51 parameters in 3 out of 3 parameter tensors and 13 nodes with gradient:",
      "",
      "testNetwork: the network of trainNetwork",
      "",
      "writeResults: the network of trainNetwork",
      "",
      `${config}: 3 commands, 0 errors, 0 warnings`,
      "",
    ]);
    expect(status).toBe(0);
  });

  /** Parameters by formula: outputs x (inputs + 1) in each layer. */
  it.each([
    ["01_OneHidden.cntk", (784 + 1) * 200 + (200 + 1) * 10],
    ["02_OneConv.cntk", 16 * (25 + 1) + 64 * (14 * 14 * 16 + 1) + 10 * (64 + 1)],
  ])("counts the parameters of %s", async (name, count) => {
    const { stdout } = await check(
      `configFile=${path.join(repository, "configs", name)}`,
      "--graph",
    );
    expect(stdout).toContain(`\nTraining ${count} parameters in `);
  });

  it("makes the 138 million parameters of VGG16 without values", async () => {
    const config = writeNetwork(
      "vgg16.cntk",
      `features = Input {(224:224:3)}
       conv {maps} = ConvolutionalLayer {maps, (3:3), pad=true, activation=ReLU}
       pool = MaxPoolingLayer {(2:2), stride=(2:2)}
       z = Sequential (
         conv{64} : conv{64} : pool : conv{128} : conv{128} : pool :
         conv{256} : conv{256} : conv{256} : pool : conv{512} : conv{512} : conv{512} : pool :
         conv{512} : conv{512} : conv{512} : pool :
         DenseLayer {4096, activation=ReLU} : DenseLayer {4096, activation=ReLU} : LinearLayer {1000}
       ) (features)`,
    );
    const { status, stdout } = await check(config, "--graph");
    const elements = [...stdout.matchAll(/ = LearnableParameter\(\) : {2}-> \[(.*)\]/g)].map(
      ([, shape = ""]) => shape.split(" x ").reduce((product, size) => product * Number(size), 1),
    );
    expect(elements.reduce((sum, count) => sum + count, 0)).toBe(138_357_544);
    expect(status).toBe(0);
  });
});

describe("known keys", () => {
  it("are in lists of words that stand for themselves", () => {
    expect(KNOWN_KEYS.filter((key) => !/^[A-Za-z][A-Za-z0-9_]*$/.test(key))).toEqual([]);
    expect(["MAXEPOCHS", "readerType", "maxEpoch"].map(isKnownKey)).toEqual([true, true, false]);
  });

  it("are all that the program reads of sections", () => {
    const read = /\.(?:string|integer|number|bool|strings|schedule|optionalSection)\(\s*"(\w+)"/g;
    const texts = sourcesOf("src")
      .map((file) => readFileSync(file, "utf8"))
      .filter((text) => text.includes("/config/section.js"));
    const asked = texts.flatMap((text) => Array.from(text.matchAll(read), ([, key = ""]) => key));
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.filter((key) => !isKnownKey(key))).toEqual([]);
  });
});

function sourcesOf(folder: string): string[] {
  return readdirSync(path.join(repository, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => path.join(repository, folder, name));
}
