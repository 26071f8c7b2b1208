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

const repeated =
  (kind: Argument) =>
  (count: number): Argument[] =>
    Array.from({ length: count }, () => kind);
const numbers = repeated("number");
const reals = repeated("real");
const inputs = repeated("input");

/** samples, channels, maps, and the ten numbers of planes and windows */
const GEOMETRY = numbers(13);
/** count, and the ten numbers of planes and windows */
const PLANAR = numbers(11);

export const kernelTable = {
  convolution_scratch: { arguments: ["number", ...GEOMETRY], returnsNumber: true },
  convolution: { arguments: ["input", "input", "output", "scratch", ...GEOMETRY] },
  convolution_with_bias: {
    arguments: ["input", "input", "input", "output", "scratch", "number", ...GEOMETRY],
  },
  convolution_input_gradient: { arguments: ["input", "input", "output", "scratch", ...GEOMETRY] },
  convolution_weight_gradient: { arguments: ["input", "input", "output", "scratch", ...GEOMETRY] },
  convolution_weight_scratch: { arguments: GEOMETRY, returnsNumber: true },
  pooling_scratch: { arguments: ["number"], returnsNumber: true },
  max_pooling: { arguments: ["input", "output", "output", "scratch", "number", ...PLANAR] },
  average_pooling: { arguments: ["input", "output", "scratch", "number", ...PLANAR] },
  average_pooling_gradient: { arguments: ["input", "output", "number", ...PLANAR] },
  add_to_positions: { arguments: ["input", "input", "output", ...numbers(3)] },
  scatter_to_positions: { arguments: ["input", "input", "output", ...numbers(3)] },
  gather_from_positions: { arguments: ["input", "input", "output", "scratch", ...numbers(4)] },
  sparse_convolution_scratch: { arguments: GEOMETRY, returnsNumber: true },
  sparse_convolution_spread: {
    arguments: ["input", "input", "input", "output", "scratch", "number", ...GEOMETRY],
  },
  tile_convolution_scratch: { arguments: ["number", "number", ...GEOMETRY], returnsNumber: true },
  tile_convolution_spread: {
    arguments: ["input", "input", "input", "output", "scratch", "number", "number", ...GEOMETRY],
  },
  sparse_convolution_weight_gradient: {
    arguments: ["input", "input", "input", "output", "scratch", "number", ...GEOMETRY],
  },
  unary: { arguments: ["number", "input", "output", "number"] },
  unary_gradient: { arguments: ["number", "input", "input", "input", "output", ...numbers(2)] },
  binary: { arguments: ["number", "input", "input", "output", ...numbers(9), "real", "number"] },
  fill_with: { arguments: ["output", "number", "real"] },
  reduce_sum: { arguments: ["input", "output", ...numbers(3), "real", "number"] },
  reduce: { arguments: ["number", "input", "output", ...numbers(3)] },
  inner_products: { arguments: ["input", "input", "output", ...numbers(2), "real", "number"] },
  strided_copy: { arguments: ["input", "output", ...numbers(18)] },
  gemm_scratch: { arguments: [], returnsNumber: true },
  gemm: { arguments: ["input", "input", "output", "scratch", ...numbers(9)] },
  softmax_cross_entropy: { arguments: ["input", "input", "output", "output", ...numbers(2)] },
  softmax_cross_entropy_gradient: {
    arguments: ["input", "input", "input", "output", ...numbers(2)],
  },
  classification_error: { arguments: ["input", "input", "output", ...numbers(2)] },
  top_errors: { arguments: ["input", "input", "input", "output", ...numbers(2)] },
  softmax: { arguments: ["input", "output", ...numbers(2)] },
  softmax_gradient: { arguments: ["input", "input", "output", ...numbers(3)] },
  log_softmax: { arguments: ["input", "output", ...numbers(2)] },
  log_softmax_gradient: { arguments: ["input", "input", "output", ...numbers(3)] },
  hardmax: { arguments: ["input", "output", ...numbers(2)] },
  batch_norm_moments: {
    arguments: ["input", "input", "output", "output", "output", ...numbers(3)],
  },
  batch_norm_deviations: {
    arguments: ["input", "input", "input", "input", "output", ...numbers(2)],
  },
  batch_norm_statistics: {
    arguments: [...inputs(5), "output", "output", "output", "output", "number", "real"],
  },
  batch_norm_remember: { arguments: [...inputs(3), "output", "output", "output", "number"] },
  batch_norm_apply: { arguments: [...inputs(5), "output", ...numbers(4)] },
  batch_norm_gradient_sums: { arguments: [...inputs(4), "output", "output", ...numbers(3)] },
  batch_norm_input_gradient: { arguments: [...inputs(9), "output", ...numbers(4)] },
  barrier: { arguments: [] },
  clip_elements: { arguments: ["output", "number", "real"] },
  clip_norm: { arguments: ["output", "number", "real"] },
  weight_decay: { arguments: ["output", "input", "number", "real"] },
  shrink: { arguments: ["output", "number", "real"] },
  momentum_update: { arguments: ["output", "input", "output", "number", "real", "real"] },
  nesterov_update: { arguments: ["output", "input", "output", "number", "real", "real"] },
  adagrad_update: { arguments: ["output", "output", "output", "number", "real", "number"] },
  rms_prop_begin: { arguments: ["input", "output", "number"] },
  rms_prop_update: {
    arguments: ["output", "output", "output", "number", ...reals(6), "number"],
  },
  fs_adagrad_update: { arguments: ["output", "input", "output", "number", ...reals(4)] },
  read_text_sequences: { arguments: [...inputs(4), "output", "output", ...numbers(3)] },
  gather_samples: { arguments: [...inputs(3), "output", ...numbers(2)] },
  gather_scaled_samples: { arguments: [...inputs(5), "output", ...numbers(2)] },
} as const satisfies Readonly<Record<string, KernelSignature>>;

export type KernelName = keyof typeof kernelTable;

/** Kernels that only return a number. */
export type AskingKernel = {
  [Name in KernelName]: (typeof kernelTable)[Name] extends { returnsNumber: true } ? Name : never;
}[KernelName];

/** A number by which a compiled module proves that it was built from this very table (FNV-1a, 31 bits). */
export function tableHash(): number {
  let hash = 0x811c9dc5;
  for (const character of JSON.stringify(kernelTable)) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  }
  return hash & 0x7fffffff;
}
