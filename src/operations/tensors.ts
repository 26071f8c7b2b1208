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
  return tf;
}
