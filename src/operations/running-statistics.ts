/** How the statistics of minibatches become running ones (nodes.md 12.1). */

/** How much of the running statistics is replaced, and how much of them is used. */
export interface ShareFactors {
  /** share of the minibatch in the new running statistics: CNTK's expAvgFactor */
  readonly update: number;
  /** share of the running statistics in those that normalise: CNTK's blendFactor */
  readonly blend: number;
}

/** Running statistics alone: in test and evaluation, and where both time constants are infinite. */
const FROZEN: ShareFactors = { update: 0, blend: 1 };

/** @param situation the samples of the minibatch, and those that the running statistics have seen */
export function shareFactors(
  timeConstants: {
    readonly normalizationTimeConstant: number;
    readonly blendTimeConstant: number;
  },
  {
    samples,
    seen,
    isTraining,
  }: { readonly samples: number; readonly seen: number; readonly isTraining: boolean },
): ShareFactors {
  if (!isTraining) return FROZEN;
  return {
    update: updateFactor(timeConstants.normalizationTimeConstant, samples, seen),
    blend: blendFactor(timeConstants.blendTimeConstant, samples, seen),
  };
}

function updateFactor(tau: number, samples: number, seen: number): number {
  if (tau < 0) return samples / (samples + seen);
  if (seen === 0 || tau === 0) return 1;
  return tau === Infinity ? 0 : -Math.expm1(-samples / tau);
}

function blendFactor(tau: number, samples: number, seen: number): number {
  if (seen === 0 || tau <= 0) return 0;
  return tau === Infinity ? 1 : tau / (tau + samples);
}
