/**
 * TensorFlow.js, loaded when the first network runs and not before: parsing and checking a config must stay quick, and
 * the package takes half a second to load. Operations use the binding `tf`, which is set by `loadTensors`.
 */

import type * as TensorFlow from "@tensorflow/tfjs";

export type Tensor = TensorFlow.Tensor;

/** TensorFlow.js; undefined until `loadTensors` has finished. */
export let tf: typeof TensorFlow;

/** Loads TensorFlow.js once. */
export async function loadTensors(): Promise<typeof TensorFlow> {
  tf = await import("@tensorflow/tfjs");
  computesInDouble = false;
  return tf;
}

/** What tensors are made of: single precision, or double where the backend computes in it. */
export type Floats = Float32Array | Float64Array;

let computesInDouble = false;

/** From now on operations use these functions, which do not round to single precision (src/engine/float64). */
export function useDoubles(functions: typeof TensorFlow): void {
  tf = functions;
  computesInDouble = true;
}

/** The precision that the backend computes with. */
export const tensorPrecision = (): "float" | "double" => (computesInDouble ? "double" : "float");

/** Zeros, in the precision that the backend computes with. */
export function newFloats(length: number): Floats {
  return computesInDouble ? new Float64Array(length) : new Float32Array(length);
}

/** A tensor of these numbers, in the precision that the backend computes with. */
export function tensorOf(values: Floats, shape: readonly number[]): Tensor {
  const isRounded = values instanceof Float64Array && !computesInDouble;
  const fitting = isRounded ? Float32Array.from(values) : values;
  // TensorFlow.js knows no doubles; the functions for them take them all the same
  return tf.tensor(fitting, [...shape]);
}

/** The numbers of a tensor, sample after sample; a copy, because tensors may share their data. */
export function floatsOf(tensor: Tensor): Floats {
  const values: unknown = tensor.dataSync();
  if (values instanceof Float64Array) return values.slice();
  return Float32Array.from(tensor.dataSync());
}
