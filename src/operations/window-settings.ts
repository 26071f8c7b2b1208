/** What the shape rules of convolution and pooling nodes have in common. */

import { CntkError } from "../../grammar/errors.js";
import { setting } from "./settings.js";
import { isKnown, type Shape } from "./shape.js";

/** Order of the axes of an image; only [W x H x C] is supported. */
export const imageLayout = setting.choice(["HWC", "CHW"], {
  default: "CHW",
  aliases: { cudnn: "CHW", legacy: "HWC" },
});

/** @throws CntkError "validating" for the legacy layout [C x W x H] */
export function expectChannelsFirst(operationName: string, layout: string): void {
  if (layout === "CHW") return;
  throw new CntkError("validating", `${operationName}: imageLayout '${layout}' is not supported`, {
    hint: "use imageLayout = 'CHW' (alias 'cudnn'), images [W x H x C]",
  });
}

/**
 * Runs a shape rule whose errors count in the final pass only: before it, shapes may still change, and what cannot be
 * said yet is unknown.
 */
export function tentatively(
  { isFinal }: { readonly isFinal: boolean },
  input: Shape,
  rule: () => Shape,
): Shape {
  const unknown = input.map(() => 0);
  if (!isFinal && !isKnown(input)) return unknown;
  try {
    return rule();
  } catch (error) {
    if (error instanceof CntkError && !isFinal) return unknown;
    throw error;
  }
}
