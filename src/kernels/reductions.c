/* Sums over one of three axes [outer, middle, inner], inner fastest; several partial sums keep the rounding small. */
#include "vector.h"

/* Sum of a row, in four vectors of partial sums. */
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
    for (; i + LANES <= inner; i += LANES) {
      vector sums[2] = {splat(0), splat(0)};
      int m = 0;
      for (; m + 2 <= middle; m += 2) {
        sums[0] += load(x + m * inner + i);
        sums[1] += load(x + (m + 1) * inner + i);
      }
      if (m < middle) sums[0] += load(x + m * inner + i);
      vector value = scale * (sums[0] + sums[1]);
      store(y + i, accumulate ? load(y + i) + value : value);
    }
    for (; i < inner; i++) {
      float sum = 0;
      for (int m = 0; m < middle; m++) sum += x[m * inner + i];
      y[i] = accumulate ? y[i] + scale * sum : scale * sum;
    }
  }
}
