/** From the text of a BrainScriptNetworkBuilder to its network (brainscript.md 1). */

import type { Member } from "../../grammar/ast.js";
import { parseExpression, parseScript } from "../../grammar/brainscript/parser.js";
import { CntkError } from "../../grammar/errors.js";
import { SourceText, type SourceFile, type SourceRange } from "../../grammar/source.js";
import { requiredMember, type NativeClass } from "../script/classes.js";
import { Interpreter } from "../script/evaluate.js";
import { asString } from "../script/expect.js";
import { libraryFiles } from "../script/library.js";
import { nativeClasses } from "../script/native.js";
import { runToEnd } from "../script/trampoline.js";
import { describeValue } from "../script/value.js";
import { operations } from "../operations/index.js";
import { computationNetworkClass } from "./construct-network.js";
import { computationNodeClass, type NodeFactory } from "./construct-node.js";
import { OperatorsOnNodes } from "./node-operators.js";
import type { ComputationNetwork } from "./network.js";
import { networkOf, networkValue } from "./node-value.js";
import { announceParameter } from "./parameter-values.js";

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
    onParameter: (node) => announceParameter(node, options),
  };
  const classes = new Map<string, NativeClass>([
    ...nativeClasses(options.log),
    ["ComputationNode", computationNodeClass(factory)],
    ["ComputationNetwork", computationNetworkClass(factory)],
    ["ComputationNetworkFromFile", networkFromFileClass(options)],
  ]);
  const interpreter = new Interpreter({ classes, nodeOperators: new OperatorsOnNodes(factory) });
  const library = libraryFiles().flatMap((file) => parseScript(SourceText.of(file), noInclude));
  const global = interpreter.recordScope([...library, ...runMembers(options)], undefined, "");
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
function networkExpression({ script, readText }: BuildOptions) {
  const text = script.trim();
  const opening = text.text.at(0) ?? "";
  if (!"{[(".includes(opening) || opening === "") {
    throw new CntkError("parsing", "a network builder begins with '{', '[' or '('", {
      ranges: [text.rangeOf(0, 1)],
    });
  }
  const block = parseExpression(text, readText);
  if (opening === "(") return { expression: block, path: "network" };
  const { range } = block;
  const className = "ComputationNetwork";
  return {
    expression: { kind: "new", className, classRange: range, operand: block, range } as const,
    path: "network",
  };
}

function noInclude(path: string): SourceFile {
  throw new Error(`the library includes no file, but asks for ${path}`);
}

function networkFromFileClass({ loadModel, log, traceLevel }: BuildOptions): NativeClass {
  return {
    hasEmptyPath: true,
    *construct(construction) {
      const path = asString(yield requiredMember(construction, "pathName").force(), "'pathName'");
      if (traceLevel > 0) log(`Load: Loading model file: ${path}`);
      return networkValue(loadModel(path));
    },
  };
}
