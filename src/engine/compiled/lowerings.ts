/** The table of lowerings: operation -> calls of kernels. An operation that is not in it runs in the portable engine. */

import type { ComputationNode } from "../../network/node.js";
import { copyLowerings } from "./copy-lowerings.js";
import { elementwiseLowerings } from "./elementwise-lowerings.js";
import { lossLowerings } from "./loss-lowerings.js";
import type { Lowering } from "./lowering.js";
import { normalizationLowerings } from "./normalization-lowerings.js";
import { productLowerings } from "./product-lowerings.js";
import { reductionLowerings } from "./reduction-lowerings.js";
import { Convolution, MaxUnpooling, Pooling } from "./window-lowerings.js";

/** Lowerings by the name of the operation. */
export const lowerings: Readonly<Record<string, Lowering>> = {
  ...elementwiseLowerings,
  ...reductionLowerings,
  ...lossLowerings,
  ...productLowerings,
  ...copyLowerings,
  ...normalizationLowerings,
  Convolution,
  Pooling,
  MaxUnpooling,
};

/** True for a node whose ranks exchange sums over the minibatch, so that each must compute its samples in one block. */
export const exchangesSums = ({ operation }: ComputationNode): boolean =>
  operation.name === "BatchNormalization";

/** True for a node whose value for a minibatch does not follow from those for its pieces, neither side by side nor summed. */
export function needsWholeMinibatch({ operation, settings, inputs }: ComputationNode): boolean {
  switch (operation.name) {
    case "MatrixL2Reg":
      return true;
    case "Logistic":
      return inputs.length > 2;
    case "ReduceElements":
      return settings.axis === -1 && !["Sum", "Plus"].includes(String(settings.reductionOp));
    default:
      return false;
  }
}
