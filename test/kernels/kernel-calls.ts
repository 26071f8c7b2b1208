/** Calls single kernels on arrays. */

import { encodeCall, type KernelLibrary } from "../../src/kernels/library.js";
import type { KernelName } from "../../src/kernels/table.js";

const CALL_BYTES = 512;

/**
 * Calls a kernel: arrays are copied into the memory, and what it leaves there is copied back into them.
 * @param library whose memory nobody else uses
 */
export function callKernel(
  library: KernelLibrary,
  kernel: KernelName,
  ...values: readonly (number | Float32Array | Int32Array)[]
): void {
  let end = CALL_BYTES;
  const copies: { readonly array: Float32Array | Int32Array; readonly bytes: Uint8Array }[] = [];
  const places = values.map((value) => {
    if (typeof value === "number") return value;
    const bytes = new Uint8Array(library.memory.buffer, end, value.byteLength);
    bytes.set(bytesOf(value));
    copies.push({ array: value, bytes });
    const offset = end;
    // the next array begins right behind this one's last vector, where a kernel must not write
    end += Math.ceil(value.byteLength / 4) * 4;
    return offset;
  });
  const encoded = encodeCall(kernel, places);
  new Float64Array(library.memory.buffer, 0, encoded.length).set(encoded);
  library.run(0, 1);
  for (const { array, bytes } of copies) bytesOf(array).set(bytes);
}

const bytesOf = (array: Float32Array | Int32Array) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
