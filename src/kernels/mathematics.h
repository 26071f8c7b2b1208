/*
 * exp, log, tanh, sigmoid, sin and cos of vectors of floats, by range reduction and polynomials; each to about one unit in the last
 * place of a float. No tables: kernels have no static data.
 */
#ifndef MATHEMATICS_H
#define MATHEMATICS_H

#include "vector.h"

INLINE integers as_integers(vector value) { return (integers)value; }

INLINE vector as_floats(integers value) { return (vector)value; }

INLINE vector to_floats(integers value) { return __builtin_convertvector(value, vector); }

INLINE integers to_integers(vector value) { return __builtin_convertvector(value, integers); }

INLINE vector smallest(vector one, vector other) { return choose(one < other, one, other); }

INLINE vector largest(vector one, vector other) { return choose(one > other, one, other); }

INLINE vector magnitude(vector x) { return as_floats(as_integers(x) & splat_integer(0x7fffffff)); }

INLINE vector with_sign_of(vector size, vector sign) {
  return as_floats(as_integers(size) | (as_integers(sign) & splat_integer((int)0x80000000)));
}

/* Square root of x >= 0. */
INLINE vector root(vector x) {
  vector y;
  UNROLL for (int lane = 0; lane < LANES; lane++) y[lane] = __builtin_sqrtf(x[lane]);
  return y;
}

/* e^x = 2^n e^r, |r| <= ln 2 / 2, ln 2 in two parts so that r is exact. 0 below -103.98, infinity above 88.73, NaN for NaN. */
INLINE vector exponential(vector x) {
  vector bounded = largest(smallest(x, splat(89.0f)), splat(-104.0f));
  vector scaled = bounded * 1.44269504f;
  integers n = to_integers(scaled + choose(scaled < 0, splat(-0.5f), splat(0.5f)));
  vector whole = to_floats(n);
  vector r = bounded - whole * 0.693359375f;
  r = r + whole * 2.12194440e-4f;
  vector p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  /* the power of two in two steps: neither leaves the range of normal floats before the product does */
  integers half = n >> 1;
  vector one = as_floats((half + 127) << 23), other = as_floats((n - half + 127) << 23);
  vector result = p * one * other;
  return choose(x == x, result, x);
}

/* ln x for x > 0: mantissa in [sqrt(1/2), sqrt(2)), a polynomial, and the exponent times ln 2. */
INLINE vector logarithm(vector x) {
  /* numbers below the normal range are scaled into it */
  integers is_small = x < 1.17549435e-38f;
  vector scaled = choose(is_small, x * 8388608.0f, x);
  integers bits = as_integers(scaled);
  integers exponent = (bits >> 23) - 126;
  vector mantissa = as_floats((bits & splat_integer(0x007fffff)) | splat_integer(0x3f000000));
  integers is_low = mantissa < 0.70710678f;
  exponent = exponent + (is_low & splat_integer(-1)) - (is_small & splat_integer(23));
  vector m = choose(is_low, mantissa + mantissa, mantissa) - 1.0f;
  vector square = m * m;
  vector p = splat(7.0376836292e-2f);
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  vector e = to_floats(exponent);
  vector y = m * square * p - e * 2.12194440e-4f - 0.5f * square;
  vector result = m + y + e * 0.693359375f;
  return choose(x < splat(__builtin_inff()), result, x);
}

/* log(e^a + e^b); CNTK leaves out an operand that is much the smaller one, and what is nearly log 0 is log 0 (nodes.md 1.3). */
INLINE vector add_logarithms(vector a, vector b) {
  vector more = choose(a < b, b, a), less = choose(a < b, a, b);
  vector difference = less - more;
  vector sum = more + logarithm(1.0f + exponential(difference));
  vector alone = choose(more < -0.5e10f, splat(-10e10f), more);
  return choose(difference < -9.2103f, alone, sum);
}

/* The angle x in quarters of a turn, q, and what is left of it, in [-pi/4, pi/4]; beyond 2^30 a float names no angle. */
INLINE double quarters_of(float x, double *rest) {
  const double limit = 0.78539816339744831;
  double q = __builtin_floor(x * 0.63661977236758134 + 0.5);
  double r = x - q * 1.5707963267948966 - q * 6.123233995736766e-17;
  *rest = r > limit ? limit : r < -limit ? -limit : r;
  return q;
}

/* sin(x + quarter * pi / 2). */
INLINE float sine_from(float x, double quarter) {
  double r;
  double q = quarters_of(x, &r) + quarter;
  double s = r * r;
  double sine = r * (1 + s * (-1.0 / 6 + s * (1.0 / 120 + s * (-1.0 / 5040 + s / 362880))));
  double cosine = 1 + s * (-1.0 / 2 + s * (1.0 / 24 + s * (-1.0 / 720 + s * (1.0 / 40320 - s / 3628800))));
  q = q - 4 * __builtin_floor(q / 4);
  return (float)(q == 0 ? sine : q == 1 ? cosine : q == 2 ? -sine : -cosine);
}

/* sin x, quarter 0, or cos x, quarter 1. */
INLINE vector sines(vector x, const int quarter) {
  vector y = splat(0);
  UNROLL for (int lane = 0; lane < LANES; lane++) y[lane] = sine_from(x[lane], quarter);
  return y;
}

/* tanh: an odd polynomial near 0, where 1 - 2 / (e^2x + 1) would lose digits, that form elsewhere. */
INLINE vector hyperbolic_tangent(vector x) {
  vector size = magnitude(x);
  vector square = x * x;
  vector p = splat(-5.70498872745e-3f);
  p = p * square + 2.06390887954e-2f;
  p = p * square - 5.37397155531e-2f;
  p = p * square + 1.33314422036e-1f;
  p = p * square - 3.33332819422e-1f;
  vector near = x + x * square * p;
  vector far = 1.0f - 2.0f / (exponential(smallest(size, splat(44.0f)) * 2.0f) + 1.0f);
  vector result = choose(size < 0.625f, near, with_sign_of(far, x));
  return choose(x == x, result, x);
}

/*
 * 1 / (1 + e^-x), below 0 as e^x / (1 + e^x), whose error is the smaller one; 0 once e^-x overflows, as nodes.md 4.1 has
 * it.
 */
INLINE vector logistic(vector x) {
  vector power = exponential(-magnitude(x));
  vector y = choose(x < 0, power, splat(1.0f)) / (1.0f + power);
  return choose(x < -88.7228f, splat(0), y);
}

#endif
