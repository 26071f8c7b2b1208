/*
 * Gradient of a convolution of planes with respect to its weights: for every map and tap the product of the result's
 * gradient with the input shifted by the tap, vectors of windows at a time, several maps and taps in registers.
 *
 * Memory order: x [N, C, height, width], gradient [N, K, rows, columns], dw [K, C, kernel_height, kernel_width].
 */
#include "planes.h"

/* Sums kept in registers: maps times taps. */
#define WIDEST_BLOCK 8

/*
 * Planes of the gradient for the weights' gradient: rows of whole vectors (then as they are), or rows as far apart as
 * those of the input, zeros between them and a row of zeros behind, if that adds less than half.
 */
INLINE planes gradient_lines(const geometry *g, const planes *p) {
  int columns = whole_vectors(g->columns), row_step = p->pitch * g->stride_y;
  int is_one_line = g->columns % LANES != 0 && 2 * row_step <= 3 * columns;
  planes q = {g->rows + is_one_line, is_one_line ? row_step : columns, 1, is_one_line ? row_step : columns, 0, 0};
  return q;
}

/* Bytes of scratch memory the function below needs. */
int convolution_weight_scratch(GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  planes p = input_planes(&g);
  planes q = gradient_lines(&g, &p);
  int taps = channels * kernel_height * kernel_width;
  int floats = channels * plane_size(&p) + LANES + maps * plane_size(&q);
  return (floats + taps + taps * maps * LANES) * 4;
}

/*
 * Products of `maps` gradients with `taps` shifted inputs, summed over all windows of a sample and added to sums. The
 * gradients lie in `lines` runs of `length`, a multiple of LANES; inputs of neighbouring runs are `line_step` apart.
 */
INLINE void correlate_block(const int maps, const int taps, int lines, int length, int line_step, int plane,
                            const float *gradient, const float *source, const int *offsets, float *result,
                            int map_pitch) {
  vector sum[WIDEST_BLOCK];
  UNROLL for (int i = 0; i < maps * taps; i++) sum[i] = splat(0);
  const float *at[WIDEST_BLOCK], *value_at[WIDEST_BLOCK];
  UNROLL for (int t = 0; t < taps; t++) at[t] = source + offsets[t];
  UNROLL for (int m = 0; m < maps; m++) value_at[m] = gradient + m * plane;
  for (int line = 0; line < lines; line++) {
    for (int c = 0; c < length; c += LANES) {
      vector x[WIDEST_BLOCK];
      UNROLL for (int t = 0; t < taps; t++) x[t] = load(at[t] + c);
      UNROLL for (int m = 0; m < maps; m++) {
        vector value = load(value_at[m] + c);
        UNROLL for (int t = 0; t < taps; t++) sum[m * taps + t] += value * x[t];
      }
    }
    UNROLL for (int t = 0; t < taps; t++) at[t] += line_step;
    UNROLL for (int m = 0; m < maps; m++) value_at[m] += length;
  }
  UNROLL for (int m = 0; m < maps; m++)
    UNROLL for (int t = 0; t < taps; t++) {
      float *to = result + (m * map_pitch + t) * LANES;
      store(to, load(to) + sum[m * taps + t]);
    }
}

INLINE void correlate_taps(const int maps, const int taps, int lines, int length, int line_step, int plane,
                           const float *gradient, const float *source, const int *offsets, int tap_count,
                           float *result) {
  int t = 0;
  for (; t + taps <= tap_count; t += taps)
    correlate_block(maps, taps, lines, length, line_step, plane, gradient, source, offsets + t,
                    result + t * LANES, tap_count);
  for (; t < tap_count; t++)
    correlate_block(maps, 1, lines, length, line_step, plane, gradient, source, offsets + t,
                    result + t * LANES, tap_count);
}

/* dw (k, c, i, j) = sum over samples and windows of g * x. Stores; each sample is summed for itself before it is added. */
void convolution_weight_gradient(const float *x, const float *gradient, float *dw, char *scratch,
                                 GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  planes p = input_planes(&g);
  planes q = gradient_lines(&g, &p);
  int is_whole = columns % LANES == 0;
  /* Rows as one long line where the zeros between them cost less than starting each row anew. */
  int is_one_line = q.rows > rows;
  int lines = is_one_line ? 1 : rows;
  int length = is_one_line ? whole_vectors((rows - 1) * q.run + columns) : q.run;
  int line_step = is_one_line ? 0 : p.pitch * stride_y;
  int plane = plane_size(&q);
  int tap_count = channels * kernel_height * kernel_width;
  float *padded = (float *)scratch;
  float *gradients = padded + channels * plane_size(&p) + LANES;
  float *partial = gradients + maps * plane;
  int *offsets = (int *)(partial + maps * tap_count * LANES);
  place_taps(&g, &p, offsets);
  fill(partial, maps * tap_count * LANES, 0);
  for (int n = 0; n < samples; n++) {
    pad_planes(&p, x + n * channels * height * width, channels, height, width, padded);
    const float *sample = gradient + n * maps * rows * columns;
    if (!is_whole) pad_planes(&q, sample, maps, rows, columns, gradients);
    for (int map = 0; map < maps;) {
      const float *from = (is_whole ? sample : gradients) + map * plane;
      float *to = partial + map * tap_count * LANES;
      int block = smaller(4, maps - map);
      if (block == 4)
        correlate_taps(4, 2, lines, length, line_step, plane, from, padded, offsets, tap_count, to);
      else if (block >= 2)
        correlate_taps(2, 4, lines, length, line_step, plane, from, padded, offsets, tap_count, to);
      else
        correlate_taps(1, 8, lines, length, line_step, plane, from, padded, offsets, tap_count, to);
      map += block == 3 ? 2 : block;
    }
  }
  for (int i = 0; i < maps * tap_count; i++) dw[i] = sum_of_lanes(load(partial + i * LANES));
}
