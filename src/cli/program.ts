/** The whole program as a function of its arguments: chooses what to do, prints errors, returns the exit code. */

import { CntkError } from "../../grammar/errors.js";
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
 * @returns the exit code: 0 for success, 1 for any error
 */
export async function runProgram(args: readonly string[], streams: Streams): Promise<number> {
  const output = new LogOutput(streams.stderr);
  const isRun = args.some((arg) => /^configFile=/i.test(arg));
  try {
    if (args.length === 0) return explainUsage(output);
    if (isRun) {
      await runCntkCommandLine(args, output);
      return 0;
    }
    const { runSubcommand } = await import("./subcommands.js");
    await runSubcommand(args, streams, output);
    return 0;
  } catch (error) {
    if (isRun) output.line("");
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

/** CNTK's own form, `configFile=... key=value ...`: nothing but our option is taken out of it. */
async function runCntkCommandLine(args: readonly string[], output: LogOutput): Promise<void> {
  const { backend, rest } = takeBackend(args);
  const { runConfig } = await import("./run-config.js");
  await runConfig({ args: rest, backend, output });
}

/** `--backend NAME` or `--backend=NAME`, and the other arguments as they are. */
export function takeBackend(args: readonly string[]): {
  readonly backend: string;
  readonly rest: readonly string[];
} {
  let backend = "auto";
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--backend") backend = expectValue(args[++i]);
    else if (arg.startsWith("--backend=")) backend = expectValue(arg.slice("--backend=".length));
    else if (arg.startsWith("-")) throw unknownOption(arg);
    else rest.push(arg);
  }
  return { backend, rest };
}

function expectValue(value: string | undefined): string {
  if (value !== undefined && value !== "" && !value.includes("configFile=")) return value;
  throw new CntkError("configuring", "--backend: expected a name, such as auto, wasm or cpu");
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

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
