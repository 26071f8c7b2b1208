/*
 * Batch normalisation (nodes.md 12.1) of x [outer, groups, inner], inner fastest: every group has statistics of its own, over
 * outer and inner. Images have inner = cells of a plane and groups = channels; without planes inner is 1.
 *
 * A minibatch may be spread over several ranks, each of which calls these functions for its own samples. Between two of them
 * the ranks add up what the first one left: `totals` after batch_norm_moments, `squares` after batch_norm_deviations, and
 * the sums of the gradient before batch_norm_input_gradient.
 *
 * factors [3]: share of the minibatch in the new running statistics, share of the running ones in those that normalise, and
 * the new count of samples. Where the shares are 0 and 1 nothing of the minibatch counts.
 */
#include "vector.h"

/* Rows whose mean is taken before their squares, so that they are still in the cache. */
#define BLOCK 64

INLINE int uses_running_only(const float *factors) { return factors[0] == 0 && factors[1] == 1; }

/* Mean and sum of squared deviations of `seen` numbers, joined with those of `count` more. */
INLINE void join(vector *mean, vector *deviation, float seen, vector more_mean, vector more_deviation, float count) {
  vector difference = more_mean - *mean;
  float share = count / (seen + count);
  *mean += difference * share;
  *deviation += more_deviation + difference * difference * (seen * share);
}

/* Mean and sum of squared deviations of one stretch of numbers. */
INLINE void moments_of_row(const float *x, int count, float *mean, float *deviation) {
  vector sums[4] = {splat(0), splat(0), splat(0), splat(0)};
  int i = 0;
  for (; i + 4 * LANES <= count; i += 4 * LANES)
    UNROLL for (int part = 0; part < 4; part++) sums[part] += load(x + i + part * LANES);
  for (; i < count; i += LANES) sums[0] += load_some(x + i, count - i);
  float center = sum_of_lanes((sums[0] + sums[1]) + (sums[2] + sums[3])) / (float)count;
  UNROLL for (int part = 0; part < 4; part++) sums[part] = splat(0);
  for (i = 0; i + 4 * LANES <= count; i += 4 * LANES)
    UNROLL for (int part = 0; part < 4; part++) {
      vector difference = load(x + i + part * LANES) - center;
      sums[part] += difference * difference;
    }
  for (; i + LANES <= count; i += LANES) {
    vector difference = load(x + i) - center;
    sums[0] += difference * difference;
  }
  float rest = 0;
  for (; i < count; i++) rest += (x[i] - center) * (x[i] - center);
  *mean = center;
  *deviation = sum_of_lanes((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest;
}

INLINE void moments_of_planes(const float *x, float *means, float *deviations, int outer, int groups, int inner) {
  for (int group = 0; group < groups; group++) {
    vector mean = splat(0), deviation = splat(0);
    for (int o = 0; o < outer; o++) {
      float own_mean, own_deviation;
      moments_of_row(x + (o * groups + group) * inner, inner, &own_mean, &own_deviation);
      join(&mean, &deviation, (float)o * (float)inner, splat(own_mean), splat(own_deviation), (float)inner);
    }
    means[group] = mean[0];
    deviations[group] = deviation[0];
  }
}

INLINE void moments_of_columns(const float *x, float *means, float *deviations, int outer, int groups) {
  for (int group = 0; group < groups; group += LANES) {
    int width = smaller(LANES, groups - group);
    vector mean = splat(0), deviation = splat(0);
    for (int begin = 0; begin < outer; begin += BLOCK) {
      int rows = smaller(BLOCK, outer - begin);
      const float *block = x + begin * groups + group;
      vector sum = splat(0), squares = splat(0);
      for (int row = 0; row < rows; row++) sum += load_some(block + row * groups, width);
      vector center = sum / (float)rows;
      for (int row = 0; row < rows; row++) {
        vector difference = load_some(block + row * groups, width) - center;
        squares += difference * difference;
      }
      join(&mean, &deviation, (float)begin, center, squares, (float)rows);
    }
    store_some(means + group, mean, width);
    store_some(deviations + group, deviation, width);
  }
}

/*
 * means, deviations [groups]: mean and sum of squared deviations from it; totals [groups + 1]: the sum of each group, and how
 * many numbers a group has. The deviations are taken from the mean of each plane or block and joined, which loses nothing
 * when the mean is large.
 */
void batch_norm_moments(const float *x, const float *factors, float *means, float *deviations, float *totals, int outer,
                        int groups, int inner) {
  if (uses_running_only(factors)) return;
  if (inner == 1) moments_of_columns(x, means, deviations, outer, groups);
  else moments_of_planes(x, means, deviations, outer, groups, inner);
  float count = (float)outer * (float)inner;
  for (int group = 0; group < groups; group++) totals[group] = means[group] * count;
  totals[groups] = count;
}

/* squares [groups]: the sums of squared deviations of `count` numbers from the mean of all ranks. */
void batch_norm_deviations(const float *means, const float *deviations, const float *totals, const float *factors,
                           float *squares, int groups, int count) {
  if (uses_running_only(factors)) return;
  for (int group = 0; group < groups; group++) {
    float difference = means[group] - totals[group] / totals[groups];
    squares[group] = deviations[group] + (float)count * difference * difference;
  }
}

INLINE float mixed(float one, float other, float share) { return share == 1 ? one : one * share + other * (1 - share); }

INLINE float inverse_root(float variance, float epsilon) { return 1 / __builtin_sqrtf(variance + epsilon); }

/*
 * mean, inverse [groups]: mean and inverse standard deviation that normalise this minibatch; next_mean, next_variance
 * [groups]: the running statistics that follow.
 */
void batch_norm_statistics(const float *totals, const float *squares, const float *running_mean,
                           const float *running_variance, const float *factors, float *mean, float *inverse,
                           float *next_mean, float *next_variance, int groups, float epsilon) {
  float update = factors[0], blend = factors[1];
  for (int group = 0; group < groups; group++) {
    if (uses_running_only(factors)) {
      mean[group] = running_mean[group];
      inverse[group] = inverse_root(running_variance[group], epsilon);
      continue;
    }
    float count = totals[groups], own_mean = totals[group] / count;
    float unbiased = count == 1 ? 0 : squares[group] / (count - 1);
    next_mean[group] = mixed(own_mean, running_mean[group], update);
    next_variance[group] = mixed(unbiased, running_variance[group], update);
    float own = inverse_root(squares[group] / count, epsilon);
    mean[group] = blend == 0 ? own_mean : mixed(next_mean[group], own_mean, blend);
    inverse[group] = blend == 0 ? own : mixed(inverse_root(next_variance[group], epsilon), own, blend);
  }
}

/* The running statistics become those that follow; one rank does this, when no rank reads them any more. */
void batch_norm_remember(const float *next_mean, const float *next_variance, const float *factors, float *running_mean,
                         float *running_variance, float *run_count, int groups) {
  if (uses_running_only(factors)) return;
  copy(running_mean, next_mean, groups);
  copy(running_variance, next_variance, groups);
  run_count[0] = factors[2];
}

INLINE vector rectified(const int rectifies, vector y) { return rectifies ? choose(y > 0, y, splat(0)) : y; }

INLINE void apply(const int rectifies, const float *x, const float *mean, const float *inverse, const float *scale,
                  const float *bias, float *y, int outer, int groups, int inner) {
  if (inner == 1) {
    for (int o = 0; o < outer; o++, x += groups, y += groups)
      for (int group = 0; group < groups; group += LANES) {
        int width = smaller(LANES, groups - group);
        vector factor = load_some(scale + group, width) * load_some(inverse + group, width);
        vector centered = load_some(x + group, width) - load_some(mean + group, width);
        store_some(y + group, rectified(rectifies, centered * factor + load_some(bias + group, width)), width);
      }
    return;
  }
  for (int o = 0; o < outer; o++)
    for (int group = 0; group < groups; group++, x += inner, y += inner) {
      vector center = splat(mean[group]), factor = splat(scale[group] * inverse[group]), shift = splat(bias[group]);
      for (int i = 0; i < inner; i += LANES) {
        int width = smaller(LANES, inner - i);
        store_some(y + i, rectified(rectifies, (load_some(x + i, width) - center) * factor + shift), width);
      }
    }
}

/* y = (x - mean) * (scale * inverse) + bias, or 0 if `rectifies` and that is not above 0. */
void batch_norm_apply(const float *x, const float *mean, const float *inverse, const float *scale, const float *bias,
                      float *y, int rectifies, int outer, int groups, int inner) {
  if (rectifies) apply(1, x, mean, inverse, scale, bias, y, outer, groups, inner);
  else apply(0, x, mean, inverse, scale, bias, y, outer, groups, inner);
}

INLINE void gradient_sums_of_columns(const float *g, const float *x, const float *mean, const float *inverse, float *sums,
                                     float *products, int outer, int groups) {
  for (int group = 0; group < groups; group += LANES) {
    int width = smaller(LANES, groups - group);
    vector center = load_some(mean + group, width), sum = splat(0), product = splat(0);
    for (int o = 0; o < outer; o++) {
      vector slope = load_some(g + o * groups + group, width);
      sum += slope;
      product += slope * (load_some(x + o * groups + group, width) - center);
    }
    store_some(sums + group, sum, width);
    store_some(products + group, product * load_some(inverse + group, width), width);
  }
}

/* Sums over one stretch of g, and of g * (x - mean), added to two vectors of partial sums each. */
INLINE void add_gradient_sums(const float *g, const float *x, float mean, int count, vector sum[2], vector product[2]) {
  int i = 0;
  for (; i + 2 * LANES <= count; i += 2 * LANES)
    UNROLL for (int part = 0; part < 2; part++) {
      vector slope = load(g + i + part * LANES);
      sum[part] += slope;
      product[part] += slope * (load(x + i + part * LANES) - mean);
    }
  for (; i < count; i += LANES) {
    vector slope = load_some(g + i, count - i);
    sum[0] += slope;
    product[0] += slope * (load_some(x + i, count - i) - mean);
  }
}

/* sums [groups] of the gradient, which is that of the bias, and products [groups] of g * (x - mean) * inverse, that of the scale. */
void batch_norm_gradient_sums(const float *g, const float *x, const float *mean, const float *inverse, float *sums,
                              float *products, int outer, int groups, int inner) {
  if (inner == 1) {
    gradient_sums_of_columns(g, x, mean, inverse, sums, products, outer, groups);
    return;
  }
  for (int group = 0; group < groups; group++) {
    vector sum[2] = {splat(0), splat(0)}, product[2] = {splat(0), splat(0)};
    for (int o = 0; o < outer; o++) {
      int at = (o * groups + group) * inner;
      add_gradient_sums(g + at, x + at, mean[group], inner, sum, product);
    }
    sums[group] = sum_of_lanes(sum[0] + sum[1]);
    products[group] = sum_of_lanes(product[0] + product[1]) * inverse[group];
  }
}

/*
 * dx (+)= scale * inverse * (g - (1 - blend) * (xhat * mean of g xhat + mean of g)), xhat = (x - mean) * inverse, from sums and
 * products as batch_norm_gradient_sums makes them, over all ranks, and the count in totals [groups + 1].
 */
void batch_norm_input_gradient(const float *g, const float *x, const float *mean, const float *inverse, const float *scale,
                               const float *sums, const float *products, const float *totals, const float *factors,
                               float *dx, int outer, int groups, int inner, int accumulate) {
  /* none of the minibatch's statistics depend on x where the running ones alone normalise */
  float share = factors[1] == 1 ? 0 : (1 - factors[1]) / totals[groups];
  if (inner == 1) {
    for (int o = 0; o < outer; o++, g += groups, x += groups, dx += groups)
      for (int group = 0; group < groups; group += LANES) {
        int width = smaller(LANES, groups - group);
        vector own = load_some(inverse + group, width);
        vector normalized = (load_some(x + group, width) - load_some(mean + group, width)) * own;
        vector common = normalized * load_some(products + group, width) + load_some(sums + group, width);
        vector slope = load_some(g + group, width) - (share == 0 ? splat(0) : common * share);
        vector value = load_some(scale + group, width) * own * slope;
        store_some(dx + group, accumulate ? load_some(dx + group, width) + value : value, width);
      }
    return;
  }
  for (int o = 0; o < outer; o++)
    for (int group = 0; group < groups; group++, g += inner, x += inner, dx += inner) {
      float factor = scale[group] * inverse[group];
      float from_x = share == 0 ? 0 : share * products[group] * inverse[group] * factor;
      float constant = share == 0 ? 0 : share * sums[group] * factor;
      float center = mean[group];
      int i = 0;
      for (; i + LANES <= inner; i += LANES) {
        vector value = load(g + i) * factor - (load(x + i) - center) * from_x - constant;
        store(dx + i, accumulate ? load(dx + i) + value : value);
      }
      for (; i < inner; i++) {
        float value = g[i] * factor - (x[i] - center) * from_x - constant;
        dx[i] = accumulate ? dx[i] + value : value;
      }
    }
}
