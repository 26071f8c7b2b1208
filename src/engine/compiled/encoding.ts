/** Calls as threads run them: numbers, with the byte offsets that buffers have for a piece of the minibatch. */

import { encodeCall } from "../../kernels/library.js";
import type { Buffer, Piece } from "./buffers.js";
import type { Call } from "./lowering.js";

/** @param offsets in the working memory of the piece */
export function locate(buffer: Buffer, piece: Piece, offsets: ReadonlyMap<Buffer, number>): number {
  return buffer.locate?.(piece) ?? piece.working + (offsets.get(buffer) ?? NaN);
}

/** A call with the byte offsets that its buffers have for a piece. */
export function encode(
  { kernel, values }: Call,
  piece: Piece,
  offsets: ReadonlyMap<Buffer, number>,
): number[] {
  return encodeCall(
    kernel,
    values.map((value) => (typeof value === "number" ? value : locate(value, piece, offsets))),
  );
}
