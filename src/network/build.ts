/** From the text of a BrainScriptNetworkBuilder to its network (brainscript.md 1). */

import type { Expression, Member } from "../../grammar/ast.js";
import { parseExpression, parseScript } from "../../grammar/brainscript/parser.js";
import { CntkError } from "../../grammar/errors.js";
import { SourceText, type SourceFile, type SourceRange } from "../../grammar/source.js";
import { requiredMember, type NativeClass } from "../script/classes.js";
import { Interpreter } from "../script/evaluate.js";
import { asString } from "../script/expect.js";
import { libraryMembers, noInclude } from "../script/library.js";
import { nativeClasses } from "../script/native.js";
import { runToEnd } from "../script/trampoline.js";
import { describeValue } from "../script/value.js";
import { operations } from "../operations/index.js";
import { cloneFunctionClass } from "./construct-clone.js";
import { networkWithEditsClass } from "./construct-edits.js";
import { computationNetworkClass } from "./construct-network.js";
import { computationNodeClass, nodeCounter, type NodeFactory } from "./construct-node.js";
import { OperatorsOnNodes } from "./node-operators.js";
import type { ComputationNetwork } from "./network.js";
import { networkOf, networkValue } from "./node-value.js";
import { announceParameter } from "./parameter-values.js";
import { validateNetwork } from "./validate.js";

export interface BuildOptions {
  /** the builder's value: a block in braces or brackets, or an expression in parentheses */
  readonly script: SourceText;
  readonly precision: "float" | "double";
  readonly deviceId: number;
  readonly traceLevel: number;
  /** numbers 1, 2, 3, ... for random initial values */
  readonly nextSeed: () => number;
  readonly log: (text: string) => void;
  /** reads a text file, searching the include directories for a BrainScript include */
  readonly readText: (path: string, from?: SourceRange) => SourceFile;
  readonly loadModel: (path: string) => ComputationNetwork;
  /** parameters with random values stay without: the network is only looked at */
  readonly withoutRandomValues?: boolean;
  /** is shown the builder's syntax tree before it is evaluated */
  readonly inspect?: (block: Expression) => void;
}

/**
 * The network a script declares: nodes with their final names, shapes not inferred yet.
 * @throws CntkError "tokenizing", "parsing", "evaluating"
 */
export function buildNetwork(options: BuildOptions): ComputationNetwork {
  const value = runToEnd(evaluateNetwork(options));
  const network = networkOf(value);
  if (network !== undefined) return network;
  throw new CntkError(
    "evaluating",
    `the network builder must yield a network, found ${describeValue(value)}`,
    {
      ranges: [options.script.rangeOf(0, options.script.length)],
      hint: "write BrainScriptNetworkBuilder = { ... } with the network's members in it",
    },
  );
}

function evaluateNetwork(options: BuildOptions) {
  const factory: NodeFactory = {
    operations,
    sources: options,
    tagTexts: new Map(),
    delayedInputs: new Map(),
    implicitConstants: new Set(),
    onNode: nodeCounter(),
    onParameter: (node) => announceParameter(node, options),
  };
  const classes = new Map<string, NativeClass>([
    ...nativeClasses(options.log),
    ["ComputationNode", computationNodeClass(factory)],
    ["ComputationNetwork", computationNetworkClass(factory)],
    ["ComputationNetworkFromFile", networkFromFileClass(options)],
    ["ComputationNetworkWithEdits", networkWithEditsClass(factory)],
    ["CloneFunctionConfigLambda", cloneFunctionClass(factory, options.log)],
  ]);
  const interpreter = new Interpreter({ classes, nodeOperators: new OperatorsOnNodes(factory) });
  const members = [...libraryMembers(), ...runMembers(options)];
  const global = interpreter.recordScope(members, undefined, "");
  const { expression, path } = networkExpression(options);
  return interpreter.evaluate(expression, global, path);
}

/** `deviceId`, `traceLevel` and `precision`, which every network may refer to. */
function runMembers({ deviceId, traceLevel, precision }: BuildOptions): readonly Member[] {
  const text = `deviceId = ${deviceId} ; traceLevel = ${traceLevel} ; precision = '${precision}'`;
  const file = { name: "library/run.bs", text, isLibrary: true };
  return parseScript(SourceText.of(file), noInclude);
}

/** A block in braces or brackets becomes `new ComputationNetwork {block}`; an expression in parentheses stands at `network`. */
function networkExpression({ script, readText, inspect }: BuildOptions) {
  const text = script.trim();
  const opening = text.text.at(0) ?? "";
  if (!"{[(".includes(opening) || opening === "") {
    throw new CntkError("parsing", "a network builder begins with '{', '[' or '('", {
      hint: 'the network of another file is written { include "FILE" }',
      ranges: [text.rangeOf(0, 1)],
    });
  }
  const block = parseExpression(text, readText);
  inspect?.(block);
  if (opening === "(") return { expression: block, path: "network" };
  const { range } = block;
  const className = "ComputationNetwork";
  return {
    expression: { kind: "new", className, classRange: range, operand: block, range } as const,
    path: "network",
  };
}

function networkFromFileClass({
  loadModel,
  log,
  traceLevel,
  precision,
}: BuildOptions): NativeClass {
  return {
    hasEmptyPath: true,
    *construct(construction) {
      const path = asString(yield requiredMember(construction, "pathName").force(), "'pathName'");
      if (traceLevel > 0) log(`Load: Loading model file: ${path}`);
      const network = loadModel(path);
      // a script may ask for the dimensions of its nodes; the log will have them with the network that uses them
      validateNetwork(network, { log, traceLevel: 0, precision });
      return networkValue(network);
    },
  };
}
