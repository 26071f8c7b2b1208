/** What it means to lower a node: to replace its operation by calls of kernels over buffers. */

import type { KernelName } from "../../kernels/table.js";
import type { ComputationNode } from "../../network/node.js";
import type { Buffer } from "./memory.js";

/** One call of a kernel: byte offsets and numbers in the order of the kernel table. */
export interface Call {
  readonly kernel: KernelName;
  readonly values: readonly number[];
}

/** A value that is 0 but for one cell a window: what unpooling makes. */
export interface Sparse {
  readonly values: Buffer;
  /** cell of each window in its plane, -1 for none */
  readonly positions: Buffer;
  /** windows of a plane */
  readonly windows: number;
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
  /** values of the inputs */
  readonly inputs: readonly Buffer[];
  readonly value: Buffer;
  /** the gradient of the node's value; only where gradients pass */
  readonly gradient: Buffer;
  readonly findings: Findings;
  /** a buffer that lives as long as the program */
  readonly allocate: (floats: number) => Buffer;
  /** offset of working memory that lasts for one call */
  readonly scratch: (bytes: number) => number;
  /** how much working memory a kernel needs */
  readonly ask: (kernel: KernelName, ...values: number[]) => number;
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
}

/** undefined where there is no kernel for these shapes or settings: then the portable engine runs the network. */
export type Lowering = (context: LoweringContext) => Lowered | undefined;

/** A call, its buffers given as such. */
export const call = (kernel: KernelName, ...values: (number | Buffer)[]): Call => ({
  kernel,
  values: values.map((value) => (typeof value === "number" ? value : value.offset)),
});

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
