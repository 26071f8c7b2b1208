/** What `tscntk` does besides running configs: install, nodes, visualize, help and version. */

import { existsSync } from "node:fs";
import yargs, { type Argv } from "yargs";
import { CntkError, nearestName } from "../../grammar/errors.js";
import type { Run } from "../engine/run.js";
import { lazyEngine } from "./lazy-engine.js";
import type { LogOutput } from "./log-output.js";
import { makeRun } from "./make-run.js";
import type { Streams } from "./program.js";
import { programVersion } from "./version.js";

const SUBCOMMANDS = ["install", "nodes", "visualize"];

/** Options that may stand in front of a subcommand. */
const OPTIONS = ["--backend", "--help", "--version"];

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
      choices: ["auto", "tensorflow", "wasm", "cpu"],
      default: "auto",
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
  return addVisualize(addNodes(addInstall(program, output), streams, output), output);
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
  const engine = lazyEngine(backend, output);
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
