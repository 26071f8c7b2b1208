/* Sums, extrema and the like over one of three axes [outer, middle, inner], inner fastest. */
#include "mathematics.h"

/* Sum of a row, in four vectors of partial sums, which keeps the rounding small. */
INLINE float row_sum(const float *x, int count) {
  vector sums[4] = {splat(0), splat(0), splat(0), splat(0)};
  int i = 0;
  for (; i + 4 * LANES <= count; i += 4 * LANES)
    UNROLL for (int part = 0; part < 4; part++) sums[part] += load(x + i + part * LANES);
  for (; i + LANES <= count; i += LANES) sums[0] += load(x + i);
  float sum = sum_of_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
  for (; i < count; i++) sum += x[i];
  return sum;
}

/*
 * y [vectors] (+)= scale * sum of rows that are `inner` numbers apart. Several vectors at once use lines of the cache whole.
 */
INLINE void column_sums(const int vectors, const float *x, float *y, int rows, int inner, float scale, int accumulate) {
  vector even[4], odd[4];
  UNROLL for (int v = 0; v < vectors; v++) even[v] = odd[v] = splat(0);
  int row = 0;
  for (; row + 2 <= rows; row += 2)
    UNROLL for (int v = 0; v < vectors; v++) {
      even[v] += load(x + row * inner + v * LANES);
      odd[v] += load(x + (row + 1) * inner + v * LANES);
    }
  UNROLL for (int v = 0; v < vectors; v++) {
    if (row < rows) even[v] += load(x + row * inner + v * LANES);
    vector value = scale * (even[v] + odd[v]);
    store(y + v * LANES, accumulate ? load(y + v * LANES) + value : value);
  }
}

/* y [outer, inner] (+)= scale * sum over middle of x [outer, middle, inner]. */
void reduce_sum(const float *x, float *y, int outer, int middle, int inner, float scale, int accumulate) {
  if (inner == 1) {
    for (int o = 0; o < outer; o++, x += middle) {
      float value = scale * row_sum(x, middle);
      y[o] = accumulate ? y[o] + value : value;
    }
    return;
  }
  for (int o = 0; o < outer; o++, y += inner, x += middle * inner) {
    int i = 0;
    for (; i + 4 * LANES <= inner; i += 4 * LANES) column_sums(4, x + i, y + i, middle, inner, scale, accumulate);
    for (; i + LANES <= inner; i += LANES) column_sums(1, x + i, y + i, middle, inner, scale, accumulate);
    for (; i < inner; i++) {
      float sum = 0;
      for (int m = 0; m < middle; m++) sum += x[m * inner + i];
      y[i] = accumulate ? y[i] + scale * sum : scale * sum;
    }
  }
}

/* y [rows] (+)= scale * sum over a row of a * b, both [rows, count]. */
void inner_products(const float *a, const float *b, float *y, int rows, int count, float scale, int accumulate) {
  for (int row = 0; row < rows; row++, a += count, b += count) {
    vector sums[4] = {splat(0), splat(0), splat(0), splat(0)};
    int i = 0;
    for (; i + 4 * LANES <= count; i += 4 * LANES)
      UNROLL for (int part = 0; part < 4; part++) sums[part] += load(a + i + part * LANES) * load(b + i + part * LANES);
    for (; i < count; i += LANES) sums[0] += load_some(a + i, count - i) * load_some(b + i, count - i);
    float value = scale * sum_of_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
    y[row] = accumulate ? y[row] + value : value;
  }
}

/* Numbers of the reductions, as functions.ts has them; a place is the index of the first extremum. */
enum { MAXIMUM, MINIMUM, PRODUCT, LOG_SUM, PLACE_OF_MAXIMUM, PLACE_OF_MINIMUM };

/* One element more; `place` is its index. An extremum that is not a number stays, the place of the first element too. */
INLINE vector with_element(const int function, vector value, vector *best, vector x, float place) {
  switch (function) {
  case MAXIMUM: return choose((x > value) | (x != x), x, value);
  case MINIMUM: return choose((x < value) | (x != x), x, value);
  case PRODUCT: return value * x;
  case LOG_SUM: return add_logarithms(value, x);
  default: {
    integers is_better = function == PLACE_OF_MAXIMUM ? x > *best : x < *best;
    *best = choose(is_better, x, *best);
    return choose(is_better, splat(place), value);
  }
  }
}

INLINE void reduce_loop(const int function, const float *x, float *y, int outer, int middle, int inner) {
  for (int o = 0; o < outer; o++, x += middle * inner, y += inner)
    for (int i = 0; i < inner; i += LANES) {
      int width = smaller(LANES, inner - i);
      vector best = load_some(x + i, width);
      vector value = function >= PLACE_OF_MAXIMUM ? splat(0) : best;
      for (int m = 1; m < middle; m++)
        value = with_element(function, value, &best, load_some(x + m * inner + i, width), (float)m);
      store_some(y + i, value, width);
    }
}

/* y [outer, inner] = function over middle of x [outer, middle, inner]. */
void reduce(int function, const float *x, float *y, int outer, int middle, int inner) {
  switch (function) {
#define CASE(name) case name: reduce_loop(name, x, y, outer, middle, inner); break;
    CASE(MAXIMUM) CASE(MINIMUM) CASE(PRODUCT) CASE(LOG_SUM) CASE(PLACE_OF_MAXIMUM) CASE(PLACE_OF_MINIMUM)
#undef CASE
  }
}
