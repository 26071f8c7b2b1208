/** The whole program as a function of its arguments: chooses what to do, prints errors, returns the exit code. */

import { existsSync } from "node:fs";
import { CntkError, nearestName, reasonOf } from "../../grammar/errors.js";
import { Interrupted } from "../engine/interruption.js";
import { firstWord, parseArguments } from "./arguments.js";
import { LogOutput, type Terminal } from "./log-output.js";
import { flag, oneOf, positiveInteger, text, texts } from "./parameters.js";
import {
  BACKEND,
  hasConfigFile,
  SUBCOMMANDS,
  type Outputs,
  type Subcommand,
} from "./subcommands.js";

export interface Streams {
  /** results: help, listings */
  readonly stdout: (text: string) => void;
  /** the log */
  readonly stderr: Terminal;
}

/** Exit code of a program that Ctrl-C ended: 128 + SIGINT. */
const INTERRUPTED_EXIT_CODE = 130;

/**
 * Runs the program.
 * @param args what stands after the program's name
 * @returns the exit code: 0 for success, 1 for any error, 130 if Ctrl-C ended it
 */
export async function runProgram(args: readonly string[], streams: Streams): Promise<number> {
  const output = new LogOutput(streams.stderr);
  const place = firstWord(args, [...CONFIG_RUN.options, ...GENERAL]) ?? args.length;
  const word = args[place];
  const subcommand = SUBCOMMANDS.find(({ name }) => name === word);
  const isRun = subcommand === undefined && hasConfigFile(args);
  try {
    if (args.length === 0) return await explainUsage(output);
    const outputs = { stdout: streams.stdout, output };
    if (subcommand !== undefined) return await run(subcommand, args.toSpliced(place, 1), outputs);
    if (word !== undefined && !isRun) throw noConfigFile(word);
    return await run(CONFIG_RUN, args, outputs);
  } catch (error) {
    if (isRun) output.line("");
    if (error instanceof Interrupted) {
      output.stamped(error.message);
      return INTERRUPTED_EXIT_CODE;
    }
    output.line(describeError(error));
    if (isRun) output.stamped(`EXCEPTION occurred: ${messageOf(error)}`);
    return 1;
  } finally {
    output.close();
  }
}

async function explainUsage(output: LogOutput): Promise<number> {
  const { buildInfo, USAGE } = await import("./frame.js");
  for (const line of [...buildInfo(), "No command-line argument given.", ...USAGE]) {
    output.line(line);
  }
  return 1;
}

const SETTINGS = texts("settings", "configFile=FILE, and key=value to override the config");
const TENSORBOARD = text(
  "tensorboard",
  "With configFile: a folder for event files that TensorBoard shows",
  "a folder for TensorBoard's event files",
);
const THREADS = positiveInteger(
  "threads",
  "With configFile: threads to compute with, instead of numCPUThreads",
);
const TRACE = oneOf(
  "trace",
  "With configFile: print the compiled schedule, with the time of every call",
  ["schedule"],
);

/** CNTK's own form, `configFile=... key=value ...`: nothing but our options is taken out of it. */
const CONFIG_RUN: Subcommand = {
  name: "",
  describe: `Runs the commands of a CNTK BrainScript config: trains, tests and writes networks.
key=value overrides the config, for example: trainNetwork=[SGD=[maxEpochs=3]]`,
  positionals: [SETTINGS],
  options: [BACKEND, TENSORBOARD, THREADS, TRACE],
  adviceOnOptions:
    "values of the config are set without dashes: key=value; tscntk --help lists the options",
  run: async (value, { output }) => {
    const [args, tracesSchedule] = [value(SETTINGS), value(TRACE) !== undefined];
    if (!hasConfigFile(args)) throw noConfigFile(args[0]);
    const [backend, tensorboard, threads] = [value(BACKEND), value(TENSORBOARD), value(THREADS)];
    const { runConfig } = await import("./run-config.js");
    await runConfig({ args, backend, tensorboard, threads, tracesSchedule, output });
    return 0;
  },
};

const HELP = flag("help", "Show help");
const VERSION = flag("version", "Show version number");
/** What every command understands. */
const GENERAL = [VERSION, HELP];

async function run(
  command: Subcommand,
  args: readonly string[],
  outputs: Outputs,
): Promise<number> {
  const options = [...command.options, ...GENERAL];
  const value = parseArguments(args, { ...command, options });
  if (value(HELP)) {
    outputs.stdout(await helpOn(command));
    return 0;
  }
  if (value(VERSION)) {
    const { programVersion } = await import("./version.js");
    outputs.stdout(`${programVersion()}\n`);
    return 0;
  }
  // a mistake in any of them is found before something is done
  for (const parameter of [...command.positionals, ...options]) value(parameter);
  return command.run(value, outputs);
}

async function helpOn(command: Subcommand): Promise<string> {
  const { programHelp, subcommandHelp } = await import("./help.js");
  if (command !== CONFIG_RUN) {
    return subcommandHelp({ ...command, options: [...command.options, HELP] });
  }
  const program = { ...command, options: [...command.options, ...GENERAL] };
  return programHelp("tscntk configFile=FILE [key=value ...]", program, SUBCOMMANDS);
}

/** The most likely mistakes get the best advice. @param word what stands where the config or a subcommand could */
function noConfigFile(word: string | undefined): CntkError {
  const general =
    "run tscntk configFile=FILE [key=value ...]; tscntk --help lists what else there is";
  const message = "no configFile=FILE among the arguments";
  if (word === undefined) return new CntkError("configuring", message, { hint: general });
  const isFile = existsSync(word) || /\.(cntk|config)$/i.test(word);
  const nearest = nearestName(
    word,
    SUBCOMMANDS.map(({ name }) => name),
  );
  const meant = isFile ? `configFile=${word}` : nearest && `tscntk ${nearest}`;
  const hint = meant === undefined ? general : `did you mean ${meant}?`;
  return new CntkError("configuring", `${message}, found "${word}"`, { hint });
}

function describeError(error: unknown): string {
  if (error instanceof CntkError) return error.format();
  const trace = error instanceof Error ? error.stack : undefined;
  return `${trace ?? messageOf(error)}\nThis is an error in tscntk itself. Please report it with the config and these lines.`;
}

const messageOf = (error: unknown): string => reasonOf(error);
