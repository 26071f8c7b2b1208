/*
 * Convolution of planes and its gradient with respect to the input, for any kernel, stride and padding, without an im2col
 * matrix: a sum over taps of weight times vector of windows (planes.h, tap-sums.h). The gradient is the same sum over the
 * planes of the result's gradient, once for every remainder of a cell's place modulo the strides.
 *
 * Memory order: x [N, C, height, width], y [N, K, rows, columns], w [K, C, kernel_height, kernel_width].
 */
#include "planes.h"
#include "tap-sums.h"

/* Planes of the gradient as cells of the input read them. */
INLINE planes gradient_planes(const geometry *g) {
  planes p;
  /* A cell at place X = x + lower, X = phase + stride * q, meets the windows q, q - 1, ..., as many as taps. */
  int taps_y = (g->kernel_height - 1) / g->stride_y, taps_x = (g->kernel_width - 1) / g->stride_x;
  /* Places are counted from a multiple of the stride at or below the first. */
  int first_y = g->lower_y >= 0 ? 0 : -((-g->lower_y + g->stride_y - 1) / g->stride_y);
  int first_x = g->lower_x >= 0 ? 0 : -((-g->lower_x + g->stride_x - 1) / g->stride_x);
  int last_y = (larger(g->lower_y, 0) + g->height - 1) / g->stride_y;
  int last_x = (larger(g->lower_x, 0) + g->width - 1) / g->stride_x;
  p.row0 = first_y - taps_y;
  p.column0 = first_x - taps_x;
  p.rows = last_y - p.row0 + 1;
  p.run = last_x - p.column0 + 1 + LANES;
  p.stride = 1;
  p.pitch = p.run;
  return p;
}

/* Bytes of scratch memory the two functions below need. */
int convolution_scratch(int is_gradient, GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  int elements = kernel_height * kernel_width;
  planes p = is_gradient ? gradient_planes(&g) : input_planes(&g);
  int floats = (is_gradient ? maps : channels) * plane_size(&p) + LANES;
  int taps = (is_gradient ? maps : channels) * elements, weights = channels * maps * elements;
  int lines = is_gradient ? height : rows;
  int vectors_of_line = is_gradient ? width / LANES + 1 : columns / LANES + 1;
  return (floats + taps + weights + 2 * lines * vectors_of_line) * 4;
}

/* y (n, k, r, c) = sum over channels and kernel elements of w * x. Stores. */
void convolution(const float *x, const float *w, float *y, char *scratch, GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  planes p = input_planes(&g);
  sums s;
  s.tap_count = channels * kernel_height * kernel_width;
  s.map_count = maps;
  s.map_pitch = rows * columns;
  s.lanes = smaller(columns, LANES);
  s.step = 1;
  s.rows = rows;
  s.columns = columns;
  s.target = 0;
  s.target_pitch = columns;
  float *padded = (float *)scratch;
  float *weights = padded + channels * plane_size(&p) + LANES;
  int *taps = (int *)(weights + maps * s.tap_count);
  int *starts = taps + s.tap_count;
  int *targets = starts + rows * (columns / LANES + 1);
  /* Without padding and stride, and with whole vectors, windows can read the input itself. */
  int has_room = maps > 1 || columns % LANES == 0;
  int is_direct = has_room && stride_x == 1 && lower_x == 0 && lower_y == 0 && columns >= LANES &&
                  columns + kernel_width - 1 <= width && (rows - 1) * stride_y + kernel_height <= height;
  if (is_direct) {
    p.run = p.pitch = width;
    p.rows = height;
  }
  for (int t = 0; t < s.tap_count; t++) taps[t] = t;
  pack_weights(w, maps, s.tap_count, taps, s.tap_count, weights);
  place_taps(&g, &p, taps);
  s.source_pitch = p.pitch * stride_y;
  s.vector_count = place_vectors(rows, columns, s.source_pitch, columns, 1, starts, targets);
  s.taps = taps;
  s.weights = weights;
  s.starts = starts;
  s.targets = targets;
  for (int n = 0; n < samples; n++) {
    const float *sample = x + n * channels * height * width;
    if (!is_direct) pad_planes(&p, sample, channels, height, width, padded);
    sum_taps(&s, is_direct ? sample : padded, y + n * maps * rows * columns);
  }
}

/* One remainder of the cells' places modulo the strides: which cells have it, and which kernel elements reach them. */
typedef struct {
  int first_y, count_y, place_y;  /* first cell, number of cells, place of the first divided by the stride */
  int first_x, count_x, place_x;
} phase;

INLINE int cells_of_phase(int remainder, int stride, int lower, int size, int *first, int *place) {
  /* the smallest q with remainder + stride * q - lower >= 0 */
  int offset = lower - remainder;
  int q = offset > 0 ? (offset + stride - 1) / stride : -(-offset / stride);
  *place = q;
  *first = remainder + stride * q - lower;
  return *first >= size ? 0 : (size - 1 - *first) / stride + 1;
}

/* Taps, weights and vectors of the cells with these remainders. */
INLINE void place_phase(const geometry *g, const planes *p, int remainder_y, int remainder_x, const float *w,
                        int *scratch, sums *s) {
  phase f;
  f.count_y = cells_of_phase(remainder_y, g->stride_y, g->lower_y, g->height, &f.first_y, &f.place_y);
  f.count_x = cells_of_phase(remainder_x, g->stride_x, g->lower_x, g->width, &f.first_x, &f.place_x);
  int elements = g->kernel_height * g->kernel_width;
  int *taps = scratch;
  int count = 0;
  for (int k = 0; k < g->maps; k++)
    for (int i = remainder_y; i < g->kernel_height; i += g->stride_y)
      for (int j = remainder_x; j < g->kernel_width; j += g->stride_x)
        taps[count++] = k * g->channels * elements + i * g->kernel_width + j;
  float *weights = (float *)(taps + count);
  pack_weights(w, g->channels, elements, taps, count, weights);
  count = 0;
  int origin_y = f.place_y - p->row0, origin_x = f.place_x - p->column0;
  for (int k = 0; k < g->maps; k++)
    for (int i = remainder_y; i < g->kernel_height; i += g->stride_y)
      for (int j = remainder_x; j < g->kernel_width; j += g->stride_x)
        taps[count++] = k * plane_size(p) + (origin_y - i / g->stride_y) * p->pitch + origin_x - j / g->stride_x;
  int *starts = (int *)(weights + count * g->channels);
  int *targets = starts + f.count_y * ((f.count_x + LANES - 1) / LANES);
  s->taps = taps;
  s->tap_count = count;
  s->weights = weights;
  s->map_count = g->channels;
  s->map_pitch = g->height * g->width;
  s->lanes = smaller(f.count_x, LANES);
  s->step = g->stride_x;
  s->rows = f.count_y;
  s->columns = f.count_x;
  s->source_pitch = p->pitch;
  s->target_pitch = g->stride_y * g->width;
  s->target = f.first_y * g->width + f.first_x;
  s->vector_count =
      place_vectors(f.count_y, f.count_x, p->pitch, s->target_pitch, g->stride_x, starts, targets);
  for (int v = 0; v < s->vector_count; v++) targets[v] += s->target;
  s->starts = starts;
  s->targets = targets;
}

/* dx (n, c, cell) = sum over maps and kernel elements of w * g. Stores. */
void convolution_input_gradient(const float *gradient, const float *w, float *dx, char *scratch,
                                GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  planes p = gradient_planes(&g);
  float *padded = (float *)scratch;
  int *tables = (int *)(padded + maps * plane_size(&p) + LANES);
  for (int remainder_y = 0; remainder_y < stride_y; remainder_y++)
    for (int remainder_x = 0; remainder_x < stride_x; remainder_x++) {
      sums s;
      place_phase(&g, &p, remainder_y, remainder_x, w, tables, &s);
      if (s.vector_count == 0) continue;
      for (int n = 0; n < samples; n++) {
        pad_planes(&p, gradient + n * maps * rows * columns, maps, rows, columns, padded);
        sum_taps(&s, padded, dx + n * channels * height * width);
      }
    }
}
