/** The table of subcommands, what `tscntk` does besides running configs; each loads what it runs when it runs. */

import { CntkError } from "../../grammar/errors.js";
import type { BACKENDS } from "../engine/index.js";
import type { Run } from "../engine/run.js";
import type { Syntax, Values } from "./arguments.js";
import type { LogOutput } from "./log-output.js";
import { flag, oneOf, positiveInteger, required, text, texts, withDefault } from "./parameters.js";

export interface Outputs {
  /** prints results: listings, what a check has found */
  readonly stdout: (text: string) => void;
  /** the log */
  readonly output: LogOutput;
}

export interface Subcommand extends Syntax {
  /** @returns the exit code */
  readonly run: (value: Values, outputs: Outputs) => Promise<number>;
}

/** The same list, by its type: loading the engine would take too long. */
const NAMES: typeof BACKENDS = ["auto", "kernels", "tensorflow", "wasm", "cpu"];
const WHAT_COMPUTES = "What computes: auto takes the best one that is there";
export const BACKEND = withDefault(oneOf("backend", WHAT_COMPUTES, NAMES), "auto");

const MODEL = required(text("model", "Model file", "a model file"));
const GRAPH = flag("graph", "Print every node with its shape");
const JSON_FORMAT = flag("json", "Print the mistakes as JSON, for editors");
const CHECKED = texts("settings", "configFile=FILE, and key=value to override the config");

const check: Subcommand = {
  name: "check",
  describe: "Find the mistakes of a config, without data and without training",
  positionals: [CHECKED],
  options: [GRAPH, JSON_FORMAT],
  run: async (value, { stdout }) => {
    const [args, graph, json] = [value(CHECKED), value(GRAPH), value(JSON_FORMAT)];
    if (graph && json) {
      throw new CntkError("configuring", "--graph and --json exclude each other");
    }
    if (!hasConfigFile(args)) {
      const file = args.find((setting) => !setting.includes("=")) ?? "FILE";
      throw new CntkError("configuring", "check: expected configFile=FILE", {
        hint: `tscntk check configFile=${file}`,
      });
    }
    const { optimizeLater } = await import("./optimize-later.js");
    optimizeLater();
    const { checkConfig } = await import("./check.js");
    return (await checkConfig({ args, graph, json, print: stdout })) ? 0 : 1;
  },
};

export const hasConfigFile = (args: readonly string[]) =>
  args.some((arg) => /^configFile=/i.test(arg));

const DATASET = required(oneOf("dataset", "mnist: handwritten digits, 28 x 28", ["mnist"]));
const SOURCE = text("from", "Folder or address of the four MNIST files", "a folder or an address");
const DATA_FOLDER = withDefault(text("to", "Folder to write to", "a folder"), "data/MNIST");

const install: Subcommand = {
  name: "install",
  describe: "Make the data of the example configs",
  positionals: [DATASET],
  options: [SOURCE, DATA_FOLDER],
  run: async (value, { output }) => {
    const { installMnist } = await import("../actions/install-mnist.js");
    const from = value(SOURCE);
    const options = { to: value(DATA_FOLDER), log: output.line };
    await installMnist(from === undefined ? options : { ...options, from });
    return 0;
  },
};

const nodes: Subcommand = {
  name: "nodes",
  describe: "List the nodes of a model file",
  positionals: [MODEL],
  options: [BACKEND],
  run: async (value, { stdout, output }) => {
    const { listNodes } = await import("../actions/list-nodes.js");
    const { networkOfModel } = await import("../actions/network-source.js");
    return withRun(value(BACKEND), output, (run) => {
      stdout(listNodes(networkOfModel(value(MODEL), run)));
      return Promise.resolve();
    });
  },
};

const FILE = required(text("file", "Config or model", "a config or a model file"));
const SETTINGS = texts("settings", "key=value, overrides the config");
const SVG = required(text("svg", "File to write", "a file to write"));
const COMMAND = text(
  "command",
  "Whose network; otherwise that of the first command that trains",
  "the name of a command",
);

const graph: Subcommand = {
  name: "graph",
  describe: "Draw the network of a config or of a model file",
  positionals: [FILE, SETTINGS],
  options: [SVG, COMMAND, BACKEND],
  run: async (value, { output }) => {
    const { drawGraph } = await import("../actions/graph.js");
    const [file, settings, svg] = [value(FILE), value(SETTINGS), value(SVG)];
    return withRun(value(BACKEND), output, (run) => {
      drawGraph({ file, settings, svg, command: value(COMMAND) }, run);
      return Promise.resolve();
    });
  },
};

const DATA = required(text("data", "Images in text format", "a file of images in text format"));
const NODES = texts("nodes", "Input, encoding and output", "the names of three nodes");
const COUNT = withDefault(positiveInteger("count", "How many images"), 10);
const PICTURES = withDefault(text("to", "Folder to write to", "a folder"), "output");

const visualize: Subcommand = {
  name: "visualize",
  describe: "Draw what an auto-encoder makes of images: input, encoding and output",
  positionals: [],
  options: [MODEL, DATA, NODES, COUNT, PICTURES, BACKEND],
  run: async (value, { output }) => {
    const { visualize: draw } = await import("../actions/visualize.js");
    const [model, data, nodeNames] = [value(MODEL), value(DATA), value(NODES)];
    const options = {
      model,
      data,
      nodes: nodeNames,
      images: value(COUNT),
      output: value(PICTURES),
    };
    return withRun(value(BACKEND), output, (run) => draw(options, run));
  },
};

export const SUBCOMMANDS: readonly Subcommand[] = [check, install, nodes, graph, visualize];

/** Subcommands compute in float; there is no config to say otherwise. */
async function withRun(
  backend: string,
  output: LogOutput,
  use: (run: Run) => Promise<void>,
): Promise<number> {
  const { lazyEngine } = await import("./lazy-engine.js");
  const { makeRun } = await import("./make-run.js");
  const engine = lazyEngine(backend, {}, output);
  try {
    await use(
      makeRun({
        precision: "float",
        includeDirectories: [],
        output,
        engine: engine.get,
        hasConstantSeed: false,
      }),
    );
  } finally {
    await engine.dispose();
  }
  return 0;
}
