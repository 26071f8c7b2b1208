/** The sum of the gradients that ranks have computed from their samples. */

import { encodeCall } from "../../kernels/library.js";
import { WHOLE, type Buffer } from "./buffers.js";
import { locate } from "./encoding.js";
import { copyCall } from "./lowering.js";
import { shareOf, sharingsOf } from "./sharing.js";

/** Fewer gradients are added up by one thread. */
const LEAST_SHARED_FLOATS = 1 << 15;

/**
 * Encoded calls that add all gradients of each parameter to the first one, a list for each thread.
 * @param trained gradients by parameter and rank
 */
export function addGradients(trained: readonly (readonly Buffer[])[], ranks: number): number[][][] {
  const floats = trained.reduce((sum, [first]) => sum + (first?.floats ?? 0), 0);
  if (floats === 0) return [];
  const shares = floats < LEAST_SHARED_FLOATS ? 1 : ranks;
  const calls = trained.flatMap(([first, ...others]) =>
    others
      .slice(0, ranks - 1)
      .flatMap((from) => (first ? [copyCall(from, { buffer: first, accumulate: 1 }, 1)] : [])),
  );
  return Array.from({ length: shares }, (_, share) =>
    calls.flatMap((call) => {
      const whole = call.values.map((value) =>
        typeof value === "number" ? value : locate(value, WHOLE, new Map()),
      );
      const [sharing] = shares === 1 ? [] : sharingsOf(call, 1);
      const own = sharing === undefined ? whole : shareOf(call, whole, sharing, [share, shares]);
      const isMine = sharing !== undefined || share === 0;
      return own === undefined || !isMine ? [] : [encodeCall(call.kernel, own)];
    }),
  );
}
