/** `new ComputationNode [ operation = ... ]` (brainscript.md 4.8, 6.4, 6.5). */

import { CntkError, nearestName } from "../../grammar/errors.js";
import type { SourceRange } from "../../grammar/source.js";
import {
  optionalMember,
  requiredMember,
  type Construction,
  type NativeClass,
} from "../script/classes.js";
import { asString } from "../script/expect.js";
import type { Thunk } from "../script/thunk.js";
import type { Task } from "../script/trampoline.js";
import type { Value } from "../script/value.js";
import type { Operation } from "../operations/operation.js";
import type { Settings } from "../operations/settings.js";
import type { Shape } from "../operations/shape.js";
import {
  declaredShape,
  readDynamicAxis,
  readParameter,
  type ParameterSources,
} from "./construct-parameter.js";
import { expectNodeValue, nodeValue } from "./node-value.js";
import type { ComputationNode, ParameterState } from "./node.js";
import { readSettings } from "./read-settings.js";

/** What is known only while a network is being built. */
export interface NodeFactory {
  readonly operations: ReadonlyMap<string, Operation>;
  readonly sources: ParameterSources;
  /** tags given by `tag=`, not checked yet */
  readonly tagTexts: Map<ComputationNode, string>;
  /** `inputs` members of delays, evaluated when the node joins the network */
  readonly delayedInputs: Map<
    ComputationNode,
    { readonly member: Thunk; readonly where: Construction }
  >;
  /** constants that operators made from numbers: nobody gave them a name */
  readonly implicitConstants: Set<ComputationNode>;
  /** announces a parameter whose dimensions are not known yet */
  readonly onParameter: (node: ComputationNode) => void;
  /** counts the nodes. @throws CntkError "evaluating" when there are more than anybody can train */
  readonly onNode: (node: ComputationNode) => void;
}

const mostNodes = 50_000;

/** ResNet-152 has 1,500 nodes; a script that multiplies them must not fill the memory. */
export function nodeCounter(): NodeFactory["onNode"] {
  let count = 0;
  return ({ ranges }) => {
    if (++count <= mostNodes) return;
    throw new CntkError("evaluating", `a network may have up to ${mostNodes} nodes`, { ranges });
  };
}

interface NodeParts {
  readonly name: string;
  readonly operation: Operation;
  readonly settings?: Settings;
  readonly inputs?: readonly ComputationNode[];
  readonly shape?: Shape;
  readonly dynamicAxis?: string;
  readonly parameter?: ParameterState;
  readonly ranges: readonly SourceRange[];
}

/** A node that belongs to no network yet. */
export function createNode(parts: NodeParts): ComputationNode {
  return {
    name: parts.name,
    operation: parts.operation,
    settings: parts.settings ?? {},
    inputs: parts.inputs ?? [],
    tags: new Set(),
    ranges: parts.ranges,
    shape: parts.shape ?? [],
    dynamicAxis: parts.dynamicAxis,
    needsGradient: false,
    ...(parts.parameter === undefined ? {} : { parameter: parts.parameter }),
  };
}

/** The operation of that name or alias. */
export function findOperation(factory: NodeFactory, name: string): Operation {
  const operation = factory.operations.get(name);
  if (operation !== undefined) return operation;
  const nearest = nearestName(name, factory.operations.keys());
  throw new CntkError("evaluating", `unknown operation '${name}'`, {
    hint: nearest === undefined ? undefined : `did you mean '${nearest}'?`,
  });
}

/** The class behind every node function of the library. */
export function computationNodeClass(factory: NodeFactory): NativeClass {
  return {
    hasEmptyPath: true,
    *construct(construction) {
      const operationMember = requiredMember(construction, "operation");
      const operation = findOperation(
        factory,
        asString(yield operationMember.force(), "operation"),
      );
      const node = yield* construct(construction, operation, factory);
      factory.onNode(node);
      const tag = yield* optionalMember(construction, "tag");
      const tagText = tag === undefined ? "" : asString(tag, "'tag'");
      if (tagText !== "") factory.tagTexts.set(node, tagText);
      return nodeValue(node);
    },
  };
}

function* construct(
  construction: Construction,
  operation: Operation,
  factory: NodeFactory,
): Task<ComputationNode> {
  const name = construction.path;
  const ranges = construction.record.scope.placesOf(construction.range);
  if (operation.leaf === "parameter") {
    const shape = yield* declaredShape(construction);
    const parameter = yield* readParameter(construction, factory.sources);
    const node = createNode({ name, operation, shape, parameter, ranges });
    factory.onParameter(node);
    return node;
  }
  const settings = yield* readSettings(operation.settings, construction, operation.name);
  if (operation.leaf !== undefined) {
    const shape = yield* declaredShape(construction);
    if (operation.leaf !== "input") return createNode({ name, operation, settings, shape, ranges });
    const dynamicAxis = yield* readDynamicAxis(construction);
    return createNode({ name, operation, settings, shape, dynamicAxis, ranges });
  }
  if (operation.hasDelayedInputs === true) {
    const shape = yield* declaredShape(construction);
    const node = createNode({ name, operation, settings, shape, ranges });
    factory.delayedInputs.set(node, {
      member: requiredMember(construction, "inputs"),
      where: construction,
    });
    return node;
  }
  const member = requiredMember(construction, "inputs");
  const inputs = yield* readInputs(yield member.force(), operation);
  if (operation.precompute === undefined)
    return createNode({ name, operation, settings, inputs, ranges });
  return createNode({ name, operation, settings, inputs, ranges, parameter: valueToCome() });
}

/** Where a statistic over the training data will be kept. */
export const valueToCome = (): ParameterState => ({
  learningRateMultiplier: 0,
  initialization: { kind: "loaded" },
  value: undefined,
  gradient: undefined,
});

/** A delay gets its inputs, if it still waits for them. */
export function* attachDelayedInputs(node: ComputationNode, factory: NodeFactory): Task<void> {
  const delayed = factory.delayedInputs.get(node);
  if (delayed === undefined) return;
  node.inputs = yield* readInputs(yield delayed.member.force(), node.operation);
  factory.delayedInputs.delete(node);
}

/** The nodes of an `inputs` member: one node or an array of nodes, which is not flattened. */
export function* readInputs(value: Value, operation: Operation): Task<readonly ComputationNode[]> {
  const inputs: ComputationNode[] = [];
  const elements = value.kind === "array" ? value.elements : undefined;
  for (let index = 0; index < (elements?.length ?? 1); index++) {
    const thunk = elements?.[index];
    const element = thunk === undefined ? value : yield thunk.force();
    inputs.push(expectNodeValue(element, `input ${index + 1} of ${operation.name}`));
  }
  checkInputCount(operation, inputs.length);
  return inputs;
}

/** Checks the number of inputs against the operation's input names. */
export function checkInputCount(operation: Operation, count: number): void {
  const names = operation.inputs;
  const isOpen = names.some((name) => name.endsWith("..."));
  const optional = names.filter((name) => name.endsWith("?")).length;
  const least = isOpen ? names.length : names.length - optional;
  const most = isOpen ? Infinity : names.length;
  if (count >= least && count <= most) return;
  const expected =
    least === most ? `${least}` : isOpen ? `at least ${least}` : `${least} to ${most}`;
  throw new CntkError(
    "evaluating",
    `${operation.name} takes ${expected} inputs (${names.join(", ")}), but ${count} are given`,
  );
}
