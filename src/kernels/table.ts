/** Every kernel with its arguments in order; exports of the compiled module and functions to call derive from it. */

/**
 * What an argument is: a byte offset of a tensor that is read, of one that is written, of working memory, an integer, or
 * a float.
 */
export type Argument = "input" | "output" | "scratch" | "number" | "real";

export interface KernelSignature {
  readonly arguments: readonly Argument[];
  /** true for a function that returns a number: the bytes of scratch memory its family needs */
  readonly returnsNumber?: boolean;
}

const numbers = (count: number): Argument[] => Array.from({ length: count }, () => "number");

/** samples, channels, maps, and the ten numbers of planes and windows */
const GEOMETRY = numbers(13);
/** count, and the ten numbers of planes and windows */
const PLANAR = numbers(11);

export const kernelTable = {
  convolution_scratch: { arguments: ["number", ...GEOMETRY], returnsNumber: true },
  convolution: { arguments: ["input", "input", "output", "scratch", ...GEOMETRY] },
  convolution_input_gradient: { arguments: ["input", "input", "output", "scratch", ...GEOMETRY] },
  convolution_weight_gradient: { arguments: ["input", "input", "output", "scratch", ...GEOMETRY] },
  convolution_weight_scratch: { arguments: GEOMETRY, returnsNumber: true },
  pooling_scratch: { arguments: ["number"], returnsNumber: true },
  max_pooling: { arguments: ["input", "output", "output", "scratch", "number", ...PLANAR] },
  average_pooling: { arguments: ["input", "output", "scratch", "number", ...PLANAR] },
  average_pooling_gradient: { arguments: ["input", "output", "number", ...PLANAR] },
  add_to_positions: { arguments: ["input", "input", "output", ...numbers(3)] },
  scatter_to_positions: { arguments: ["input", "input", "output", ...numbers(3)] },
  gather_from_positions: { arguments: ["input", "input", "output", "scratch", ...numbers(3)] },
  sparse_convolution_scratch: { arguments: GEOMETRY, returnsNumber: true },
  sparse_convolution_spread: {
    arguments: ["input", "input", "input", "output", "scratch", "number", ...GEOMETRY],
  },
  sparse_convolution_weight_gradient: {
    arguments: ["input", "input", "input", "output", "scratch", "number", ...GEOMETRY],
  },
  unary: { arguments: ["number", "input", "output", "number"] },
  unary_gradient: { arguments: ["number", "input", "input", "input", "output", ...numbers(2)] },
  binary: { arguments: ["number", "input", "input", "output", ...numbers(9), "real", "number"] },
  fill_with: { arguments: ["output", "number", "real"] },
  reduce_sum: { arguments: ["input", "output", ...numbers(3), "real", "number"] },
  gemm_scratch: { arguments: [], returnsNumber: true },
  gemm: { arguments: ["input", "input", "output", "scratch", ...numbers(6)] },
  softmax_cross_entropy: { arguments: ["input", "input", "output", "output", ...numbers(2)] },
  softmax_cross_entropy_gradient: {
    arguments: ["input", "input", "input", "output", ...numbers(2)],
  },
  classification_error: { arguments: ["input", "input", "output", ...numbers(2)] },
  momentum_update: { arguments: ["output", "input", "output", "number", "real", "real"] },
} as const satisfies Readonly<Record<string, KernelSignature>>;

export type KernelName = keyof typeof kernelTable;
