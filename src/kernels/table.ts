/** Every kernel with its arguments in order; exports of the compiled module and functions to call derive from it. */

/** What an argument is: a byte offset of a tensor that is read, of one that is written, of working memory, or a number. */
export type Argument = "input" | "output" | "scratch" | "number";

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
  pooling_scratch: { arguments: ["number"], returnsNumber: true },
  max_pooling: { arguments: ["input", "output", "output", "scratch", "number", ...PLANAR] },
  average_pooling: { arguments: ["input", "output", "scratch", "number", ...PLANAR] },
  average_pooling_gradient: { arguments: ["input", "output", "number", ...PLANAR] },
  add_to_positions: { arguments: ["input", "input", "output", ...numbers(3)] },
  scatter_to_positions: { arguments: ["input", "input", "output", ...numbers(3)] },
  gather_from_positions: { arguments: ["input", "input", "output", "scratch", ...numbers(3)] },
} as const satisfies Readonly<Record<string, KernelSignature>>;

export type KernelName = keyof typeof kernelTable;
