/*
 * Functions of each element, and of pairs of elements with broadcasting. Tensors are seen as [outer, middle, inner], inner
 * fastest; an operand that is broadcast has step 0 there. Results are stored, or added where `accumulate` is 1.
 */
#include "mathematics.h"

/* Numbers of the unary functions, in the order of the list in operations.ts. */
enum { ABS, EXP, LOG, NEGATE, PASS, RECIPROCAL, RELU, SIGMOID, SQRT, TANH };

/* Numbers of the binary functions. */
enum { PLUS, MINUS, TIMES, FIRST, LESS, EQUAL, GREATER, GREATER_EQUAL, NOT_EQUAL, LESS_EQUAL };

#define EPS_LOG 1e-37f
#define LOG_EPS_LOG -85.1f

INLINE vector root(vector x) {
  vector y;
  UNROLL for (int lane = 0; lane < LANES; lane++) y[lane] = __builtin_sqrtf(x[lane]);
  return y;
}

INLINE vector value_of(const int function, vector x) {
  switch (function) {
  case ABS: return magnitude(x);
  case EXP: return exponential(x);
  case LOG: return choose(x < EPS_LOG, splat(LOG_EPS_LOG), logarithm(x));
  case NEGATE: return -x;
  case RECIPROCAL: return choose(x == 0, splat(0), 1.0f / x);
  case RELU: return choose(x > 0, x, splat(0));
  case SIGMOID: return logistic(x);
  case SQRT: return choose(x > 0, root(choose(x > 0, x, splat(1))), splat(0));
  case TANH: return hyperbolic_tangent(x);
  default: return x;
  }
}

/* gradient of the input from that of the result, x and y (nodes.md 4.1) */
INLINE vector gradient_of(const int function, vector g, vector x, vector y) {
  switch (function) {
  case ABS: return choose(x > 0, g, choose(x < 0, -g, splat(0)));
  case EXP: return g * y;
  case LOG: return g / choose(x < EPS_LOG, splat(EPS_LOG), x);
  case NEGATE: return -g;
  case RECIPROCAL: return -g * y * y;
  case RELU: return choose(y > 0, g, splat(0));
  case SIGMOID: return g * y * (1.0f - y);
  case SQRT: return g / (2.0f * y);
  case TANH: return g * (1.0f - y * y);
  default: return g;
  }
}

INLINE vector combined(const int function, vector a, vector b) {
  vector one = splat(1), zero = splat(0);
  switch (function) {
  case PLUS: return a + b;
  case MINUS: return a - b;
  case TIMES: return a * b;
  case LESS: return choose(a < b, one, zero);
  case EQUAL: return choose(a == b, one, zero);
  case GREATER: return choose(a > b, one, zero);
  case GREATER_EQUAL: return choose(a >= b, one, zero);
  case NOT_EQUAL: return choose(a != b, one, zero);
  case LESS_EQUAL: return choose(a <= b, one, zero);
  default: return a;
  }
}

/* The first `count` numbers, 0 behind them. */
INLINE vector load_some(const float *from, int count) {
  vector value = splat(0);
  UNROLL for (int lane = 0; lane < LANES; lane++)
    if (lane < count) value[lane] = from[lane];
  return value;
}

INLINE void store_some(float *to, vector value, int count) {
  UNROLL for (int lane = 0; lane < LANES; lane++)
    if (lane < count) to[lane] = value[lane];
}

INLINE void unary_loop(const int function, const float *x, float *y, int count) {
  int i = 0;
  for (; i + LANES <= count; i += LANES) store(y + i, value_of(function, load(x + i)));
  if (i < count) store_some(y + i, value_of(function, load_some(x + i, count - i)), count - i);
}

/* y = f(x); formulas in value_of. */
void unary(int function, const float *x, float *y, int count) {
  switch (function) {
#define CASE(name) case name: unary_loop(name, x, y, count); break;
    CASE(ABS) CASE(EXP) CASE(LOG) CASE(NEGATE) CASE(PASS) CASE(RECIPROCAL) CASE(RELU) CASE(SIGMOID) CASE(SQRT) CASE(TANH)
#undef CASE
  }
}

INLINE void unary_gradient_loop(const int function, const float *g, const float *x, const float *y, float *dx,
                                int count, int accumulate) {
  int i = 0;
  for (; i + LANES <= count; i += LANES) {
    vector value = gradient_of(function, load(g + i), load(x + i), load(y + i));
    store(dx + i, accumulate ? load(dx + i) + value : value);
  }
  int rest = count - i;
  if (rest > 0) {
    vector value = gradient_of(function, load_some(g + i, rest), load_some(x + i, rest), load_some(y + i, rest));
    store_some(dx + i, accumulate ? load_some(dx + i, rest) + value : value, rest);
  }
}

/* dx (+)= f'(x) g. */
void unary_gradient(int function, const float *g, const float *x, const float *y, float *dx, int count,
                    int accumulate) {
  switch (function) {
#define CASE(name) case name: unary_gradient_loop(name, g, x, y, dx, count, accumulate); break;
    CASE(ABS) CASE(EXP) CASE(LOG) CASE(NEGATE) CASE(PASS) CASE(RECIPROCAL) CASE(RELU) CASE(SIGMOID) CASE(SQRT) CASE(TANH)
#undef CASE
  }
}

/* One row of a binary function; a step is 1, or 0 for an operand that is the same along the row. */
INLINE void binary_row(const int function, const float *a, const float *b, float *y, int count, const int a_step,
                       const int b_step, float scale, int accumulate) {
  int i = 0;
  vector a_all = splat(a[0]), b_all = splat(b[0]);
  for (; i + LANES <= count; i += LANES) {
    vector left = a_step ? load(a + i) : a_all, right = b_step ? load(b + i) : b_all;
    vector value = scale * combined(function, left, right);
    store(y + i, accumulate ? load(y + i) + value : value);
  }
  int rest = count - i;
  if (rest > 0) {
    vector left = a_step ? load_some(a + i, rest) : a_all, right = b_step ? load_some(b + i, rest) : b_all;
    vector value = scale * combined(function, left, right);
    store_some(y + i, accumulate ? load_some(y + i, rest) + value : value, rest);
  }
}

INLINE void binary_loop(const int function, const float *a, const float *b, float *y, int outer, int middle, int inner,
                        int a_outer, int a_middle, int a_inner, int b_outer, int b_middle, int b_inner, float scale,
                        int accumulate) {
  for (int o = 0; o < outer; o++)
    for (int m = 0; m < middle; m++, y += inner) {
      const float *left = a + o * a_outer + m * a_middle, *right = b + o * b_outer + m * b_middle;
      if (a_inner && b_inner) binary_row(function, left, right, y, inner, 1, 1, scale, accumulate);
      else if (a_inner) binary_row(function, left, right, y, inner, 1, 0, scale, accumulate);
      else if (b_inner) binary_row(function, left, right, y, inner, 0, 1, scale, accumulate);
      else binary_row(function, left, right, y, inner, 0, 0, scale, accumulate);
    }
}

/* y [outer, middle, inner] (+)= scale * f(a, b), a and b with their steps along the three. */
void binary(int function, const float *a, const float *b, float *y, int outer, int middle, int inner, int a_outer,
            int a_middle, int a_inner, int b_outer, int b_middle, int b_inner, float scale, int accumulate) {
  switch (function) {
#define CASE(name) \
  case name: \
    binary_loop(name, a, b, y, outer, middle, inner, a_outer, a_middle, a_inner, b_outer, b_middle, b_inner, scale, \
                accumulate); \
    break;
    CASE(PLUS) CASE(MINUS) CASE(TIMES) CASE(FIRST) CASE(LESS) CASE(EQUAL) CASE(GREATER) CASE(GREATER_EQUAL)
    CASE(NOT_EQUAL) CASE(LESS_EQUAL)
#undef CASE
  }
}

/* y [count] = value. */
void fill_with(float *y, int count, float value) {
  for (int i = 0; i < count; i++) y[i] = value;
}
