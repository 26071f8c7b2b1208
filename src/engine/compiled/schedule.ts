/** From a network to a flat list of kernel calls over buffers: forward, then backward. There is no tape. */

import type { Kernels } from "../../kernels/library.js";
import type { ComputationNode } from "../../network/node.js";
import { evaluationOrder, loops } from "../../network/order.js";
import { namesOfInputs } from "../../operations/operation.js";
import { elementCount } from "../../operations/shape.js";
import type { CompileRequest } from "../engine.js";
import { computedFrom } from "../portable/plan.js";
import { workingBuffer, type Buffer } from "./buffers.js";
import {
  call,
  type Call,
  type Exchange,
  type Findings,
  type Lowered,
  type LoweringContext,
  type Sparse,
  type Target,
} from "./lowering.js";
import { lowerings } from "./lowerings.js";

/** A call with the node that it is for, which the trace tells. */
export interface NodeCall extends Call {
  readonly node: ComputationNode;
  readonly isBackward: boolean;
  /** true for a call that one rank runs when all have done the others */
  readonly isOnce?: boolean;
}

export interface Schedule {
  readonly calls: readonly NodeCall[];
  /** true if it is right for a whole minibatch only, not for pieces */
  readonly needsWholeMinibatch: boolean;
}

/** A node that has no kernel, and so leaves the network to the portable engine. */
export interface Obstacle {
  readonly node: ComputationNode;
}

/** Where the values and gradients are that do not live in working memory. */
export interface Storage {
  /** buffer of a parameter, an input or an output; undefined for a value that only the schedule needs */
  readonly value: (node: ComputationNode) => Buffer | undefined;
  /** the next place where ranks add up what they have */
  readonly exchange: (floats: number) => Exchange;
  /** buffer of what the host computes for a node before every run */
  readonly supplied: (node: ComputationNode) => Buffer | undefined;
  /** buffer of a parameter's gradient */
  readonly gradient: (parameter: ComputationNode) => Buffer | undefined;
}

export interface ScheduleRequest {
  readonly request: CompileRequest;
  /** of one piece of the minibatch */
  readonly columns: number;
  readonly storage: Storage;
  readonly ask: Kernels["ask"];
  /** true if gradients of parameters are added to what the pieces before have left */
  readonly accumulatesGradients: boolean;
}

/** Nodes in the order of evaluation, or the first that stands in the way of a schedule. */
export function schedulableNodes({ outputs, criterion }: CompileRequest): {
  readonly nodes: readonly ComputationNode[];
  readonly obstacle: ComputationNode | undefined;
} {
  const roots = criterion === undefined ? outputs : [criterion, ...outputs];
  const nodes = evaluationOrder(roots, computedFrom);
  return { nodes, obstacle: nodes.find((node) => !mayHaveKernel(node)) ?? loops(roots)[0]?.[0] };
}

/** True for a parameter, and for a statistic, which has its value as a parameter has. */
export const isParameter = ({ operation }: ComputationNode): boolean =>
  operation.leaf === "parameter" || operation.precompute !== undefined;

/** Elements of a sparse input up to which it is made dense, as kernels need it: labels, not words. */
const MOST_DENSE = 1 << 12;

function mayHaveKernel(node: ComputationNode): boolean {
  const { operation, parameter } = node;
  if (operation.leaf === "input") {
    return operation.isSparse !== true || elementCount(node.shape) <= MOST_DENSE;
  }
  if (operation.precompute !== undefined) return !(parameter?.value instanceof Float64Array);
  if (operation.leaf === "parameter") return parameter?.value instanceof Float32Array;
  return operation.name in lowerings;
}

/** The calls for a piece of a minibatch, or the first node whose shapes or settings have no kernel. */
export function makeSchedule(
  nodes: readonly ComputationNode[],
  request: ScheduleRequest,
): Schedule | Obstacle {
  return new Compilation(request).compile(nodes);
}

class Compilation {
  readonly #request: ScheduleRequest;
  readonly #values = new Map<ComputationNode, Buffer>();
  readonly #gradients = new Map<ComputationNode, Buffer>();
  readonly #lowered = new Map<ComputationNode, Lowered>();
  /** how often each value is used; outputs are used by the host, too */
  readonly #users = new Map<ComputationNode, number>();
  readonly #sparseGradients = new Map<ComputationNode, Sparse>();
  readonly #findings: Findings = { sparse: new Map(), positions: new Map() };

  constructor(request: ScheduleRequest) {
    this.#request = request;
  }

  compile(nodes: readonly ComputationNode[]): Schedule | Obstacle {
    const { criterion, outputs } = this.#request.request;
    const used = [...nodes.flatMap(({ inputs }) => inputs), ...outputs];
    for (const node of used) this.#users.set(node, (this.#users.get(node) ?? 0) + 1);
    const differentiated = new Set(
      criterion === undefined
        ? []
        : evaluationOrder([criterion]).filter((node) => node.needsGradient),
    );
    const forward: NodeCall[] = [];
    for (const node of nodes) {
      this.#place(node, differentiated.has(node));
      if (node.operation.leaf === "input" || isParameter(node)) continue;
      const lowered = lowerings[node.operation.name]?.(this.#context(node));
      if (lowered === undefined) return { node };
      this.#lowered.set(node, lowered);
      forward.push(...lowered.forward.map((own) => ({ ...own, node, isBackward: false })));
    }
    const backward =
      criterion === undefined ? [] : this.#differentiate(nodes, criterion, differentiated);
    const remembering = nodes.flatMap((node) =>
      (this.#lowered.get(node)?.remember ?? []).map((own) => ({
        ...own,
        node,
        isBackward: false,
        isOnce: true,
      })),
    );
    const all = [...this.#lowered.values()];
    return {
      calls: [...forward, ...backward, ...remembering],
      needsWholeMinibatch: all.some(({ needsWholeMinibatch }) => needsWholeMinibatch === true),
    };
  }

  #place(node: ComputationNode, needsGradient: boolean): void {
    const { columns, storage } = this.#request;
    const floats = (node.dynamicAxis === undefined ? 1 : columns) * elementCount(node.shape);
    this.#values.set(node, storage.value(node) ?? workingBuffer(floats));
    if (!needsGradient) return;
    const gradient = isParameter(node) ? storage.gradient(node) : undefined;
    this.#gradients.set(node, gradient ?? workingBuffer(floats));
  }

  #context(node: ComputationNode): LoweringContext {
    const nothing = workingBuffer(0);
    const { columns, ask, request } = this.#request;
    return {
      node,
      columns,
      isTraining: request.criterion !== undefined,
      supplied: this.#request.storage.supplied(node),
      valueOf: (other) => this.#values.get(other),
      hasOneUser: (other) => this.#users.get(other) === 1,
      inputs: node.inputs.map((input) => this.#values.get(input) ?? nothing),
      value: this.#values.get(node) ?? nothing,
      gradient: this.#gradients.get(node) ?? nothing,
      findings: this.#findings,
      allocate: workingBuffer,
      scratch: (bytes) => workingBuffer(Math.ceil(bytes / 4)),
      exchange: this.#request.storage.exchange,
      ask: (kernel, ...values) => ask[kernel](...values),
    };
  }

  /** The first contribution to a gradient is stored, later ones are added: nothing need be cleared. */
  #differentiate(
    nodes: readonly ComputationNode[],
    criterion: ComputationNode,
    differentiated: ReadonlySet<ComputationNode>,
  ): NodeCall[] {
    const calls: NodeCall[] = [];
    const add = (node: ComputationNode, ...own: readonly Call[]) =>
      calls.push(...own.map((one) => ({ ...one, node, isBackward: true })));
    const begun = new Set<ComputationNode>();
    const parameters = [...differentiated].filter(isParameter);
    if (this.#request.accumulatesGradients) for (const node of parameters) begun.add(node);
    const seed = this.#gradients.get(criterion);
    if (seed !== undefined) {
      add(criterion, call("fill_with", seed, seed.floats, 1));
      begun.add(criterion);
    }
    const contributions = countContributions(differentiated);
    for (const node of nodes.toReversed()) {
      if (!begun.has(node)) continue;
      const bypass = this.#lowered.get(node)?.bypass;
      if (bypass !== undefined) {
        const buffer = this.#gradients.get(bypass.node);
        if (buffer === undefined) continue;
        const accumulate = begun.has(bypass.node) ? 1 : 0;
        add(node, ...bypass.backward({ buffer, accumulate }));
        begun.add(bypass.node);
        continue;
      }
      node.inputs.forEach((input, position) => {
        const buffer = this.#gradients.get(input);
        if (buffer === undefined || !differentiated.has(input)) return;
        const mayBeSparse = contributions.get(input) === 1 && input !== criterion;
        const target: Target = { buffer, accumulate: begun.has(input) ? 1 : 0 };
        const own = this.#contribution(node, position, target, mayBeSparse);
        if (own === undefined) return;
        add(node, ...own);
        begun.add(input);
      });
    }
    // a parameter that nothing reaches has gradient 0
    for (const node of parameters) {
      const buffer = this.#gradients.get(node);
      if (begun.has(node) || buffer === undefined) continue;
      add(node, call("fill_with", buffer, buffer.floats, 0));
    }
    return calls;
  }

  /** What a node adds to the gradient of an input, sparse where both sides can. */
  #contribution(
    node: ComputationNode,
    position: number,
    target: Target,
    mayBeSparse: boolean,
  ): readonly Call[] | undefined {
    const lowered = this.#lowered.get(node);
    const input = node.inputs[position];
    const own = this.#sparseGradients.get(node);
    if (mayBeSparse && input !== undefined && this.#lowered.get(input)?.backwardOfSparse) {
      const sparse =
        own === undefined
          ? lowered?.sparseBackward?.(position)
          : lowered?.backwardOfSparse?.sparse(position, own);
      if (sparse !== undefined) {
        this.#sparseGradients.set(input, sparse.gradient);
        return sparse.calls;
      }
    }
    return own === undefined
      ? lowered?.backward(position, target)
      : lowered?.backwardOfSparse?.dense(position, own, target);
  }
}

/** How many contributions the gradient of each node has. */
function countContributions(
  differentiated: ReadonlySet<ComputationNode>,
): Map<ComputationNode, number> {
  const counts = new Map<ComputationNode, number>();
  for (const { inputs, operation } of differentiated) {
    const names = namesOfInputs(operation.inputs, inputs.length);
    inputs.forEach((input, position) => {
      if (operation.backward?.[names[position] ?? ""] === undefined) return;
      counts.set(input, (counts.get(input) ?? 0) + 1);
    });
  }
  return counts;
}
