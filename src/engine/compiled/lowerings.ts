/** The table of lowerings: operation -> calls of kernels. An operation that is not in it runs in the portable engine. */

import { Convolution } from "./convolution-lowerings.js";
import { copyLowerings } from "./copy-lowerings.js";
import { elementwiseLowerings } from "./elementwise-lowerings.js";
import { lossLowerings } from "./loss-lowerings.js";
import type { Lowering } from "./lowering.js";
import { normalizationLowerings } from "./normalization-lowerings.js";
import { productLowerings } from "./product-lowerings.js";
import { reductionLowerings } from "./reduction-lowerings.js";
import { MaxUnpooling, Pooling } from "./window-lowerings.js";

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
