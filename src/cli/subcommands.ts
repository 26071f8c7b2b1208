/** What `tscntk` does besides running configs: check, install, nodes, graph, visualize, help and version. */

import { existsSync } from "node:fs";
import yargs, { type Argv } from "yargs";
import { CntkError, nearestName } from "../../grammar/errors.js";
import type { Run } from "../engine/run.js";
import { lazyEngine } from "./lazy-engine.js";
import type { LogOutput } from "./log-output.js";
import { makeRun } from "./make-run.js";
import type { Streams } from "./program.js";
import { programVersion } from "./version.js";

const SUBCOMMANDS = ["check", "install", "nodes", "graph", "visualize"];

/** Options that may stand in front of a subcommand. */
const OPTIONS = ["--backend", "--tensorboard", "--threads", "--trace", "--help", "--version"];

/**
 * Runs a subcommand, or prints help or version.
 * @throws CntkError "configuring" for arguments that are not understood
 */
export async function runSubcommand(
  args: readonly string[],
  streams: Streams,
  output: LogOutput,
): Promise<void> {
  expectSubcommand(args);
  const parser = describeProgram(streams, output);
  await parser.parseAsync([...args], {}, (_error: unknown, _argv: unknown, text: string) => {
    // help and version; what a subcommand prints does not come this way
    if (text !== "") streams.stdout(`${text}\n`);
  });
}

/** The most likely mistakes get better advice than "unknown argument". */
function expectSubcommand(args: readonly string[]): void {
  const [word = ""] = args;
  if (SUBCOMMANDS.includes(word) || OPTIONS.includes(word.split("=")[0] ?? "")) return;
  if (word.startsWith("-")) {
    throw new CntkError("configuring", `unknown option ${word}`, {
      hint: `known: ${OPTIONS.join(", ")}; subcommands have more, see tscntk SUBCOMMAND --help`,
    });
  }
  const isFile = existsSync(word) || /\.(cntk|config)$/i.test(word);
  const nearest = nearestName(word, SUBCOMMANDS);
  throw new CntkError("configuring", `no configFile=FILE among the arguments, found "${word}"`, {
    hint: isFile
      ? `did you mean configFile=${word}?`
      : nearest === undefined
        ? "run tscntk configFile=FILE [key=value ...]; tscntk --help lists what else there is"
        : `did you mean tscntk ${nearest}?`,
  });
}

function describeProgram(streams: Streams, output: LogOutput): Argv {
  const program = yargs()
    .scriptName("tscntk")
    .locale("en")
    .usage(
      "$0 configFile=FILE [key=value ...]\n\nRuns the commands of a CNTK BrainScript config: trains, tests and writes networks.\n" +
        "key=value overrides the config, for example: trainNetwork=[SGD=[maxEpochs=3]]",
    )
    .option("backend", {
      describe: "What computes: auto takes the best one that is there",
      choices: ["auto", "kernels", "tensorflow", "wasm", "cpu"],
      default: "auto",
    })
    .option("tensorboard", {
      describe: "With configFile: a folder for event files that TensorBoard shows",
      type: "string",
    })
    .option("threads", {
      describe: "With configFile: threads to compute with, instead of numCPUThreads",
      type: "number",
    })
    .option("trace", {
      describe: "With configFile: print the compiled schedule, with the time of every call",
      choices: ["schedule"],
    })
    .version(programVersion())
    .help()
    .wrap(100)
    .strict()
    .exitProcess(false)
    .demandCommand(1, "expected configFile=FILE or a subcommand")
    .fail((message: string | null, error: Error | undefined) => {
      if (error instanceof CntkError || message === null) throw error ?? new Error("no message");
      throw new CntkError("configuring", message, {
        hint: "tscntk --help, or --help after a subcommand, lists what is possible",
      });
    });
  const withNodes = addNodes(addInstall(addCheck(program), output), streams, output);
  return addVisualize(addGraph(withNodes, output), output);
}

/** For help alone: a check that names its config is begun without yargs, which takes longer to load than most checks. */
function addCheck(program: Argv): Argv {
  return program.command(
    "check [settings..]",
    "Find the mistakes of a config, without data and without training",
    (command) =>
      command
        .positional("settings", {
          type: "string",
          array: true,
          describe: "configFile=FILE, and key=value to override the config",
        })
        .option("graph", { type: "boolean", describe: "Print every node with its shape" })
        .option("json", { type: "boolean", describe: "Print the mistakes as JSON, for editors" }),
    ({ settings = [] }) => {
      const file = settings.find((setting) => !setting.includes("=")) ?? "FILE";
      throw new CntkError("configuring", "check: expected configFile=FILE", {
        hint: `tscntk check configFile=${file}`,
      });
    },
  );
}

function addInstall(program: Argv, output: LogOutput): Argv {
  return program.command(
    "install <dataset>",
    "Make the data of the example configs",
    (command) =>
      command
        .positional("dataset", {
          describe: "mnist: handwritten digits, 28 x 28",
          choices: ["mnist"] as const,
          demandOption: true,
        })
        .option("from", { type: "string", describe: "Folder or address of the four MNIST files" })
        .option("to", { type: "string", default: "data/MNIST", describe: "Folder to write to" }),
    async ({ from, to }) => {
      const { installMnist } = await import("../actions/install-mnist.js");
      await installMnist({ to, log: output.line, ...(from === undefined ? {} : { from }) });
    },
  );
}

function addNodes(program: Argv, streams: Streams, output: LogOutput): Argv {
  return program.command(
    "nodes <model>",
    "List the nodes of a model file",
    (command) =>
      command.positional("model", { type: "string", describe: "Model file", demandOption: true }),
    async ({ model, backend }) => {
      const { listNodes } = await import("../actions/list-nodes.js");
      const { networkOfModel } = await import("../actions/network-source.js");
      await withRun(String(backend), output, (run) => {
        streams.stdout(listNodes(networkOfModel(model, run)));
        return Promise.resolve();
      });
    },
  );
}

function addGraph(program: Argv, output: LogOutput): Argv {
  return program.command(
    "graph <file> [settings..]",
    "Draw the network of a config or of a model file",
    (command) =>
      command
        .positional("file", { type: "string", describe: "Config or model", demandOption: true })
        .positional("settings", {
          type: "string",
          array: true,
          default: [],
          describe: "key=value, overrides the config",
        })
        .option("svg", { type: "string", describe: "File to write", demandOption: true })
        .option("command", {
          type: "string",
          describe: "Whose network; otherwise that of the first command that trains",
        }),
    async ({ file, settings, svg, command, backend }) => {
      const { drawGraph } = await import("../actions/graph.js");
      await withRun(String(backend), output, (run) => {
        drawGraph({ file, settings, svg, command }, run);
        return Promise.resolve();
      });
    },
  );
}

function addVisualize(program: Argv, output: LogOutput): Argv {
  return program.command(
    "visualize",
    "Draw what an auto-encoder makes of images: input, encoding and output",
    (command) =>
      command
        .option("model", { type: "string", describe: "Model file", demandOption: true })
        .option("data", { type: "string", describe: "Images in text format", demandOption: true })
        .option("nodes", { type: "string", array: true, describe: "Input, encoding and output" })
        .option("count", { type: "number", default: 10, describe: "How many images" })
        .option("to", { type: "string", default: "output", describe: "Folder to write to" }),
    async ({ model, data, nodes, count, to, backend }) => {
      const { visualize } = await import("../actions/visualize.js");
      const options = { model, data, nodes, images: count, output: to };
      await withRun(String(backend), output, (run) => visualize(options, run));
    },
  );
}

/** Subcommands compute in float; there is no config to say otherwise. */
async function withRun(
  backend: string,
  output: LogOutput,
  use: (run: Run) => Promise<void>,
): Promise<void> {
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
}
