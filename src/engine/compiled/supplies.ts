/** Numbers that the host computes for a node before every run: random masks, and what depends on how a network is run. */

import type { ComputationNode } from "../../network/node.js";
import { fillMask } from "../../operations/dropout-mask.js";
import { shareFactors } from "../../operations/running-statistics.js";
import { elementCount } from "../../operations/shape.js";
import type { MersenneTwister } from "../../random/mersenne-twister.js";

/** What is known when a minibatch is about to run. */
export interface RunSituation {
  /** samples of the whole minibatch */
  readonly samples: number;
  readonly isTraining: boolean;
  readonly dropoutRate: number;
  readonly generatorOf: (node: ComputationNode) => MersenneTwister;
}

export interface Supply {
  readonly floats: number;
  /** true if there are so many for each column of the minibatch, false if they are for all */
  readonly isPerColumn: boolean;
  readonly fill: (to: Float32Array, situation: RunSituation) => void;
}

/** What is 0 or 1 over the kept share, the samples one after the other, as the portable engine draws it. */
function dropoutMask(node: ComputationNode): Supply {
  let isOne = false;
  return {
    floats: elementCount(node.shape),
    isPerColumn: node.dynamicAxis !== undefined,
    fill(to, { isTraining, dropoutRate, generatorOf }) {
      const drops = isTraining && dropoutRate !== 0;
      if (drops) fillMask(to, generatorOf(node), dropoutRate);
      else if (!isOne) to.fill(1);
      isOne = !drops;
    },
  };
}

/** The three factors of batch-normalization.c. */
function normalizationFactors({ inputs, settings }: ComputationNode): Supply {
  const { normalizationTimeConstant, blendTimeConstant } = settings;
  const timeConstants = {
    normalizationTimeConstant: Number(normalizationTimeConstant),
    blendTimeConstant: Number(blendTimeConstant),
  };
  return {
    floats: 3,
    isPerColumn: false,
    fill(to, { samples, isTraining }) {
      const seen = inputs[5]?.parameter?.value?.[0] ?? 0;
      const { update, blend } = shareFactors(timeConstants, { samples, seen, isTraining });
      to.set([update, blend, seen + samples]);
    },
  };
}

/** By the name of the operation. */
const SUPPLIES: Readonly<Record<string, (node: ComputationNode) => Supply>> = {
  Dropout: dropoutMask,
  BatchNormalization: normalizationFactors,
  EnvironmentInput: () => ({
    floats: 1,
    isPerColumn: false,
    fill: (to, { isTraining }) => to.fill(isTraining ? 1 : 0),
  }),
};

export const supplyOf = (node: ComputationNode): Supply | undefined =>
  SUPPLIES[node.operation.name]?.(node);
