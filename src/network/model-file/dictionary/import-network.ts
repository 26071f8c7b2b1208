/** A model of CNTK 2 -> ComputationNetwork (model-format.md 8.4). CNTK: Function::Load, V2 to V1 conversion. */

import { CntkError } from "../../../../grammar/errors.js";
import { elementCount, printShape } from "../../../operations/shape.js";
import { checkInputCount, createNode } from "../../construct-node.js";
import type { ComputationNetwork } from "../../network.js";
import type { ComputationNode } from "../../node.js";
import { findUndelayedLoop } from "../../undelayed-loop.js";
import { quoted } from "../binary-reader.js";
import { chainBefore } from "../chain.js";
import { loadedParameter } from "../leaf-bodies.js";
import { toPrecision } from "../matrix.js";
import { UniqueNames } from "../node-names.js";
import type { ReadModelOptions } from "../read-options.js";
import { defaultSettings } from "../settings-body.js";
import { readCompositeFunction, type PrimitiveFunction, type Variable } from "./functions.js";
import { NO_SEQUENCE_AXIS, OPERATORS, type OperatorContext } from "./operators.js";

/** The axis that inputs have unless they say something else. */
const DEFAULT_SEQUENCE_AXIS = "defaultDynamicAxis";

const COMBINE = 44;
const BATCH_NORMALIZATION = 40;
const DROPOUT = 15;

/** First version of functions in which batch normalisation has its count as an input. */
const WITH_COUNT = 4;

/**
 * The network of a dictionary. Its inputs are its features, and the results of its root are its outputs; it has no
 * criterion of its own.
 * @throws CntkError "reading"
 */
export function importNetwork(
  bytes: Uint8Array,
  fileName: string,
  options: ReadModelOptions,
): ComputationNetwork {
  const model = readCompositeFunction(bytes, fileName);
  const importing = new Importing(options, fileName);
  importing.addVariables(model.variables);
  importing.addFunctions(model.functions);
  const output = importing.outputsOf(model.root);
  const { nodes } = importing;
  const loop = findUndelayedLoop(nodes);
  if (loop !== undefined) {
    throw model.entries.error(
      `node ${quoted(loop.name)} depends on its own value, with no PastValue or FutureValue in between`,
    );
  }
  const feature = nodes.filter(({ operation }) => operation.leaf === "input");
  const groups = { feature, label: [], criterion: [], evaluation: [], output };
  for (const node of feature) node.tags.add("feature");
  for (const node of output) node.tags.add("output");
  return { nodes, groups };
}

class Importing {
  readonly nodes: ComputationNode[] = [];
  readonly #options: ReadModelOptions;
  readonly #fileName: string;
  readonly #names = new UniqueNames();
  readonly #variables = new Map<string, Variable>();
  readonly #functions = new Map<string, PrimitiveFunction>();
  /** node of each variable and function */
  readonly #nodeOf = new Map<string, ComputationNode>();
  /** what the placeholders of blocks stand for */
  readonly #aliases = new Map<string, string>();
  /** the block around each inner root */
  readonly #blockOfRoot = new Map<string, PrimitiveFunction>();

  constructor(options: ReadModelOptions, fileName: string) {
    this.#options = options;
    this.#fileName = fileName;
  }

  addVariables(variables: readonly Variable[]): void {
    const inputs = variables.filter(({ kind }) => kind === "input");
    const hasSequences = inputs.some(({ sequenceAxis }) => sequenceAxis !== undefined);
    for (const variable of variables) {
      this.#variables.set(variable.uid, variable);
      const node =
        variable.kind === "input"
          ? this.#inputNode(variable, hasSequences)
          : this.#parameterNode(variable);
      this.#add(variable.uid, node);
    }
  }

  #inputNode(variable: Variable, hasSequences: boolean): ComputationNode {
    const { shape, isSparse, sequenceAxis, entries } = variable;
    if (shape.includes(0)) throw entries.error("an input of unknown size is not supported");
    const operation = this.#operation(isSparse ? "SparseInputValue" : "InputValue", entries);
    const isDefault = sequenceAxis === DEFAULT_SEQUENCE_AXIS || !hasSequences;
    const dynamicAxis = isDefault ? "*" : this.#axisNode(sequenceAxis ?? NO_SEQUENCE_AXIS);
    return createNode({ name: this.#nameOf(variable), operation, shape, dynamicAxis, ranges: [] });
  }

  /** The node that stands for a dynamic axis of its own. @returns its name */
  #axisNode(name: string): string {
    if (this.nodes.some((node) => node.name === name)) return name;
    const operation = this.#options.operations.get("DynamicAxis");
    if (operation !== undefined) {
      this.nodes.push(createNode({ name: this.#names.take(name, name), operation, ranges: [] }));
    }
    return name;
  }

  #parameterNode(variable: Variable): ComputationNode {
    const { shape, value, kind, needsGradient, entries } = variable;
    const count = elementCount(shape);
    if (value?.values.length !== count || count === 0) {
      throw entries.error(
        `expected ${count} values for the shape [${printShape(shape)}], found ${value?.values.length ?? 0}`,
      );
    }
    const multiplier = kind === "parameter" && needsGradient ? 1 : 0;
    const values = toPrecision(value.values, this.#options.precision);
    return createNode({
      name: this.#nameOf(variable),
      operation: this.#operation("LearnableParameter", entries),
      shape,
      parameter: loadedParameter(values, multiplier),
      ranges: [],
    });
  }

  addFunctions(functions: readonly PrimitiveFunction[]): void {
    for (const one of functions) this.#enter(one);
    for (const one of functions) this.#addFunction(one);
    for (const one of functions) this.#connect(one);
  }

  #enter(one: PrimitiveFunction): void {
    const { uid, block, entries } = one;
    if (this.#functions.has(uid)) throw entries.error(`two functions with the uid '${uid}'`);
    this.#functions.set(uid, one);
    if (block === undefined) return;
    for (const [placeholder, argument] of block.arguments) this.#aliases.set(placeholder, argument);
    this.#blockOfRoot.set(block.root, one);
  }

  #addFunction(one: PrimitiveFunction): void {
    const operator = OPERATORS[one.op];
    if (operator === undefined) throw one.entries.error(`unknown operator ${one.op}`);
    if (operator.node === undefined) return;
    const operation = this.#operation(operator.node, one.entries);
    if (one.op === DROPOUT && one.attributes.has("dropoutRate")) {
      const rate = one.attributes.number("dropoutRate");
      this.#options.log?.(
        `INFO: ${one.uid}: the rate ${rate} of Dropout is not kept: dropoutRate of the SGD section decides.`,
      );
    }
    const { steps } = operator.convert?.(this.#contextOf(one)) ?? { steps: [{}] };
    const complete = steps.map((settings) => ({
      ...defaultSettings(operation.settings),
      ...settings,
    }));
    const node = createNode({
      name: this.#nameOf(one),
      operation,
      settings: complete.at(-1) ?? {},
      ranges: [],
    });
    this.#add(one.uid, node);
    const before = chainBefore(node, complete.slice(0, -1), this.#names);
    this.nodes.push(...before);
  }

  #contextOf({ uid, attributes, inputs }: PrimitiveFunction): OperatorContext {
    const leaf = (input: number) => this.#variables.get(this.#resolve(inputs[input] ?? ""));
    return {
      uid,
      attributes,
      leafShape: (input) => leaf(input)?.shape,
      scalar: (input) => {
        const variable = leaf(input);
        const values = variable?.kind === "constant" ? variable.value?.values : undefined;
        return values?.length === 1 ? values[0] : undefined;
      },
    };
  }

  #connect(one: PrimitiveFunction): void {
    const node = this.#nodeOf.get(one.uid);
    if (node === undefined) return;
    const order = OPERATORS[one.op]?.convert?.(this.#contextOf(one)).inputs;
    const uids = order?.map((input) => one.inputs[input]) ?? one.inputs;
    const inputs = uids.flatMap((uid) => (uid === undefined ? [] : [this.#result(uid, one)]));
    if (one.op === BATCH_NORMALIZATION && one.version < WITH_COUNT && inputs.length === 5) {
      inputs.push(this.#runCount(node, one));
    }
    try {
      checkInputCount(node.operation, inputs.length);
    } catch (error) {
      if (error instanceof CntkError) throw one.entries.error(error.message);
      throw error;
    }
    // A chain begins at the first input.
    let first = node;
    while (first.inputs[0] !== undefined) first = first.inputs[0];
    first.inputs = inputs;
  }

  #runCount(owner: ComputationNode, { entries }: PrimitiveFunction): ComputationNode {
    const count = createNode({
      name: this.#names.take(`${owner.name}.run_sample_count`, owner.name),
      operation: this.#operation("LearnableParameter", entries),
      shape: [1],
      parameter: loadedParameter(toPrecision(Float64Array.of(0), this.#options.precision), 0),
      ranges: [],
    });
    this.nodes.push(count);
    return count;
  }

  /** Nodes of all results of a function. */
  outputsOf(uid: string): ComputationNode[] {
    const asked = new Set<string>();
    const collect = (function_: string): ComputationNode[] => {
      const one = this.#functions.get(function_);
      if (one === undefined || asked.has(function_)) {
        throw this.#error(`the file has no function '${function_}', or it contains itself`);
      }
      asked.add(function_);
      if (one.op === COMBINE) return one.inputs.map((input) => this.#result(input, one));
      if (one.block !== undefined) return collect(one.block.root);
      return [this.#result(`${function_}_Output_0`, one)];
    };
    return [...new Set(collect(uid))];
  }

  #result(uid: string, user: PrimitiveFunction): ComputationNode {
    const found = this.#resolve(uid);
    const node = this.#nodeOf.get(/^(.*)_Output_\d+$/s.exec(found)?.[1] ?? found);
    if (node !== undefined) return node;
    throw user.entries.error(`the file has nothing with the uid ${quoted(uid)}`);
  }

  /** Follows placeholders, blocks and functions that pass their inputs on. @returns the uid of a leaf or result */
  #resolve(uid: string): string {
    const passed = new Set<string>();
    let current = uid;
    for (;;) {
      if (passed.has(current)) throw this.#error(`${quoted(uid)} stands for itself`);
      passed.add(current);
      const next = this.#aliases.get(current) ?? this.#passedOn(current);
      if (next === undefined) return current;
      current = next;
    }
  }

  /** What a result of a function without node is. */
  #passedOn(uid: string): string | undefined {
    const [, function_ = "", output = ""] = /^(.*)_Output_(\d+)$/s.exec(uid) ?? [];
    const one = this.#functions.get(function_);
    if (one === undefined || OPERATORS[one.op]?.node !== undefined) return undefined;
    if (one.block === undefined) return one.inputs[Number(output)];
    return `${one.block.root}_Output_${output}`;
  }

  #add(uid: string, node: ComputationNode): void {
    if (this.#nodeOf.has(uid)) throw this.#error(`two objects with the uid '${uid}'`);
    this.#nodeOf.set(uid, node);
    this.nodes.push(node);
  }

  /** What is the result of a block has the name that somebody gave to the block; the outermost one counts. */
  #nameOf({ uid, name }: { readonly uid: string; readonly name: string }): string {
    let given = name;
    let block = this.#blockOfRoot.get(uid);
    for (const seen = new Set<unknown>(); block !== undefined && !seen.has(block);) {
      seen.add(block);
      if (block.name !== "") given = block.name;
      block = this.#blockOfRoot.get(block.uid);
    }
    return this.#names.take(given, uid);
  }

  #operation(name: string, where: Variable["entries"]) {
    const operation = this.#options.operations.get(name);
    if (operation !== undefined) return operation;
    throw where.error(`the operation ${name} of CNTK 2 is not supported`);
  }

  #error(message: string): CntkError {
    return new CntkError("reading", `${this.#fileName}: ${message}`);
  }
}
