/** Numbers by which kernels know functions: the enumerations of elementwise.c and reductions.c. */

export const UNARY = {
  Abs: 0,
  Exp: 1,
  Log: 2,
  Negate: 3,
  Pass: 4,
  Reciprocal: 5,
  RectifiedLinear: 6,
  Sigmoid: 7,
  Sqrt: 8,
  Tanh: 9,
  Cosine: 10,
  Floor: 11,
  Sin: 12,
  /** 1/x with divisors near 0 replaced (protection.ts) */
  ProtectedReciprocal: 13,
} as const;

export const BINARY = {
  Plus: 0,
  Minus: 1,
  ElementTimes: 2,
  First: 3,
  Less: 4,
  Equal: 5,
  Greater: 6,
  GreaterEqual: 7,
  NotEqual: 8,
  LessEqual: 9,
  Divide: 10,
  LogPlus: 11,
  /** the derivative of LogPlus with respect to its first operand */
  ShareOfFirst: 12,
  /** a where it is not above b, else b */
  NotAbove: 13,
  NotBelow: 14,
  /** a where b is not 0, else 0 */
  WhereNotZero: 15,
  WhereZero: 16,
  /** of a binary label a where b is the probability of 1 */
  Likelihood: 17,
  /** a + b, 0 where that is not above 0 */
  RectifiedPlus: 18,
} as const;

/** By reductionOp; sums have a kernel of their own. */
export const REDUCTION = { Max: 0, Min: 1, Prod: 2, LogSum: 3, Argmax: 4, Argmin: 5 } as const;
