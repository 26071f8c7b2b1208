/** The whole program as a function of its arguments: chooses what to do, prints errors, returns the exit code. */

import { CntkError, reasonOf } from "../../grammar/errors.js";
import { Interrupted } from "../engine/interruption.js";
import { INTERRUPTED_EXIT_CODE } from "./ctrl-c.js";
import { buildInfo, USAGE } from "./frame.js";
import { LogOutput, type Terminal } from "./log-output.js";

export interface Streams {
  /** results: help, listings */
  readonly stdout: (text: string) => void;
  /** the log */
  readonly stderr: Terminal;
}

/**
 * Runs the program.
 * @param args what stands after the program's name
 * @returns the exit code: 0 for success, 1 for any error, 130 if Ctrl-C ended it
 */
export async function runProgram(args: readonly string[], streams: Streams): Promise<number> {
  const output = new LogOutput(streams.stderr);
  const hasConfig = args.some((arg) => /^configFile=/i.test(arg));
  const isCheck = args[0] === "check" && hasConfig;
  const isRun = hasConfig && !isCheck;
  try {
    if (args.length === 0) return explainUsage(output);
    if (isCheck) return await runCheck(args.slice(1), streams);
    if (isRun) {
      await runCntkCommandLine(args, output);
      return 0;
    }
    const { runSubcommand } = await import("./subcommands.js");
    await runSubcommand(args, streams, output);
    return 0;
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

function explainUsage(output: LogOutput): number {
  for (const line of [...buildInfo(), "No command-line argument given.", ...USAGE]) {
    output.line(line);
  }
  return 1;
}

/** CNTK's own form, `configFile=... key=value ...`: nothing but our options is taken out of it. */
async function runCntkCommandLine(args: readonly string[], output: LogOutput): Promise<void> {
  const { options, rest } = takeOptions(args);
  const { runConfig } = await import("./run-config.js");
  const { backend = "auto", tensorboard } = options;
  const threads = options.threads === undefined ? undefined : threadCount(options.threads);
  if (options.trace !== undefined && options.trace !== "schedule") {
    throw new CntkError("configuring", `--trace: expected schedule, found ${options.trace}`);
  }
  const tracesSchedule = options.trace === "schedule";
  await runConfig({ args: rest, backend, tensorboard, threads, tracesSchedule, output });
}

/** @returns the exit code: 1 if the config has mistakes */
async function runCheck(args: readonly string[], { stdout }: Streams): Promise<number> {
  const flags = ["--graph", "--json"];
  const unknown = args.find((arg) => arg.startsWith("-") && !flags.includes(arg));
  if (unknown !== undefined) throw unknownOption(unknown);
  const [graph = false, json = false] = flags.map((flag) => args.includes(flag));
  if (graph && json) throw new CntkError("configuring", "--graph and --json exclude each other");
  const { checkConfig } = await import("./check.js");
  const config = args.filter((arg) => !flags.includes(arg));
  return (await checkConfig({ args: config, graph, json, print: stdout })) ? 0 : 1;
}

/** Our options of a run, with what their values are. */
const RUN_OPTIONS = {
  backend: "a name, such as auto, wasm or cpu",
  tensorboard: "a folder for TensorBoard's event files",
  threads: "a number of threads, 1 or more",
  trace: "schedule, to print what the compiled engine does and how long it takes",
} as const;

type RunOptions = Partial<Record<keyof typeof RUN_OPTIONS, string>>;

const isRunOption = (name: string): name is keyof typeof RUN_OPTIONS =>
  Object.hasOwn(RUN_OPTIONS, name);

/** `--backend NAME`, `--backend=NAME` and the like, and the other arguments as they are. */
export function takeOptions(args: readonly string[]): {
  readonly options: RunOptions;
  readonly rest: readonly string[];
} {
  const options: RunOptions = {};
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (!arg.startsWith("-")) {
      rest.push(arg);
      continue;
    }
    const [, name = "", value] = /^--([^=]*)(?:=(.*))?$/.exec(arg) ?? [];
    if (!isRunOption(name)) throw unknownOption(arg);
    options[name] = expectValue(name, value ?? args[++i]);
  }
  return { options, rest };
}

function threadCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new CntkError("configuring", `--threads: expected ${RUN_OPTIONS.threads}, found ${text}`);
}

function expectValue(name: keyof typeof RUN_OPTIONS, value: string | undefined): string {
  if (value !== undefined && value !== "" && !value.includes("configFile=")) return value;
  throw new CntkError("configuring", `--${name}: expected ${RUN_OPTIONS[name]}`);
}

function unknownOption(arg: string): CntkError {
  return new CntkError("configuring", `unknown option ${arg}`, {
    hint: "values of the config are set without dashes: key=value; tscntk --help lists the options",
  });
}

function describeError(error: unknown): string {
  if (error instanceof CntkError) return error.format();
  const trace = error instanceof Error ? error.stack : undefined;
  return `${trace ?? messageOf(error)}\nThis is an error in tscntk itself. Please report it with the config and these lines.`;
}

const messageOf = (error: unknown): string => reasonOf(error);
