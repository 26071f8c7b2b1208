/** From a network to a flat list of kernel calls over buffers: forward, then backward. There is no tape. */

import type { Kernels } from "../../kernels/host.js";
import type { ComputationNode } from "../../network/node.js";
import { evaluationOrder, loops } from "../../network/order.js";
import { elementCount } from "../../operations/shape.js";
import type { CompileRequest } from "../engine.js";
import { lowerings } from "./lowerings.js";
import { call, type Call, type Findings, type Lowered, type LoweringContext } from "./lowering.js";
import type { Buffer, KernelMemory } from "./memory.js";

export interface Schedule {
  readonly forward: readonly Call[];
  readonly backward: readonly Call[];
  readonly inputs: ReadonlyMap<ComputationNode, Buffer>;
  readonly parameters: readonly ComputationNode[];
  readonly values: ReadonlyMap<ComputationNode, Buffer>;
  /** what is to be released with the program */
  readonly buffers: readonly Buffer[];
}

/** A node that has no kernel, and so leaves the network to the portable engine. */
export interface Obstacle {
  readonly node: ComputationNode;
}

/** The schedule, or the first node that stands in its way. */
export function makeSchedule(
  request: CompileRequest,
  memory: KernelMemory,
  kernels: Kernels,
): Schedule | Obstacle {
  const { outputs, criterion } = request;
  const roots = criterion === undefined ? outputs : [criterion, ...outputs];
  const nodes = evaluationOrder(roots);
  const obstacle = nodes.find((node) => !mayHaveKernel(node)) ?? loops(roots)[0]?.[0];
  if (obstacle !== undefined) return { node: obstacle };
  return new Compilation(request, memory, kernels).compile(nodes);
}

function mayHaveKernel({ operation, parameter }: ComputationNode): boolean {
  // kernels would need it dense
  if (operation.leaf === "input") return operation.isSparse !== true;
  if (operation.leaf === "parameter") return parameter?.value instanceof Float32Array;
  return operation.name in lowerings;
}

class Compilation {
  readonly #request: CompileRequest;
  readonly #memory: KernelMemory;
  readonly #kernels: Kernels;
  readonly #buffers: Buffer[] = [];
  readonly #values = new Map<ComputationNode, Buffer>();
  readonly #gradients = new Map<ComputationNode, Buffer>();
  readonly #lowered = new Map<ComputationNode, Lowered>();
  readonly #findings: Findings = { sparse: new Map(), positions: new Map() };

  constructor(request: CompileRequest, memory: KernelMemory, kernels: Kernels) {
    this.#request = request;
    this.#memory = memory;
    this.#kernels = kernels;
  }

  compile(nodes: readonly ComputationNode[]): Schedule | Obstacle {
    const { criterion } = this.#request;
    const differentiated = new Set(
      criterion === undefined
        ? []
        : evaluationOrder([criterion]).filter((node) => node.needsGradient),
    );
    const forward: Call[] = [];
    for (const node of nodes) {
      this.#place(node, differentiated.has(node));
      if (node.operation.leaf !== undefined) continue;
      const lowered = lowerings[node.operation.name]?.(this.#context(node));
      if (lowered === undefined) {
        this.#release();
        return { node };
      }
      this.#lowered.set(node, lowered);
      forward.push(...lowered.forward);
    }
    const backward = criterion === undefined ? [] : this.#differentiate(nodes, differentiated);
    return {
      forward,
      backward,
      inputs: new Map([...this.#values].filter(([node]) => node.operation.leaf === "input")),
      parameters: nodes.filter((node) => node.operation.leaf === "parameter"),
      values: this.#values,
      buffers: this.#buffers,
    };
  }

  /** Buffers of a node's value and gradient; those of parameters are theirs for good. */
  #place(node: ComputationNode, needsGradient: boolean): void {
    if (node.operation.leaf === "parameter") {
      const { value, gradient } = this.#memory.parameter(node);
      this.#values.set(node, value);
      if (needsGradient) this.#gradients.set(node, gradient);
      return;
    }
    const columns = node.dynamicAxis === undefined ? 1 : this.#request.columns;
    const floats = columns * elementCount(node.shape);
    this.#values.set(node, this.#allocate(floats));
    if (needsGradient) this.#gradients.set(node, this.#allocate(floats));
  }

  #allocate(floats: number): Buffer {
    const buffer = this.#memory.allocate(floats);
    this.#buffers.push(buffer);
    return buffer;
  }

  #release(): void {
    for (const buffer of this.#buffers) this.#memory.release(buffer);
  }

  #context(node: ComputationNode): LoweringContext {
    const nothing = { offset: 0, floats: 0 };
    return {
      node,
      columns: this.#request.columns,
      inputs: node.inputs.map((input) => this.#values.get(input) ?? nothing),
      value: this.#values.get(node) ?? nothing,
      gradient: this.#gradients.get(node) ?? nothing,
      findings: this.#findings,
      allocate: (floats) => this.#allocate(floats),
      scratch: (bytes) => this.#memory.scratch(bytes),
      ask: (kernel, ...values) => this.#kernels[kernel](...values),
    };
  }

  /** The first contribution to a gradient is stored, later ones are added: nothing need be cleared. */
  #differentiate(
    nodes: readonly ComputationNode[],
    differentiated: ReadonlySet<ComputationNode>,
  ): Call[] {
    const { criterion } = this.#request;
    const calls: Call[] = [];
    const begun = new Set<ComputationNode>();
    const seed = criterion && this.#gradients.get(criterion);
    if (criterion !== undefined && seed !== undefined) {
      calls.push(call("fill_with", seed, seed.floats, 1));
      begun.add(criterion);
    }
    for (const node of nodes.toReversed()) {
      if (!begun.has(node)) continue;
      node.inputs.forEach((input, position) => {
        const buffer = this.#gradients.get(input);
        if (buffer === undefined || !differentiated.has(input)) return;
        const accumulate = begun.has(input) ? 1 : 0;
        const own = this.#lowered.get(node)?.backward(position, { buffer, accumulate });
        if (own === undefined) return;
        calls.push(...own);
        begun.add(input);
      });
    }
    // a parameter that nothing reaches has gradient 0
    for (const node of differentiated) {
      const buffer = this.#gradients.get(node);
      if (node.parameter === undefined || begun.has(node) || buffer === undefined) continue;
      calls.push(call("fill_with", buffer, buffer.floats, 0));
    }
    return calls;
  }
}
