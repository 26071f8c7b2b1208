/** `new CloneFunctionConfigLambda`: a part of a network as a function, every call of which makes a copy (brainscript.md 8). */

import { CntkError } from "../../grammar/errors.js";
import type { SourceRange } from "../../grammar/source.js";
import { requiredMember, type Construction, type NativeClass } from "../script/classes.js";
import { asString, evaluationError, flattened, wrongKind } from "../script/expect.js";
import { joinPath } from "../script/path.js";
import { Scope } from "../script/scope.js";
import { Thunk } from "../script/thunk.js";
import type { Task } from "../script/trampoline.js";
import type { FunctionValue, Value } from "../script/value.js";
import type { NodeFactory } from "./construct-node.js";
import { copyNode, dependents, reachableNodes } from "./copy-nodes.js";
import { expectNodeValue, nodeOf, nodeValue } from "./node-value.js";
import type { ComputationNode } from "./node.js";

const TREATMENTS = ["learnable", "constant", "shared"] as const;

/** What becomes of the parameters: copied and trained on, copied and frozen, or not copied. */
type Treatment = (typeof TREATMENTS)[number];

interface CloneFunction {
  readonly inputs: readonly ComputationNode[];
  /** the one output under the name "", or those of a record */
  readonly outputs: ReadonlyMap<string, ComputationNode>;
  readonly treatment: Treatment;
  readonly factory: NodeFactory;
  readonly log: (line: string) => void;
}

export function cloneFunctionClass(factory: NodeFactory, log: (line: string) => void): NativeClass {
  return {
    *construct(construction) {
      const inputMember = yield requiredMember(construction, "inputNodes").force();
      const inputs = (yield* flattened(inputMember)).map((value, index) =>
        expectNodeValue(value, `inputNodes[${index}] of CloneFunction`),
      );
      const outputMember = yield requiredMember(construction, "outputNodes").force();
      const outputs = yield* readOutputs(outputMember);
      const treatment = yield* readTreatment(construction);
      return functionValue({ inputs, outputs, treatment, factory, log }, outputMember);
    },
  };
}

function* readOutputs(value: Value): Task<ReadonlyMap<string, ComputationNode>> {
  const node = nodeOf(value);
  if (node !== undefined) return new Map([["", node]]);
  if (value.kind !== "record") {
    throw wrongKind("outputNodes of CloneFunction", "a node or a record of nodes", value);
  }
  const outputs = new Map<string, ComputationNode>();
  for (const [name, member] of value.scope.ownMembers()) {
    const what = `'${name}' in outputNodes of CloneFunction`;
    outputs.set(name, expectNodeValue(yield member.force(), what));
  }
  return outputs;
}

function* readTreatment(construction: Construction): Task<Treatment> {
  const member = requiredMember(construction, "parameters");
  const text = asString(yield member.force(), "parameters of CloneFunction");
  const treatment = TREATMENTS.find((known) => known === text);
  if (treatment !== undefined) return treatment;
  throw evaluationError(
    `parameters of CloneFunction: expected 'learnable', 'constant' or 'shared', found '${text}'`,
    member.range,
  );
}

function functionValue(clone: CloneFunction, declared: Value): FunctionValue {
  const positional = clone.inputs.map((_, index) => `arg${index}`);
  return {
    kind: "function",
    positional,
    optional: [],
    *apply(given, path, calledFrom) {
      const substitutes = new Map<ComputationNode, ComputationNode>();
      for (const [index, input] of clone.inputs.entries()) {
        const argument = given.get(`arg${index}`);
        if (argument === undefined) throw new Error("a call binds all positional arguments");
        const what = `argument ${index + 1} of the cloned function`;
        substitutes.set(input, expectNodeValue(yield argument.force(), what));
      }
      const ranges = calledFrom?.scope.placesOf(calledFrom.range) ?? [];
      const copies = yield* instantiate(clone, substitutes, path, ranges);
      const result = new Map(
        [...clone.outputs].map(([name, node]) => [name, nodeValue(copies.get(node) ?? node)]),
      );
      const [single] = result.values();
      if (declared.kind !== "record" && single !== undefined) return single;
      const members = new Map([...result].map(([name, value]) => [name, Thunk.of(value, name)]));
      const range = declared.kind === "record" ? declared.range : calledFrom?.range;
      if (range === undefined) throw new Error("a record stands somewhere");
      return { kind: "record", scope: new Scope(members, undefined), range };
    },
  };
}

/** Copies what depends on the inputs or, unless parameters are shared, on something that training changes. */
function* instantiate(
  { inputs, outputs, treatment, factory, log }: CloneFunction,
  substitutes: ReadonlyMap<ComputationNode, ComputationNode>,
  path: string,
  ranges: readonly SourceRange[],
): Task<ReadonlyMap<ComputationNode, ComputationNode>> {
  const borders = new Set(inputs);
  const nodes = yield* reachableNodes([...outputs.values()], factory, borders);
  expectNeeded(inputs, nodes, outputs, ranges);
  const inputsOf = (node: ComputationNode) => (borders.has(node) ? [] : node.inputs);
  const isTrained = ({ parameter, operation }: ComputationNode) =>
    parameter !== undefined || operation.frozen !== undefined;
  const seeds = nodes.filter((node) => treatment !== "shared" && isTrained(node));
  const cloned = [...dependents(nodes, new Set([...inputs, ...seeds]), inputsOf)];
  const copies = new Map(substitutes);
  for (const node of cloned) {
    if (borders.has(node)) continue;
    const name = joinPath(path, node.name);
    copies.set(node, copyNode(node, { name, ranges, isFrozen: treatment === "constant" }));
  }
  log(
    `CloneFunction: (${inputs.map(({ name }) => name).join(", ")}) => ${[...outputs.values()].map(({ name }) => name).join(", ")}, parameters = '${treatment}'`,
  );
  relink(cloned, copies, borders, log);
  return copies;
}

function relink(
  cloned: readonly ComputationNode[],
  copies: ReadonlyMap<ComputationNode, ComputationNode>,
  borders: ReadonlySet<ComputationNode>,
  log: (line: string) => void,
): void {
  let [copied, relinked] = [0, 0];
  for (const node of cloned) {
    const copy = copies.get(node);
    if (copy === undefined || borders.has(node)) continue;
    copied++;
    copy.inputs = node.inputs.map((input, index) => {
      const replacement = copies.get(input);
      if (replacement === undefined) return input;
      relinked++;
      log(`${copy.name}.inputs[${index}] = ${input.name} ==> ${replacement.name}`);
      return replacement;
    });
  }
  log(`CloneFunction: Cloned ${copied} nodes and relinked ${relinked} inputs.`);
}

function expectNeeded(
  inputs: readonly ComputationNode[],
  nodes: readonly ComputationNode[],
  outputs: ReadonlyMap<string, ComputationNode>,
  ranges: readonly SourceRange[],
): void {
  const needed = new Set(nodes);
  const useless = inputs.find((input) => !needed.has(input));
  if (useless === undefined) return;
  const names = [...outputs.values()].map(({ name }) => `'${name}'`).join(", ");
  throw new CntkError(
    "evaluating",
    `CloneFunction: no output depends on the input node '${useless.name}'`,
    { hint: `the output nodes are ${names}: leave the input out`, ranges },
  );
}
