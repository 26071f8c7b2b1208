/** CNTK's numbers for what has no value: logarithms of zero and divisions by zero (nodes.md 1.3). */

import { select } from "./broadcast.js";
import { newFloats, tensorOf, tf, type Tensor } from "./tensors.js";

/** divisors nearer to 0 than this are replaced by it, with their sign */
export const EPS_INV = 1e-30;

/** logarithms of less than this are LOG_EPS_LOG */
export const EPS_LOG = 1e-37;
export const LOG_EPS_LOG = -85.1;

/** log 0 in log-additions */
export const LZERO = -10e10;

/** logarithms below this are treated as LZERO */
export const LSMALL = -0.5e10;

/** in a log-addition the smaller operand counts only if it is not this far below the larger */
export const MINLOGEXP = -9.2103;

/** Logarithm as all of CNTK computes it, losses included: -85.1 for x < 1e-37, negative x included. */
export function clippedLog(x: Tensor): Tensor {
  return select(tf.less(x, EPS_LOG), LOG_EPS_LOG, tf.log(x));
}

/** 1/x, and 0 where x is 0. */
export function reciprocalOrZero(x: Tensor): Tensor {
  return select(tf.equal(x, 0), 0, tf.div(1, x));
}

/** 1/x with divisors near 0 replaced by EPS_INV or -EPS_INV; 0 counts as positive. */
export function protectedReciprocal(x: Tensor): Tensor {
  const smallest = select(tf.less(x, 0), -EPS_INV, EPS_INV);
  return tf.div(1, select(tf.less(tf.abs(x), EPS_INV), smallest, x));
}

/** CNTK's log-addition: a much smaller operand is left out, and what is nearly log 0 is log 0. */
export function addLogarithms(a: Tensor, b: Tensor): Tensor {
  const larger = tf.maximum(a, b);
  const difference = tf.sub(tf.minimum(a, b), larger);
  const sum = tf.add(larger, tf.log(tf.add(1, tf.exp(difference))));
  const alone = select(tf.less(larger, LSMALL), LZERO, larger);
  return select(tf.less(difference, MINLOGEXP), alone, sum);
}

/**
 * The log-addition of all elements of the middle axis, one after another, in double precision like CNTK's reductions.
 * Because of its limits the result depends on the order and is not the plain log-sum-exp, so it is computed here.
 * @param x [outer x reduced x inner]
 * @returns [outer x 1 x inner]
 */
export function addLogarithmsOfRows(x: Tensor): Tensor {
  const [outer = 1, reduced = 1, inner = 1] = x.shape;
  const elements = x.dataSync();
  const sums = newFloats(outer * inner);
  for (let row = 0; row < outer; row++) {
    for (let column = 0; column < inner; column++) {
      const first = row * reduced * inner + column;
      let total = elements[first] ?? 0;
      for (let index = 1; index < reduced; index++) {
        total = addTwoLogarithms(total, elements[first + index * inner] ?? 0);
      }
      sums[row * inner + column] = total;
    }
  }
  return tensorOf(sums, [outer, 1, inner]);
}

function addTwoLogarithms(one: number, other: number): number {
  const larger = one < other ? other : one;
  const difference = (one < other ? one : other) - larger;
  if (difference < MINLOGEXP) return larger < LSMALL ? LZERO : larger;
  return larger + Math.log(1 + Math.exp(difference));
}
