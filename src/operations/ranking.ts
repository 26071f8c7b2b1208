/** Criteria on ranked lists: the samples of a query stand next to each other, sorted by falling gain (nodes.md 11). */

import { expectSameShapes } from "./expect.js";
import { operation } from "./operation.js";
import type { AnyShapeContext } from "./broadcast.js";
import type { Shape } from "./shape.js";
import { newFloats, tensorOf, tf, type Floats, type Tensor } from "./tensors.js";

type Inputs = Readonly<Record<"gain" | "score" | "query", Tensor>>;

/** The samples of one query. */
interface Query {
  /** index of its first sample in the minibatch */
  readonly first: number;
  readonly gains: readonly number[];
  readonly scores: readonly number[];
  /** place of each sample by falling score, from 0 */
  readonly ranks: readonly number[];
}

function threeScalars(context: AnyShapeContext): Shape {
  expectSameShapes(context, 0, 1);
  expectSameShapes(context, 1, 2);
  return [1];
}

/** Splits the minibatch where the query changes. */
function queriesOf({ gain, score, query }: Inputs): Query[] {
  const gains = Array.from(gain.dataSync());
  const scores = Array.from(score.dataSync());
  const ids = Array.from(query.dataSync());
  const starts = [...ids.keys()].filter((index) => index === 0 || ids[index] !== ids[index - 1]);
  return starts.map((first, index) => {
    const end = starts[index + 1] ?? ids.length;
    const own = scores.slice(first, end);
    return { first, gains: gains.slice(first, end), scores: own, ranks: ranksOf(own) };
  });
}

function ranksOf(scores: readonly number[]): number[] {
  const order = [...scores.keys()].sort((one, other) => (scores[other] ?? 0) - (scores[one] ?? 0));
  const ranks = scores.map(() => 0);
  order.forEach((index, rank) => (ranks[index] = rank));
  return ranks;
}

const discount = (rank: number) => 1 / Math.log(2 + rank);

/** Discounted gain in the order of the scores. */
function gainByScore({ gains, ranks }: Query): number {
  return gains.reduce((sum, gain, index) => sum + gain * discount(ranks[index] ?? 0), 0);
}

/** Discounted gain in the best order, which is the given one. */
function idealGain({ gains }: Query): number {
  return gains.reduce((sum, gain, index) => sum + gain * discount(index), 0);
}

/** 100 for each sample times the mean of a quality over the queries. */
function meanQuality(
  queries: readonly Query[],
  samples: number,
  qualityOf: (query: Query) => number,
) {
  const total = queries.reduce((sum, query) => sum + qualityOf(query), 0);
  return (total / queries.length) * 100 * samples;
}

const ratio = (found: number, ideal: number) => (ideal === 0 ? 0 : found / ideal);

/**
 * Loss of normalised discounted cumulative gain. Shapes: gain, score, query [1 x *] -> [1]. Unit: percent times samples.
 * CNTK: LambdaRankNode.
 */
export const LambdaRank = operation({
  inputs: ["gain", "score", "query"],
  reducesMinibatch: true,
  shape: threeScalars,
  forward(inputs, { columns }) {
    const queries = queriesOf(inputs);
    const quality = meanQuality(queries, columns, (query) =>
      ratio(gainByScore(query), idealGain(query)),
    );
    return tf.tensor2d([[100 * columns - quality]]);
  },
  backward: {
    // Like CNTK not the derivative, which is 0 nearly everywhere, and without the gradient of the result as factor:
    // every pair in the wrong order pushes its scores by what exchanging them would gain.
    score(_, inputs) {
      const pushes = newFloats(inputs.score.size);
      for (const query of queriesOf(inputs)) addPushes(query, pushes);
      return tensorOf(pushes, inputs.score.shape);
    },
  },
});

function addPushes({ first, gains, scores, ranks, ...rest }: Query, pushes: Floats): void {
  const ideal = idealGain({ first, gains, scores, ranks, ...rest });
  const add = (index: number, push: number) => {
    pushes[first + index] = (pushes[first + index] ?? 0) + push;
  };
  gains.forEach((gain, i) => {
    gains.forEach((lower, j) => {
      if (gain <= lower) return;
      const exchanged = discount(ranks[i] ?? 0) - discount(ranks[j] ?? 0);
      const share = 1 / (1 + Math.exp((scores[i] ?? 0) - (scores[j] ?? 0)));
      const push = (Math.abs((gain - lower) * exchanged) / ideal) * share;
      add(i, -push);
      add(j, push);
    });
  });
}

/**
 * Gain of the sample with the highest score as share of the best one. It passes no gradient on.
 * Shapes: gain, score, query [1 x *] -> [1]. Unit: percent times samples. CNTK: NDCG1EvalNode.
 */
export const NDCG1Eval = operation({
  inputs: ["gain", "score", "query"],
  reducesMinibatch: true,
  shape: threeScalars,
  forward(inputs, { columns }) {
    const quality = meanQuality(queriesOf(inputs), columns, ({ gains, ranks }) =>
      ratio(gains[ranks.indexOf(0)] ?? 0, gains[0] ?? 0),
    );
    return tf.tensor2d([[quality]]);
  },
});
