/** `tscntk check`: finds the mistakes of a config without data and without training. */

import path from "node:path";
import type { SourceFile } from "../../grammar/source.js";
import type { CheckedNetwork, Checking } from "../actions/action.js";
import { findAction } from "../actions/index.js";
import { readCommandLine, type CommandLine } from "../config/command-line.js";
import { lintComments } from "../config/comment-lints.js";
import { lintEntries } from "../config/lints.js";
import type { Precision, Run } from "../engine/run.js";
import { describeValidation } from "../network/describe.js";
import { lintNetwork } from "../network/lints.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import { evaluationOrder } from "../network/order.js";
import { networkRoots } from "../network/validate.js";
import { describeParameters } from "../train/describe.js";
import { trainedParameters } from "../train/criterion.js";
import { Diagnostics } from "./diagnostics.js";
import { changeDirectory, readText } from "./file-access.js";
import { checkCommand, commandOf, type Command } from "./pre-check.js";
import { readLogSettings, readRunSettings } from "./root-settings.js";

export interface CheckRequest {
  /** CNTK's arguments: `configFile=...`, `key=value` */
  readonly args: readonly string[];
  /** prints the networks */
  readonly graph: boolean;
  /** prints mistakes and warnings as one JSON array and nothing else */
  readonly json: boolean;
  readonly print: (text: string) => void;
}

/** @returns true if there are no mistakes; warnings do not count */
export async function checkConfig(request: CheckRequest): Promise<boolean> {
  const check = new Check();
  await check.run(request.args);
  const { diagnostics } = check;
  if (request.json) {
    const file = check.files[0]?.name ?? "";
    request.print(`${JSON.stringify(diagnostics.toJson(file), undefined, 2)}\n`);
  } else {
    const graphs = request.graph ? check.graphs : [];
    const lines = [...graphs, ...diagnostics.format(), check.summary()];
    request.print(`${lines.join("\n")}\n`);
  }
  return diagnostics.count("error") === 0;
}

class Check {
  readonly diagnostics = new Diagnostics();
  /** all files of the configuration, in the order in which they were read */
  readonly files: SourceFile[] = [];
  /** lines about each command's network */
  readonly graphs: string[] = [];
  /** descriptions of networks, and the commands they were first met in */
  readonly #described = new Map<string, string>();
  /** models by absolute path that commands before the current one will make */
  readonly #futureModels = new Map<string, () => ComputationNetwork>();
  #commands = 0;

  async run(args: readonly string[]): Promise<void> {
    const access = { readText: (name: string) => this.#read(name), changeDirectory };
    const { attempt } = this.diagnostics;
    const commandLine = attempt(() => readCommandLine(args, access, () => undefined));
    if (commandLine !== undefined) await this.#checkCommands(commandLine);
    const entries = commandLine?.root.entries() ?? [];
    const warnings = [...lintEntries(entries), ...this.files.flatMap(lintComments)];
    for (const warning of warnings) this.diagnostics.add("warning", warning);
  }

  summary(): string {
    const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
    const names = this.files.map(({ name }) => name).join(", ");
    const { diagnostics } = this;
    const result = [
      counted(this.#commands, "command"),
      counted(diagnostics.count("error"), "error"),
      counted(diagnostics.count("warning"), "warning"),
    ].join(", ");
    return names === "" ? result : `${names}: ${result}`;
  }

  #read(name: string): SourceFile {
    const file = readText(name);
    this.files.push(file);
    return file;
  }

  async #checkCommands({ root, includeDirectories }: CommandLine): Promise<void> {
    const { attempt } = this.diagnostics;
    const logSettings = attempt(() => readLogSettings(root));
    const settings = attempt(() => readRunSettings(root));
    const checking = this.#checking(settings?.precision ?? "float", includeDirectories);
    const names = logSettings?.commands ?? attempt(() => root.strings("command", ["train"])) ?? [];
    for (const name of names) {
      const command = attempt(() => commandOf(root, name));
      if (command === undefined) continue;
      attempt(() => checkCommand(root, command));
      await this.#checkCommand(command, checking);
    }
  }

  async #checkCommand({ name, section, actions }: Command, checking: Checking): Promise<void> {
    this.#commands++;
    this.diagnostics.attempt(() => section.integer("traceLevel", 0));
    for (const actionName of actions) {
      const action = this.diagnostics.attempt(() => findAction(actionName, name, section));
      if (action === undefined) continue;
      const check = await action.check();
      const checked = check(section, checking);
      if (checked !== undefined) this.#describe(name, checked);
    }
  }

  #checking(precision: Precision, includeDirectories: readonly string[]): Checking {
    const { diagnostics } = this;
    let seed = 0;
    const run: Run = {
      log: () => undefined,
      stampedLog: () => undefined,
      precision,
      deviceId: -1,
      engine: () => Promise.reject(new Error("a check does not compute")),
      nextSeed: () => ++seed,
      includeDirectories,
      progress: undefined,
      readText,
    };
    return {
      run,
      attempt: diagnostics.attempt,
      warn: (warning) => diagnostics.add("warning", warning),
      inspect: (block) => {
        for (const warning of lintNetwork(block)) diagnostics.add("warning", warning);
      },
      willMake: (modelPath, network) =>
        void this.#futureModels.set(path.resolve(modelPath), network),
      futureModel: (modelPath) => this.#futureModel(path.resolve(modelPath)),
    };
  }

  /** Training also writes a model after each epoch: `modelPath.1`. */
  #futureModel(file: string): ComputationNetwork | undefined {
    const make = this.#futureModels.get(file) ?? this.#futureModels.get(file.replace(/\.\d+$/, ""));
    return make?.();
  }

  /** A network that several commands use is described once. */
  #describe(command: string, { network, criterion }: CheckedNetwork): void {
    const nodes = evaluationOrder(networkRoots(network)).map(describeValidation);
    const text = nodes.join("\n");
    const owner = this.#described.get(text);
    if (owner === undefined) this.#described.set(text, command);
    this.graphs.push(
      ...(owner === undefined
        ? [`${command}:`, ...nodes, ...describeTraining(criterion), ""]
        : [`${command}: the network of ${owner}`, ""]),
    );
  }
}

function describeTraining(criterion: ComputationNode | undefined): string[] {
  if (criterion === undefined) return [];
  const [headline = ""] = describeParameters(criterion, trainedParameters(criterion), {
    traceLevel: 1,
  });
  return [headline];
}
