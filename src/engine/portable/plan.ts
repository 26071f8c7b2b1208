/** What a portable program does at every run, worked out once: order, tables, lifetimes of values. */

import { CntkError } from "../../../grammar/errors.js";
import type { ComputationNode } from "../../network/node.js";
import { evaluationOrder, loops } from "../../network/order.js";
import { namesOfInputs, type StaticContext } from "../../operations/operation.js";
import type { Shape } from "../../operations/shape.js";
import { tf, type Tensor } from "../../operations/tensors.js";
import type { CompileRequest } from "../engine.js";
import { locatedAt } from "./node-errors.js";

/** One node of the program. */
export interface Step {
  readonly node: ComputationNode;
  /** position in the plan */
  readonly index: number;
  readonly inputs: readonly Step[];
  /** name of each input, as the keys of `forward`'s inputs and of `backward` have it */
  readonly inputNames: readonly string[];
  readonly known: StaticContext<string, never>;
  /** what the operation's `prepare` returned */
  readonly prepared: unknown;
  /** the tensors in it */
  readonly preparedTensors: readonly Tensor[];
  readonly hasDynamicAxis: readonly boolean[];
  /** true if gradients pass through the node, so that what `forward` keeps is needed later */
  readonly isDifferentiated: boolean;
  /** position of an input that the operation takes sparse, if the reader delivers it so */
  readonly sparseInput: number | undefined;
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly criterion: Step | undefined;
  /** the steps gradients pass through, criterion first */
  readonly backward: readonly Step[];
  /** parameters that are trained */
  readonly trained: readonly Step[];
  readonly outputs: readonly Step[];
  /**
   * Values that nobody needs any more after forward step t, or after backward step t - steps.length. Values of outputs
   * are in no list.
   */
  readonly releases: readonly (readonly number[])[];
}

/**
 * Plans the nodes that outputs and criterion depend on.
 * @throws CntkError "running" if one of them cannot be computed
 */
export function makePlan({ outputs, criterion }: CompileRequest): Plan {
  const roots = criterion === undefined ? outputs : [criterion, ...outputs];
  // an axis is a name without a value
  const nodes = evaluationOrder(roots, computedFrom).filter(
    (node) => node.operation.leaf !== "dynamicAxis",
  );
  for (const node of nodes) expectComputable(node);
  expectNoLoops(roots);
  const differentiated = new Set(
    criterion === undefined
      ? []
      : evaluationOrder([criterion]).filter((node) => node.needsGradient),
  );
  const stepOf = new Map<ComputationNode, Step>();
  for (const node of nodes) stepOf.set(node, makeStep(node, stepOf, differentiated.has(node)));
  const steps = [...stepOf.values()];
  const backward = steps.filter((step) => step.isDifferentiated).reverse();
  const wanted = steps.filter(({ node }) => roots.includes(node));
  return {
    steps,
    criterion: criterion && stepOf.get(criterion),
    backward,
    trained: steps.filter(
      ({ node }) => differentiated.has(node) && (node.parameter?.learningRateMultiplier ?? 0) > 0,
    ),
    outputs: wanted,
    releases: planReleases(steps, backward, wanted),
  };
}

/** The inputs a node's value is computed from: a statistic over the training data has its value already. */
export const computedFrom = ({ operation, inputs }: ComputationNode) =>
  operation.precompute === undefined ? inputs : [];

/** @throws CntkError "running" if nothing says how the node is computed, or a statistic has no value yet */
export function expectComputable({ name, operation, parameter, ranges }: ComputationNode): void {
  const isSupplied = operation.leaf === "input" || operation.leaf === "parameter";
  if (isSupplied || operation.forward !== undefined) return;
  if (operation.precompute === undefined) {
    throw new CntkError("running", `${operation.name}: node '${name}' cannot be computed`, {
      hint: operation.unavailable ?? `this version does not compute ${operation.name}`,
      ranges,
    });
  }
  if (parameter?.value !== undefined) return;
  throw new CntkError("running", `${operation.name}: node '${name}' has no value yet`, {
    hint: "it is computed from the training data before the first epoch of training",
    ranges,
  });
}

function expectNoLoops(roots: readonly ComputationNode[]): void {
  const [loop] = loops(roots);
  if (loop === undefined) return;
  const names = loop.map((node) => `'${node.name}'`).join(", ");
  throw new CntkError("running", `the recurrent loop of ${names} cannot be computed`, {
    hint: "this version does not compute recurrent loops",
    ranges: loop[0]?.ranges ?? [],
  });
}

/** @param stepOf the steps before this one, among them those of its inputs */
function makeStep(
  node: ComputationNode,
  stepOf: ReadonlyMap<ComputationNode, Step>,
  needsGradient: boolean,
): Step {
  const inputs = node.inputs.flatMap((input) => stepOf.get(input) ?? []);
  const inputNames = namesOfInputs(node.operation.inputs, inputs.length);
  const all = inputs.map((input) => input.node.shape);
  const shapes: Record<string, Shape> = {};
  inputNames.forEach((name, position) => (shapes[name] ??= all[position] ?? []));
  // the network gives every node the settings of its operation's schema
  const known = { settings: node.settings as never, shapes, all, shape: node.shape };
  const hasDynamicAxis = inputs.map((input) => input.node.dynamicAxis !== undefined);
  return {
    node,
    index: stepOf.size,
    inputs,
    inputNames,
    known,
    ...prepare(node, known),
    hasDynamicAxis,
    isDifferentiated: needsGradient && node.operation.leaf === undefined,
    sparseInput: sparseInputOf(node, inputNames, hasDynamicAxis),
  };
}

function sparseInputOf(
  { operation: { sparse }, inputs }: ComputationNode,
  inputNames: readonly string[],
  hasDynamicAxis: readonly boolean[],
): number | undefined {
  if (sparse?.accepts({ hasDynamicAxis }) !== true) return undefined;
  const position = inputNames.indexOf(sparse.input);
  return inputs[position]?.operation.leaf === "input" ? position : undefined;
}

/** Runs an operation's `prepare`. The tensors in its tables live until the program is disposed of. */
function prepare(
  node: ComputationNode,
  known: StaticContext<string, never>,
): { prepared: unknown; preparedTensors: readonly Tensor[] } {
  const make = node.operation.prepare;
  if (make === undefined) return { prepared: undefined, preparedTensors: [] };
  try {
    let prepared: unknown;
    const preparedTensors = tf.tidy(() => {
      prepared = make(known);
      return tensorsIn(prepared);
    });
    return { prepared, preparedTensors };
  } catch (error) {
    throw locatedAt(node, error);
  }
}

/** Tensors anywhere in arrays and records. Typed arrays are not searched, as TensorFlow.js does element by element. */
function tensorsIn(value: unknown, found: Tensor[] = []): Tensor[] {
  if (value instanceof tf.Tensor) found.push(value as Tensor);
  else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
    for (const member of Object.values(value)) tensorsIn(member, found);
  }
  return found;
}

/** For every moment of a run, forward steps first, the values used then for the last time. */
function planReleases(
  steps: readonly Step[],
  backward: readonly Step[],
  outputs: readonly Step[],
): number[][] {
  // a node's gradients may use its value and all its inputs
  const lastUse = steps.map((step) => step.index);
  const moments = [...steps, ...backward];
  moments.forEach((step, moment) => {
    for (const input of step.inputs) lastUse[input.index] = moment;
    lastUse[step.index] = moment;
  });
  const releases: number[][] = moments.map(() => []);
  const isOutput = new Set(outputs.map((step) => step.index));
  lastUse.forEach((moment, index) => {
    if (!isOutput.has(index)) releases[moment]?.push(index);
  });
  return releases;
}
