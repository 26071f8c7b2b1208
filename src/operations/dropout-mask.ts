/** The mask of Dropout (nodes.md 12.2). */

import { uniform } from "../random/distributions.js";
import type { MersenneTwister } from "../random/mersenne-twister.js";
import type { Floats } from "./tensors.js";

/** Draws a mask in memory order, one number for each element: 0, or 1 divided by the share that is kept. */
export function fillMask(mask: Floats, generator: MersenneTwister, dropoutRate: number): void {
  const precision = mask instanceof Float32Array ? "float" : "double";
  const round = precision === "float" ? Math.fround : Number;
  const rate = round(dropoutRate);
  const factor = round(1 / (1 - rate));
  for (let i = 0; i < mask.length; i++) {
    mask[i] = uniform(generator, 0, 1, precision) <= rate ? 0 : factor;
  }
}
