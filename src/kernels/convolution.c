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

/* Vectors of a plane of results of this size. */
INLINE int vectors_of_plane(int rows, int columns) { return rows * ((columns + LANES - 1) / LANES); }

/* Bytes of scratch memory the functions below need. */
int convolution_scratch(int is_gradient, GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  int elements = kernel_height * kernel_width;
  planes p = is_gradient ? gradient_planes(&g) : input_planes(&g);
  int sources = is_gradient ? maps : channels, phases = is_gradient ? stride_y * stride_x : 1;
  int results = is_gradient ? channels : maps;
  int floats = sources * plane_size(&p) + LANES + channels * maps * elements + phases * results;
  if (phases > 1) floats += channels * height * width + LANES;
  int vectors = is_gradient ? phases * vectors_of_plane(height / stride_y + 1, width / stride_x + 1)
                            : vectors_of_plane(rows, columns);
  return phases * (int)sizeof(sums) + (floats + sources * elements + 2 * vectors) * 4;
}

/* Offsets of the taps (channel, column, row) in the planes of the input, and where they have their weights in a map. */
INLINE void place_window_taps(const geometry *g, const planes *p, int *taps, int *weights) {
  for (int c = 0; c < g->channels; c++)
    for (int j = 0; j < g->kernel_width; j++)
      for (int i = 0; i < g->kernel_height; i++) {
        *taps++ = c * plane_size(p) + i * p->pitch + j % p->stride * p->run + j / p->stride;
        *weights++ = (c * g->kernel_height + i) * g->kernel_width + j;
      }
}

/* y (n, k, r, c) = finish (bias (k) + sum over channels and kernel elements of w * x). Stores. */
INLINE void convolve(const float *x, const float *w, const float *bias, float *y, char *scratch, int rectifies,
                     GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  planes p = input_planes(&g);
  /* In scratch memory, for wasm has no stack that could hold what has an address. */
  sums *s = (sums *)scratch;
  s->tap_count = channels * kernel_height * kernel_width;
  s->column_height = kernel_height;
  s->least = rectifies ? 0 : -__builtin_inff();
  s->map_count = maps;
  s->map_pitch = rows * columns;
  s->rows = rows;
  s->columns = columns;
  float *weights = (float *)(s + 1);
  int *taps = (int *)(weights + maps * (1 + s->tap_count));
  int *starts = taps + s->tap_count;
  int *targets = starts + vectors_of_plane(rows, columns);
  float *padded = (float *)(targets + vectors_of_plane(rows, columns));
  /* Without padding and stride windows can read the input itself. */
  int is_direct = stride_x == 1 && lower_x == 0 && lower_y == 0 && columns >= LANES &&
                  columns + kernel_width - 1 <= width && (rows - 1) * stride_y + kernel_height <= height;
  if (is_direct) {
    p.run = p.pitch = width;
    p.rows = height;
  }
  int *tap_weights = (int *)padded;
  place_window_taps(&g, &p, taps, tap_weights);
  pack_weights(w, bias, maps, s->tap_count, tap_weights, s->tap_count, weights);
  s->source_pitch = p.pitch * stride_y;
  s->tap_pitch = p.pitch;
  s->vector_count = place_vectors(rows, columns, s->source_pitch, starts, targets);
  s->taps = taps;
  s->weights = weights;
  s->starts = starts;
  s->targets = targets;
  if (!is_direct) fill(padded, channels * plane_size(&p) + LANES, 0);
  for (int n = 0; n < samples; n++) {
    const float *sample = x + n * channels * height * width;
    if (!is_direct) lay_planes(&p, sample, channels, height, width, padded);
    sum_taps(s, is_direct ? sample : padded, y + n * maps * rows * columns);
  }
}

/* y (n, k, r, c) = sum over channels and kernel elements of w * x. Stores. */
void convolution(const float *x, const float *w, float *y, char *scratch, GEOMETRY_PARAMETERS) {
  convolve(x, w, 0, y, scratch, 0, GEOMETRY_ARGUMENTS);
}

/* y (n, k, r, c) = bias (k) + sum over channels and kernel elements of w * x, or 0 if `rectifies` and that is negative. */
void convolution_with_bias(const float *x, const float *w, const float *bias, float *y, char *scratch, int rectifies,
                           GEOMETRY_PARAMETERS) {
  convolve(x, w, bias, y, scratch, rectifies, GEOMETRY_ARGUMENTS);
}

/* Cells of an axis whose place, counted from `lower` before the first, has a remainder modulo the stride. */
typedef struct {
  int first, count;
  int place; /* of the first, divided by the stride */
} phase;

INLINE phase phase_of(int remainder, int stride, int lower, int size) {
  /* the smallest q with remainder + stride * q - lower >= 0 */
  int offset = lower - remainder;
  int q = offset > 0 ? (offset + stride - 1) / stride : -(-offset / stride);
  phase f = {remainder + stride * q - lower, 0, q};
  f.count = f.first >= size ? 0 : (size - 1 - f.first) / stride + 1;
  return f;
}

/* Taps, weights and vectors of the cells with these remainders, in tables from `tables` on; returns the end of those. */
INLINE int *place_phase(const geometry *g, const planes *p, int remainder_y, int remainder_x, const float *w,
                        int *tables, sums *s) {
  phase y = phase_of(remainder_y, g->stride_y, g->lower_y, g->height);
  phase x = phase_of(remainder_x, g->stride_x, g->lower_x, g->width);
  int elements = g->kernel_height * g->kernel_width;
  /* Kernel elements that reach these cells; those of a column from the last on, for they meet the upper windows. */
  int height = (g->kernel_height - remainder_y + g->stride_y - 1) / g->stride_y;
  int width = (g->kernel_width - remainder_x + g->stride_x - 1) / g->stride_x;
  height = larger(height, 0);
  width = larger(width, 0);
  int *taps = tables;
  int count = g->maps * height * width;
  for (int k = 0, t = 0; k < g->maps; k++)
    for (int j = 0; j < width; j++)
      for (int i = height - 1; i >= 0; i--, t++)
        taps[t] = k * g->channels * elements + (remainder_y + i * g->stride_y) * g->kernel_width + remainder_x +
                  j * g->stride_x;
  float *weights = (float *)(taps + count);
  pack_weights(w, 0, g->channels, elements, taps, count, weights);
  int origin = (y.place - p->row0) * p->pitch + x.place - p->column0;
  for (int k = 0, t = 0; k < g->maps; k++)
    for (int j = 0; j < width; j++)
      for (int i = height - 1; i >= 0; i--, t++) taps[t] = k * plane_size(p) + origin - i * p->pitch - j;
  int *starts = (int *)(weights + (1 + count) * g->channels);
  int *targets = starts + vectors_of_plane(y.count, x.count);
  s->taps = taps;
  s->tap_count = count;
  s->column_height = height;
  s->weights = weights;
  s->least = -__builtin_inff();
  s->map_count = g->channels;
  s->map_pitch = y.count * x.count;
  s->rows = y.count;
  s->columns = x.count;
  s->source_pitch = s->tap_pitch = p->pitch;
  s->vector_count = place_vectors(y.count, x.count, p->pitch, starts, targets);
  s->starts = starts;
  s->targets = targets;
  return targets + s->vector_count;
}

/* dx (row of cells) = the cells of one phase, of both in turns if there are two. */
INLINE void lay_row(float *to, const float *from, const phase *x, int stride) {
  for (int q = 0; q < x->count; q++) to[x->first + q * stride] = from[q];
}

INLINE void lay_row_in_turns(float *to, const float *even, const float *odd, int width) {
  int q = 0;
  for (; 2 * (q + LANES) <= width; q += LANES) {
    vector one = load(even + q), other = load(odd + q);
    store(to + 2 * q, FIRST_HALVES(one, other));
    store(to + 2 * q + LANES, SECOND_HALVES(one, other));
  }
  for (; 2 * q < width; q++) {
    to[2 * q] = even[q];
    if (2 * q + 1 < width) to[2 * q + 1] = odd[q];
  }
}

/* dx [channels, height, width] = the phases [stride_y, stride_x] of the cells, one behind the other in `from`. */
static void lay_phases(const float *from, float *dx, GEOMETRY_PARAMETERS) {
  (void)samples, (void)maps, (void)rows, (void)columns, (void)kernel_height, (void)kernel_width;
  for (int remainder_y = 0; remainder_y < stride_y; remainder_y++) {
    phase y = phase_of(remainder_y, stride_y, lower_y, height);
    phase x = phase_of(0, stride_x, lower_x, width), other = phase_of(1, stride_x, lower_x, width);
    if (stride_x == 2) {
      const float *second = from + channels * y.count * x.count;
      const float *even = x.first == 0 ? from : second, *odd = x.first == 0 ? second : from;
      int even_count = (width + 1) / 2, odd_count = width / 2;
      for (int c = 0; c < channels; c++)
        for (int r = 0; r < y.count; r++, even += even_count, odd += odd_count)
          lay_row_in_turns(dx + (c * height + y.first + r * stride_y) * width, even, odd, width);
      from = second + channels * y.count * other.count;
      continue;
    }
    for (int remainder_x = 0; remainder_x < stride_x; remainder_x++) {
      x = phase_of(remainder_x, stride_x, lower_x, width);
      for (int c = 0; c < channels; c++)
        for (int r = 0; r < y.count; r++, from += x.count)
          lay_row(dx + (c * height + y.first + r * stride_y) * width, from, &x, stride_x);
    }
  }
}

/* dx (n, c, cell) = sum over maps and kernel elements of w * g. Stores. */
void convolution_input_gradient(const float *gradient, const float *w, float *dx, char *scratch,
                                GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  planes p = gradient_planes(&g);
  int phases = stride_y * stride_x, cells = channels * height * width;
  sums *s = (sums *)scratch;
  int *tables = (int *)(s + phases);
  for (int f = 0; f < phases; f++) tables = place_phase(&g, &p, f / stride_x, f % stride_x, w, tables, s + f);
  float *padded = (float *)tables, *parts = padded + maps * plane_size(&p) + LANES;
  fill(padded, maps * plane_size(&p) + LANES, 0);
  for (int n = 0; n < samples; n++, gradient += maps * rows * columns, dx += cells) {
    lay_planes(&p, gradient, maps, rows, columns, padded);
    float *to = phases > 1 ? parts : dx;
    for (int f = 0; f < phases; f++) {
      sum_taps(s + f, padded, to);
      to += channels * s[f].map_pitch;
    }
    if (phases > 1) lay_phases(parts, dx, GEOMETRY_ARGUMENTS);
  }
}
