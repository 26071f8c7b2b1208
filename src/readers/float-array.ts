/** Arrays of CNTK's ElemType: single precision, or double where the config asks for it. */

import type { ElementType } from "../random/distributions.js";

export type FloatArray = Float32Array | Float64Array;

/** Zeros. */
export function newFloatArray(precision: ElementType, length: number): FloatArray {
  return precision === "float" ? new Float32Array(length) : new Float64Array(length);
}

export const bytesPerFloat = (precision: ElementType) => (precision === "float" ? 4 : 8);

/** What stands in memory from an offset on. */
export function floatsIn(
  memory: ArrayBufferLike,
  precision: ElementType,
  offset: number,
  length: number,
): FloatArray {
  return precision === "float"
    ? new Float32Array(memory, offset, length)
    : new Float64Array(memory, offset, length);
}
