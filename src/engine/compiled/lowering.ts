/** What it means to lower a node: to replace its operation by calls of kernels over buffers. */

import {
  kernelTable,
  type Argument,
  type AskingKernel,
  type KernelName,
} from "../../kernels/table.js";
import type { ComputationNode } from "../../network/node.js";
import type { Buffer } from "./buffers.js";

/** One call of a kernel: buffers and numbers in the order of the kernel table. */
export interface Call {
  readonly kernel: KernelName;
  readonly values: readonly (number | Buffer)[];
}

/** A value that is 0 but for one cell a window: what unpooling makes. */
export interface Sparse {
  readonly values: Buffer;
  /** cell of each window in its plane, -1 for none */
  readonly positions: Buffer;
  /** windows of a plane */
  readonly windows: number;
  /** where windows lie side by side and fill the plane: their cells */
  readonly tile?: Tile | undefined;
}

export interface Tile {
  readonly height: number;
  readonly width: number;
}

/** What nodes lowered earlier have left for later ones, so that nothing is computed twice. */
export interface Findings {
  /** sparse forms of values */
  readonly sparse: Map<ComputationNode, Sparse>;
  /** arg-max positions of max pooling, by what was pooled and how */
  readonly positions: Map<string, Buffer>;
}

export interface LoweringContext {
  readonly node: ComputationNode;
  /** samples in the minibatch */
  readonly columns: number;
  /** true where gradients are computed, false where a model is only evaluated */
  readonly isTraining: boolean;
  /** values of the inputs */
  readonly inputs: readonly Buffer[];
  readonly value: Buffer;
  /** the value of any node before this one */
  readonly valueOf: (node: ComputationNode) => Buffer | undefined;
  /** true if the value of a node is used by one node and nobody else */
  readonly hasOneUser: (node: ComputationNode) => boolean;
  /** the gradient of the node's value; only where gradients pass */
  readonly gradient: Buffer;
  /** what the host computes for the node before every run (supplies.ts) */
  readonly supplied: Buffer | undefined;
  readonly findings: Findings;
  /** a buffer from the first call that uses it to the last one */
  readonly allocate: (floats: number) => Buffer;
  /** the same, by its size in bytes: working memory of one call */
  readonly scratch: (bytes: number) => Buffer;
  /** sums over all ranks, which may share the minibatch */
  readonly exchange: (floats: number) => Exchange;
  /** how much working memory a kernel needs */
  readonly ask: (kernel: AskingKernel, ...values: number[]) => number;
}

/** A point where all ranks wait for each other and add up what each of them has computed. */
export interface Exchange {
  /** what this rank has computed; written before the calls */
  readonly partial: Buffer;
  readonly calls: readonly Call[];
  /** the sum; read after the calls */
  readonly total: Buffer;
}

/** Where a gradient goes: stored by its first contribution, added to by later ones. */
export interface Target {
  readonly buffer: Buffer;
  readonly accumulate: 0 | 1;
}

export interface Lowered {
  readonly forward: readonly Call[];
  /** the contribution to the gradient of an input; undefined for one that receives none */
  readonly backward: (input: number, target: Target) => readonly Call[] | undefined;
  /** true if the value for a minibatch does not follow from those for its pieces, neither side by side nor summed */
  readonly needsWholeMinibatch?: boolean;
  /** gradients that go past the inputs to nodes behind them, whose operations this one does as well */
  readonly bypass?: Bypass;
  /** that contribution where it is 0 but for some cells */
  readonly sparseBackward?: ((input: number) => SparseGradient | undefined) | undefined;
  /** how the node passes on a gradient of its own value that is 0 but for some cells; left out where it needs it dense */
  readonly backwardOfSparse?: BackwardOfSparse | undefined;
  /** changes parameters that the next minibatch will find; after everything else, and once for all ranks */
  readonly remember?: readonly Call[];
}

export interface Bypass {
  readonly node: ComputationNode;
  readonly backward: (target: Target) => readonly Call[];
}

export interface SparseGradient {
  readonly calls: readonly Call[];
  readonly gradient: Sparse;
}

export interface BackwardOfSparse {
  /** to an input whose own node takes sparse gradients; undefined where this one's would not be sparse */
  readonly sparse: (input: number, gradient: Sparse) => SparseGradient | undefined;
  readonly dense: (input: number, gradient: Sparse, target: Target) => readonly Call[] | undefined;
}

/** undefined where there is no kernel for these shapes or settings: then the portable engine runs the network. */
export type Lowering = (context: LoweringContext) => Lowered | undefined;

export const call = (kernel: KernelName, ...values: (number | Buffer)[]): Call => ({
  kernel,
  values,
});

/** The buffers of a call in some roles. */
export function buffersOf({ kernel, values }: Call, ...roles: readonly Argument[]): Buffer[] {
  const kinds: readonly Argument[] = kernelTable[kernel].arguments;
  return values.flatMap((value, position) =>
    typeof value !== "number" && roles.includes(kinds[position] ?? "number") ? [value] : [],
  );
}

/** Sizes of a node's tensor: `[columns, d_k, ..., d_1]`, columns 1 without dynamic axis. */
export function tensorSizes(node: ComputationNode, columns: number): number[] {
  return [node.dynamicAxis === undefined ? 1 : columns, ...[...node.shape].reverse()];
}

/** For kernels that only store: into the target, or into a buffer of their own that is then added. */
export function storedOrAdded(
  { buffer, accumulate }: Target,
  context: Pick<LoweringContext, "allocate">,
  store: (to: Buffer) => readonly Call[],
): readonly Call[] {
  if (accumulate === 0) return store(buffer);
  const own = context.allocate(buffer.floats);
  return [...store(own), copyCall(own, { buffer, accumulate }, 1)];
}

const FIRST = 3;

/** target (+)= scale * from. */
export function copyCall(from: Buffer, { buffer, accumulate }: Target, scale: number): Call {
  const count = buffer.floats;
  const steps = [0, 0, 1, 0, 0, 1];
  return call("binary", FIRST, from, from, buffer, 1, 1, count, ...steps, scale, accumulate);
}
