/** The program: exit code, standard output, standard error; a few runs as a process of its own, the others in this one. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { runProgram } from "../../src/cli/program.js";
import { buildProgram } from "./build-program.js";

const directory = mkdtempSync(path.join(os.tmpdir(), "tscntk-"));
const repository = process.cwd();

beforeAll(() => {
  process.chdir(directory);
});

afterAll(() => {
  process.chdir(repository);
  rmSync(directory, { recursive: true });
});

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program in an empty folder, with the given files in it. */
async function tscntk(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<Result> {
  for (const [name, text] of Object.entries(files)) writeFileSync(name, text);
  let stdout = "";
  let stderr = "";
  const status = await runProgram(args, {
    stdout: (text) => (stdout += text),
    stderr: { write: (text) => (stderr += text), columns: undefined },
  });
  return { status, stdout, stderr };
}

describe("as a process", () => {
  let main = "";
  const folder = path.join(repository, "output", `program-${process.pid}`);

  beforeAll(() => {
    process.chdir(repository);
    main = buildProgram(folder);
    process.chdir(directory);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each<[readonly string[], number, RegExp, RegExp]>([
    [["--help"], 0, /^tscntk configFile=FILE \[key=value \.\.\.\]\n/, /^$/],
    [[], 1, /^$/, /No command-line argument given\.\n/],
    [["configFile=nowhere.cntk"], 1, /^$/, /\nEXCEPTION occurred: .*nowhere\.cntk/],
  ])("%j", (args, status, stdout, stderr) => {
    assert(main !== "");
    const result = spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
    expect(result.stdout).toMatch(stdout);
    expect(result.stderr).toMatch(stderr);
    expect(result.status).toBe(status);
  });
});

describe("help and version", () => {
  it.each([
    [["--help"], ["tscntk configFile=FILE [key=value ...]", "tscntk nodes <model>", "--backend"]],
    [
      ["install", "--help"],
      ["tscntk install <dataset>", '[choices: "mnist"]', "--from", "--to"],
    ],
    [
      ["check", "--help"],
      ["tscntk check [settings..]", "configFile=FILE", "--graph", "--json"],
    ],
    [
      ["nodes", "--help"],
      ["tscntk nodes <model>", "Model file"],
    ],
    [
      ["visualize", "--help"],
      ["--model", "--data", "--nodes", "--count", "--to"],
    ],
    [
      ["--backend", "wasm", "graph", "--help"],
      ["tscntk graph <file> [settings..]", "--svg", "--backend"],
    ],
    [
      ["configFile=my.cntk", "--help"],
      ["tscntk configFile=FILE [key=value ...]", "--tensorboard", "--threads", "--trace"],
    ],
    [["--version"], ["0."]],
    [["check", "--version"], ["0."]],
  ])("%j", async (args, expected) => {
    const { status, stdout, stderr } = await tscntk(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const text of expected) expect(stdout).toContain(text);
  });

  it("lists only what a subcommand uses, in two columns", async () => {
    const { stdout } = await tscntk(["visualize", "--help"]);
    expect(stdout.split("\n")).toEqual([
      "tscntk visualize",
      "",
      "Draw what an auto-encoder makes of images: input, encoding and output",
      "",
      "Options:",
      "  --model TEXT    Model file [required]",
      "  --data TEXT     Images in text format [required]",
      "  --nodes TEXT..  Input, encoding and output",
      "  --count NUMBER  How many images [default: 10]",
      '  --to TEXT       Folder to write to [default: "output"]',
      "  --backend TEXT  What computes: auto takes the best one that is there",
      '                  [choices: "auto", "kernels", "tensorflow", "wasm", "cpu"] [default: "auto"]',
      "  --help          Show help",
      "",
    ]);
  });

  it("fits into 100 columns", async () => {
    const { stdout } = await tscntk(["--help"]);
    const widths = stdout.split("\n").map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(100);
    expect(stdout).toContain(
      "input, encoding and\n                                    output\n\nOptions:\n",
    );
  });
});

describe("arguments that are not understood", () => {
  const lists = (subcommand: string) =>
    `  hint: tscntk ${subcommand} --help lists what is possible`;

  it.each<[readonly string[], string | RegExp]>([
    [
      ["my.cntk"],
      'configuring: no configFile=FILE among the arguments, found "my.cntk"\n  hint: did you mean configFile=my.cntk?',
    ],
    [
      ["visualise"],
      'configuring: no configFile=FILE among the arguments, found "visualise"\n  hint: did you mean tscntk visualize?',
    ],
    [
      ["maxEpochs=3"],
      'configuring: no configFile=FILE among the arguments, found "maxEpochs=3"\n  hint: run tscntk configFile=FILE [key=value ...]; tscntk --help lists what else there is',
    ],
    [
      ["--backend", "cpu"],
      /^configuring: no configFile=FILE among the arguments\n  hint: run tscntk /,
    ],
    [
      ["nodes"],
      `configuring: nodes <model>: expected a model file, found nothing\n${lists("nodes")}`,
    ],
    [
      ["nodes", ""],
      `configuring: nodes <model>: expected a model file, found ""\n${lists("nodes")}`,
    ],
    [
      ["nodes", "one.dnn", "two.dnn"],
      `configuring: nodes: expected nothing behind <model>, found "two.dnn"\n${lists("nodes")}`,
    ],
    [
      ["visualize", "one.dnn"],
      `configuring: visualize: expected nothing but options, found "one.dnn"\n${lists("visualize")}`,
    ],
    [
      ["graph", "my.cntk"],
      `configuring: graph --svg: expected a file to write, found nothing\n${lists("graph")}`,
    ],
    [
      ["graph", "my.cntk", "--svg"],
      `configuring: graph --svg: expected a file to write, found nothing\n${lists("graph")}`,
    ],
    [
      ["graph", "my.cntk", "--svg="],
      `configuring: graph --svg: expected a file to write, found ""\n${lists("graph")}`,
    ],
    [
      ["graph", "my.cntk", "--svg", "--command", "train"],
      `configuring: graph --svg: expected a file to write, found "--command"\n${lists("graph")}`,
    ],
    [
      ["check", "configFile=my.cntk", "--json=yes"],
      `configuring: check --json: expected no value, found "yes"\n${lists("check")}`,
    ],
    [
      ["install", "cifar"],
      `configuring: install <dataset>: expected mnist, found "cifar"\n${lists("install")}`,
    ],
    [
      ["install", "mnits"],
      'configuring: install <dataset>: expected mnist, found "mnits"\n  hint: did you mean mnist?',
    ],
    [
      ["--backend", "wsam", "nodes", "one.dnn"],
      'configuring: nodes --backend: expected auto, kernels, tensorflow, wasm or cpu, found "wsam"\n  hint: did you mean wasm?',
    ],
    ...["ten", "0", "2.5", "-3"].map((count): [string[], string] => [
      ["visualize", "--model", "one.dnn", "--data", "data.txt", "--count", count],
      `configuring: visualize --count: expected a positive integer, found "${count}"\n${lists("visualize")}`,
    ]),
    [["--bakend", "wasm"], "configuring: unknown option --bakend\n  hint: did you mean --backend?"],
    [["-backend", "wasm"], "configuring: unknown option -backend\n  hint: did you mean --backend?"],
    [
      ["nodes", "one.dnn", "--grahp=x"],
      "configuring: unknown option --grahp\n  hint: known to nodes: --backend, --version, --help",
    ],
    [
      ["--threads", "2", "nodes", "one.dnn"],
      "configuring: unknown option --threads\n  hint: known to nodes: --backend, --version, --help",
    ],
  ])("%j", async (args, expected) => {
    const { status, stdout, stderr } = await tscntk(args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    if (typeof expected === "string") expect(stderr).toBe(`${expected}\n`);
    else expect(stderr).toMatch(expected);
  });

  it("explains itself without arguments", async () => {
    const { status, stderr } = await tscntk([]);
    expect(status).toBe(1);
    expect(stderr).toContain("Build info: ");
    expect(stderr).toContain("No command-line argument given.\n");
    expect(stderr).toContain("Usage: tscntk configFile=yourConfigFile");
  });

  it.each([
    [["nodes", "nowhere.dnn"]],
    [["--backend", "cpu", "nodes", "nowhere.dnn"]],
    [["--backend=cpu", "nodes", "nowhere.dnn"]],
    [["nodes", "nowhere.dnn", "--backend", "cpu"]],
  ])("reports a model file that is not there: %j", async (args) => {
    const { status, stderr } = await tscntk(args);
    expect(status).toBe(1);
    expect(stderr).toBe(
      "reading: cannot read the model 'nowhere.dnn': ENOENT: no such file or directory\n",
    );
  });
});

/** A config that stops before it computes: the final model is there. */
const DONE = `command = one
traceLevel = 1
modelPath = "done.dnn" # trained
one = {
  action = train
  SGD = { maxEpochs = 2 ; learningRatesPerSample = 0.1 }
  reader = { file = nowhere.txt }
}
`;

describe("running a config", () => {
  it("prints banner, build info, configuration, box and completion as CNTK does", async () => {
    const { status, stderr } = await tscntk(["configFile=done.cntk", "deviceId=-1"], {
      "done.cntk": DONE,
      "done.dnn": "",
    });
    const masked = stderr
      .replace(/^tscntk .* on .* at .*$/m, "tscntk VERSION on HOST at TIME")
      .replace(/^\t\t(Version|Node\.js|Platform): .*$/gm, "\t\t$1: ?");
    const dashes = "-".repeat(67);
    expect(masked.split("\n")).toEqual([
      "tscntk VERSION on HOST at TIME",
      "",
      "tscntk  configFile=done.cntk  deviceId=-1",
      dashes,
      "Build info: ",
      "",
      "\t\tVersion: ?",
      "\t\tBuild target: CPU-only",
      "\t\tNode.js: ?",
      "\t\tPlatform: ?",
      dashes,
      "",
      "Configuration After Processing and Variable Resolution:",
      "",
      "configparameters: done.cntk:command=one",
      "configparameters: done.cntk:deviceId=-1",
      "configparameters: done.cntk:modelPath=done.dnn",
      "configparameters: done.cntk:one={",
      "  action = train",
      "  SGD = { maxEpochs = 2 ; learningRatesPerSample = 0.1 }",
      "  reader = { file = nowhere.txt }",
      "}",
      "",
      "configparameters: done.cntk:traceLevel=1",
      "Commands: one",
      'precision = "float"',
      "",
      "#".repeat(78),
      `#${" ".repeat(76)}#`,
      "# one command (train action)".padEnd(76) + " #",
      `#${" ".repeat(76)}#`,
      "#".repeat(78),
      "",
      "Final model exists: done.dnn",
      "No further training is necessary.",
      "",
      'Action "train" complete.',
      "",
      "COMPLETED.",
      "",
    ]);
    expect(status).toBe(0);
  });

  it("stamps lines and writes them to a file named after the commands", async () => {
    const { status, stderr } = await tscntk(
      ["configFile=done.cntk", "timestamping=true", "stderr=log", "doneFile=done.txt"],
      { "done.cntk": DONE, "done.dnn": "" },
    );
    expect(status).toBe(0);
    expect(stderr.replace(/\d/g, "9").split("\n").slice(3)).toEqual([
      "99/99/9999 99:99:99: Redirecting stderr to file log_one.log",
      "",
    ]);
    const log = readFileSync("log_one.log", "utf8").replace(/\d/g, "9");
    expect(log).toContain("99/99/9999 99:99:99: # one command (train action)");
    expect(log).toMatch(/\n99\/99\/9999 99:99:99: __COMPLETED__\n$/);
    expect(readFileSync("done.txt", "utf8").replace(/\d/g, "9")).toMatch(
      /^Successfully finished at 9999\/99\/99 99:99:99 on .+\n$/,
    );
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      "a config file that is not there",
      ["configFile=nowhere.cntk"],
      /\n\n(.*: )?reading: .*nowhere\.cntk[^]*\nEXCEPTION occurred: .*nowhere\.cntk/,
    ],
    [
      "an unknown action",
      ["configFile=done.cntk", "one=[action=trian]"],
      /unknown action: trian {2}in command set: one\n[^]*hint: did you mean "train"\?\nEXCEPTION occurred: one:action: unknown action/,
    ],
    [
      "an action of CNTK that is missing here",
      ["configFile=done.cntk", "one=[action=exportdbn]"],
      /action "exportdbn" is not available: [^]*hint: available: train, /,
    ],
    [
      "a later command that cannot start",
      ["configFile=done.cntk", "command=one:two", "two=[action=train;reader=[file=x]]"],
      /SGD[^]*\nEXCEPTION occurred: /,
    ],
    [
      "a command without section",
      ["configFile=done.cntk", "command=one:three"],
      /three[^]*\nEXCEPTION occurred: /,
    ],
    [
      "a wrong precision",
      ["configFile=done.cntk", "precision=half"],
      /Invalid precision string: "half", must be "float" or "double"/,
    ],
    [
      "the old name of precision",
      ["configFile=done.cntk", "type=float"],
      /type: deprecated, it is called 'precision' now/,
    ],
    [
      "an option it does not have",
      ["configFile=done.cntk", "--fast"],
      /unknown option --fast\n {2}hint: values of the config are set without dashes: key=value; /,
    ],
    [
      "a misspelt option",
      ["configFile=done.cntk", "--thread=2"],
      /unknown option --thread\n {2}hint: did you mean --threads\?\nEXCEPTION occurred: /,
    ],
    [
      "a number of threads that is none",
      ["configFile=done.cntk", "--threads", "two"],
      /\n\n?configuring: --threads: expected a positive integer, found "two"\n[^]*\nEXCEPTION /,
    ],
    [
      "an option whose value is forgotten",
      ["--trace", "configFile=done.cntk"],
      /configuring: --trace: expected schedule, found "configFile=done.cntk"\n/,
    ],
    [
      "data that are not there",
      ["configFile=done.cntk", "makeMode=false", "one=[reader=[input=[x=[dim=1;format=dense]]]]"],
      /nowhere\.txt[^]*\nEXCEPTION occurred: /,
    ],
  ])("stops with exit code 1 at %s", async (_, args, expected) => {
    const { status, stderr } = await tscntk(args, { "done.cntk": DONE, "done.dnn": "" });
    expect(stderr).toMatch(expected);
    expect(stderr).not.toMatch(/\n {4}at |COMPLETED|error in tscntk itself/);
    expect(status).toBe(1);
  });
});
