/** Settings of the update rules that tests start from: CNTK's defaults. */

import type { UpdateSettings } from "../../src/train/learners.js";

export const PLAIN_UPDATE: UpdateSettings = {
  gradUpdateType: "none",
  useNesterovMomentum: false,
  normWithAveMultiplier: true,
  rms: { gamma: 0.99, increase: 1.2, decrease: 0.75, max: 10, min: 0.1 },
  fsAdagrad: { varianceTimeConstant: 720000, targetAverageDenominator: 1 },
  L1RegWeight: 0,
  L2RegWeight: 0,
  clippingThresholdPerSample: Infinity,
  gradientClippingWithTruncation: true,
  gaussianNoiseInjectStd: 0,
};
