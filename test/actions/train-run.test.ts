/** Actions train, test and write on a real network, reader and engine: logistic regression of twenty points. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { runProgram } from "../../src/cli/program.js";

const directory = mkdtempSync(path.join(os.tmpdir(), "tscntk-"));
const repository = process.cwd();

const CONFIG = `
command = train:test:write
modelPath = "models/lr.dnn"
reader = { readerType = CNTKTextFormatReader ; file = data.txt ; input = {
  features = { dim = 2 ; format = dense }
  labels = { dim = 2 ; format = dense }
} }
train = {
  action = train
  traceLevel = 1
  BrainScriptNetworkBuilder = {
    features = Input {2}
    labels = Input {2}
    W = ParameterTensor {(2:2), init = 'fixedValue', value = 0}
    b = ParameterTensor {2, init = 'fixedValue', value = 0}
    z = W * features + b
    ce = CrossEntropyWithSoftmax (labels, z)
    errs = ClassificationError (labels, z)
    featureNodes = (features) ; labelNodes = (labels) ; criterionNodes = (ce)
    evaluationNodes = (errs) ; outputNodes = (z)
  }
  SGD = {
    maxEpochs = 3 ; minibatchSize = 8 ; learningRatesPerSample = 0.1 ; momentumAsTimeConstant = 10
    keepCheckPointFiles = true
  }
}
test = { action = test }
write = { action = write ; outputNodeNames = z:labels:nothing ; outputPath = out/lr
  format = { type = category ; sequenceEpilogue = "\\s%s\\n" } }
`;

/** Points right of x = y belong to class 1. */
const DATA = Array.from({ length: 20 }, (_, i) => {
  const [x, y] = [(i * 7) % 5, (i * 3) % 4];
  return `|features ${x} ${y} |labels ${x > y ? "0 1" : "1 0"}\n`;
}).join("");

beforeAll(() => {
  process.chdir(directory);
  writeFileSync("lr.cntk", CONFIG);
  writeFileSync("data.txt", DATA);
});

afterAll(() => {
  process.chdir(repository);
  rmSync(directory, { recursive: true });
});

async function run(...more: readonly string[]): Promise<{ status: number; log: string[] }> {
  let text = "";
  const config = more.some((argument) => argument.startsWith("configFile"))
    ? []
    : ["configFile=lr.cntk"];
  const status = await runProgram([...config, "--backend", "cpu", ...more], {
    stdout: () => undefined,
    stderr: { write: (part) => (text += part), columns: undefined },
  });
  return { status, log: text.split("\n") };
}

const criteria = (log: readonly string[]) =>
  log.flatMap(
    (line) => /^Finished (Epoch.*); totalSamples|^(Final Results.*)$/.exec(line)?.[0] ?? [],
  );

describe("train, test and write", () => {
  let whole: string[] = [];
  let model: Buffer = Buffer.alloc(0);

  it("trains, writes models and checkpoints, evaluates and writes", async () => {
    const { status, log } = await run();
    expect([status, log.at(-2)]).toEqual([0, "COMPLETED."]);
    whole = criteria(log);
    expect(whole).toEqual([
      expect.stringMatching(
        /^Finished Epoch\[ 1 of 3\]: \[Training\] ce = 0\.\d{8} \* 20; errs = /,
      ),
      expect.stringMatching(/^Finished Epoch\[ 2 of 3\]: /),
      expect.stringMatching(/^Finished Epoch\[ 3 of 3\]: .*; totalSamples/),
      expect.stringMatching(
        /^Final Results: Minibatch\[1-1\]: errs = \d+\.\d{3}% \* 20; ce = 0\.\d{8} \* 20; perplexity = 1\.\d{8}$/,
      ),
    ]);
    for (const file of ["lr.dnn", "lr.dnn.0", "lr.dnn.1", "lr.dnn.2.ckp", "lr.dnn.ckp"]) {
      expect([file, existsSync(path.join("models", file))]).toEqual([file, true]);
    }
    expect(log).toContain("PatchOutputNodes: No node named 'nothing'; skipping");
    expect(log.filter((line) => /^(Minibatch\[0\]|Written|Total)/.test(line))).toEqual([
      "Minibatch[0]: ActualMBSize = 20",
      "Written to out/lr*",
      "Total Samples Evaluated = 20",
    ]);
    model = readFileSync("models/lr.dnn");
  });

  it("writes values in the order of the file, whatever the order of training", () => {
    const expected = [...DATA.matchAll(/\|labels (\d)/g)].map((match) => 1 - Number(match[1]));
    const labels = readFileSync("out/lr.labels", "utf8");
    expect(labels).toBe(expected.map((label) => `${label} labels\n`).join(""));
    expect(readFileSync("out/lr.z", "utf8")).toMatch(/^([01] z\n){20}$/);
  });

  it("does nothing if the final model is there", async () => {
    const { status, log } = await run("command=train");
    expect(status).toBe(0);
    expect(log).toContain("Final model exists: models/lr.dnn");
    expect(criteria(log)).toEqual([]);
  });

  it("goes on from the newest model as if it had never stopped", async () => {
    rmSync("models/lr.dnn");
    const { status, log } = await run("command=train");
    expect(status).toBe(0);
    expect(log).toContain("Starting from checkpoint. Loading network from 'models/lr.dnn.2'.");
    expect(criteria(log)).toEqual(whole.slice(2, 3));
    expect(readFileSync("models/lr.dnn").equals(model)).toBe(true);
  });

  it("starts over with makeMode=false, and learns the same again", async () => {
    const { log } = await run("command=train", "makeMode=false");
    expect(log).toContain("Creating virgin network.");
    expect(criteria(log)).toEqual(whole.slice(0, 3));
  });

  it.each<[string, readonly [string, string], RegExp]>([
    ["a loop", ["+ b", "+ b + PastValue (2, z)"], /PastValue: node '.*' cannot be computed/],
    [
      "no stream",
      ["  features = { dim", "  other = { dim"],
      /input 'features': the reader has no stream/,
    ],
    [
      "another size",
      ["features = { dim = 2", "features = { dim = 3"],
      /input 'features': expected 2 values/,
    ],
  ])("refuses what cannot run before anything is written: %s", async (_, change, expected) => {
    writeFileSync("refused.cntk", CONFIG.replace(...change));
    const { status, log } = await run(
      ...["configFile=refused.cntk", "command=train", "modelPath=refused/lr.dnn"],
    );
    expect(log.join("\n")).toMatch(expected);
    expect(status).toBe(1);
    expect(readdirSync("refused")).toEqual([]);
  });

  it.each([
    ["test=[modelPath=none.dnn]", /cannot read the model 'none\.dnn'/],
    ["test=[evalNodeNames=W]", /must be scalar, but 'W' has the shape \[2 x 2\]/],
    ["write=[outputPath=]", /outputPath/],
    ["write=[format=[type=picture]]", /expected real, category, sparse, found "picture"/],
    ["write=[outputNodeNames=nothing]", /there is no node to write/],
  ])("explains mistakes: %s", async (argument, expected) => {
    const command = argument.startsWith("test") ? "command=test" : "command=write";
    const { status, log } = await run(argument, command);
    expect(log.join("\n")).toMatch(expected);
    expect(log.join("\n")).not.toContain("error in tscntk itself");
    expect(status).toBe(1);
  });
});
