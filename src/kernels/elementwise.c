/*
 * Functions of each element, and of pairs of elements with broadcasting. Tensors are seen as [outer, middle, inner], inner
 * fastest; an operand that is broadcast has step 0 there. Results are stored, or added where `accumulate` is 1.
 */
#include "mathematics.h"

/* Numbers of the unary functions, as functions.ts has them. */
enum {
  ABS, EXP, LOG, NEGATE, PASS, RECIPROCAL, RELU, SIGMOID, SQRT, TANH, COSINE, FLOOR, SINE, PROTECTED_RECIPROCAL
};

/* Numbers of the binary functions, as functions.ts has them. */
enum {
  PLUS, MINUS, TIMES, FIRST, LESS, EQUAL, GREATER, GREATER_EQUAL, NOT_EQUAL, LESS_EQUAL, DIVIDE, LOG_PLUS,
  SHARE_OF_FIRST, NOT_ABOVE, NOT_BELOW, WHERE_NOT_ZERO, WHERE_ZERO, LIKELIHOOD, RECTIFIED_PLUS
};

/* Every function as a case of a switch in which its number is a constant. */
#define UNARY_CASES \
  CASE(ABS) CASE(EXP) CASE(LOG) CASE(NEGATE) CASE(PASS) CASE(RECIPROCAL) CASE(RELU) CASE(SIGMOID) CASE(SQRT) CASE(TANH) \
  CASE(COSINE) CASE(FLOOR) CASE(SINE) CASE(PROTECTED_RECIPROCAL)
/* The first few are in most networks: they get loops of their own for operands that are the same along a row. */
#define FREQUENT_BINARY_CASES CASE(PLUS) CASE(MINUS) CASE(TIMES) CASE(FIRST) CASE(RECTIFIED_PLUS)
#define OTHER_BINARY_CASES \
  CASE(LESS) CASE(EQUAL) CASE(GREATER) CASE(GREATER_EQUAL) CASE(NOT_EQUAL) CASE(LESS_EQUAL) CASE(DIVIDE) CASE(LOG_PLUS) \
  CASE(SHARE_OF_FIRST) CASE(NOT_ABOVE) CASE(NOT_BELOW) CASE(WHERE_NOT_ZERO) CASE(WHERE_ZERO) CASE(LIKELIHOOD)

#define EPS_LOG 1e-37f
#define LOG_EPS_LOG -85.1f
#define EPS_INV 1e-30f

INLINE vector floors(vector x) {
  vector y = splat(0);
  UNROLL for (int lane = 0; lane < LANES; lane++) y[lane] = __builtin_floorf(x[lane]);
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
  case COSINE: return sines(x, 1);
  case FLOOR: return floors(x);
  case SINE: return sines(x, 0);
  case PROTECTED_RECIPROCAL:
    return 1.0f / choose(magnitude(x) < EPS_INV, choose(x < 0, splat(-EPS_INV), splat(EPS_INV)), x);
  default: return x;
  }
}

/* gradient of the input from that of the result, x and y (nodes.md 4.1) */
INLINE vector gradient_of(const int function, vector g, vector x, vector y) {
  switch (function) {
  case ABS: return choose(x > 0, g, choose(x < 0, -g, splat(0)));
  case EXP: return g * y;
  /* e^-y: what the logarithm was limited to counts, not EPS_LOG */
  case LOG: return choose(x < EPS_LOG, g * 9.08782064e36f, g / x);
  case NEGATE: return -g;
  case RECIPROCAL: return -g * y * y;
  case RELU: return choose(y > 0, g, splat(0));
  case SIGMOID: return g * y * (1.0f - y);
  case SQRT: return g / (2.0f * y);
  case TANH: return g * (1.0f - y * y);
  case COSINE: return -g * sines(x, 0);
  case SINE: return g * sines(x, 1);
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
  case DIVIDE: return a / b;
  case LOG_PLUS: return add_logarithms(a, b);
  /* the derivative of LOG_PLUS */
  case SHARE_OF_FIRST: return logistic(a - b);
  case NOT_ABOVE: return choose(a > b, b, a);
  case NOT_BELOW: return choose(a < b, b, a);
  case WHERE_NOT_ZERO: return choose(b != 0, a, zero);
  case WHERE_ZERO: return choose(b == 0, a, zero);
  case RECTIFIED_PLUS: return choose(a + b > 0, a + b, zero);
  /* of a binary label a where b is the probability of 1 */
  case LIKELIHOOD: return 2.0f * (a * b) + ((1.0f - a) - b);
  default: return a;
  }
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
    UNARY_CASES
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
    UNARY_CASES
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

INLINE void binary_loop(const int function, const int is_frequent, const float *a, const float *b, float *y, int outer,
                        int middle, int inner, int a_outer, int a_middle, int a_inner, int b_outer, int b_middle,
                        int b_inner, float scale, int accumulate) {
  for (int o = 0; o < outer; o++)
    for (int m = 0; m < middle; m++, y += inner) {
      const float *left = a + o * a_outer + m * a_middle, *right = b + o * b_outer + m * b_middle;
      if (!is_frequent) binary_row(function, left, right, y, inner, a_inner, b_inner, scale, accumulate);
      else if (a_inner && b_inner) binary_row(function, left, right, y, inner, 1, 1, scale, accumulate);
      else if (a_inner) binary_row(function, left, right, y, inner, 1, 0, scale, accumulate);
      else if (b_inner) binary_row(function, left, right, y, inner, 0, 1, scale, accumulate);
      else binary_row(function, left, right, y, inner, 0, 0, scale, accumulate);
    }
}

/* y [outer, middle, inner] (+)= scale * f(a, b), a and b with their steps along the three; 0 or 1 along the last. */
void binary(int function, const float *a, const float *b, float *y, int outer, int middle, int inner, int a_outer,
            int a_middle, int a_inner, int b_outer, int b_middle, int b_inner, float scale, int accumulate) {
#define LOOP(name, is_frequent) \
  case name: \
    binary_loop(name, is_frequent, a, b, y, outer, middle, inner, a_outer, a_middle, a_inner, b_outer, b_middle, \
                b_inner, scale, accumulate); \
    break;
  switch (function) {
#define CASE(name) LOOP(name, 1)
    FREQUENT_BINARY_CASES
#undef CASE
#define CASE(name) LOOP(name, 0)
    OTHER_BINARY_CASES
#undef CASE
  }
#undef LOOP
}

/* y [count] = value. */
void fill_with(float *y, int count, float value) {
  for (int i = 0; i < count; i++) y[i] = value;
}
