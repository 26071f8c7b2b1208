/** Calls of element-wise kernels written as a calculation, for operations that have no kernel of their own. */

import {
  binaryCalls,
  broadcastSizes,
  elements,
  isRepeated,
  sumCalls,
  type Operand,
} from "./broadcast.js";
import type { Buffer } from "./buffers.js";
import { BINARY } from "./functions.js";
import { call, tensorSizes, type Call, type LoweringContext, type Target } from "./lowering.js";

/** The node's inputs as operands. */
export const operandsOf = ({ node, inputs, columns }: LoweringContext): Operand[] =>
  node.inputs.flatMap((input, i) => {
    const buffer = inputs[i];
    return buffer === undefined ? [] : [{ buffer, sizes: tensorSizes(input, columns) }];
  });

/** The gradient of the node's value as an operand. */
export const gradientOperand = ({ node, gradient, columns }: LoweringContext): Operand => ({
  buffer: gradient,
  sizes: tensorSizes(node, columns),
});

export const valueOperand = ({ node, value, columns }: LoweringContext): Operand => ({
  buffer: value,
  sizes: tensorSizes(node, columns),
});

export const stored = (buffer: Buffer): Target => ({ buffer, accumulate: 0 });

/** Every step leaves its result in working memory, or in the target it is given. */
export class Calculation {
  readonly #calls: Call[] = [];
  readonly #context: Pick<LoweringContext, "allocate">;

  constructor(context: Pick<LoweringContext, "allocate">) {
    this.#context = context;
  }

  get calls(): readonly Call[] {
    return this.#calls;
  }

  add(...calls: readonly Call[]): this {
    this.#calls.push(...calls);
    return this;
  }

  unary(operation: number, { buffer, sizes }: Operand): Operand {
    const result = this.#context.allocate(buffer.floats);
    this.add(call("unary", operation, buffer, result, buffer.floats));
    return { buffer: result, sizes };
  }

  /** scale * function (one, other), broadcast. */
  binary(operation: number, one: Operand, other: Operand, scale = 1): Operand {
    const sizes = broadcastSizes(one.sizes, other.sizes);
    const buffer = this.#context.allocate(elements(sizes));
    this.binaryInto(stored(buffer), operation, one, other, scale);
    return { buffer, sizes };
  }

  /** target (+)= scale * function (one, other), broadcast. */
  binaryInto(target: Target, operation: number, one: Operand, other: Operand, scale = 1): this {
    const sizes = broadcastSizes(one.sizes, other.sizes);
    return this.add(...binaryCalls(operation, [one, other], sizes, target, this.#context, scale));
  }

  /** target (+)= scale * the sum of function (one, other) over the axes on which an operand of these sizes is repeated. */
  summedInto(
    target: Target,
    own: readonly number[],
    operation: number,
    one: Operand,
    other: Operand,
    scale = 1,
  ): this {
    if (!isRepeated(own, broadcastSizes(one.sizes, other.sizes))) {
      return this.binaryInto(target, operation, one, other, scale);
    }
    const all = this.binary(operation, one, other);
    return this.add(...sumCalls(all, own, target, scale, this.#context));
  }

  /** target [1] (+)= scale * the sum of all elements. */
  totalInto({ buffer, accumulate }: Target, x: Buffer, scale = 1): this {
    return this.add(call("reduce_sum", x, buffer, 1, x.floats, 1, scale, accumulate));
  }

  /** target [1] (+)= scale * the sum of all products of elements, broadcast. */
  innerProductInto(target: Target, one: Operand, other: Operand, scale = 1): this {
    const { floats } = one.buffer;
    if (floats !== other.buffer.floats) {
      return this.totalInto(target, this.binary(BINARY.ElementTimes, one, other).buffer, scale);
    }
    const { buffer, accumulate } = target;
    const ending = [1, floats, scale, accumulate];
    return this.add(call("inner_products", one.buffer, other.buffer, buffer, ...ending));
  }
}
