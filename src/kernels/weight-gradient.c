/*
 * Gradient of a convolution of planes with respect to its weights: for every map and tap the product of the result's
 * gradient with the input shifted by the tap, vectors of windows at a time, several maps and taps in registers.
 *
 * Memory order: x [N, C, height, width], gradient [N, K, rows, columns], dw [K, C, kernel_height, kernel_width].
 */
#include "planes.h"

/* Sums kept in registers, maps times taps: 16 registers hold 12, 8 where a product needs its own. */
#if LANES >= 8
#define BLOCK 12
#else
#define BLOCK 8
#endif
/* Vectors of windows from which on storing the sums of a block costs little: small planes are joined to as many. */
#define MANY_VECTORS 64

/* Samples that are summed before the sums leave the registers. */
INLINE int samples_at_once(const geometry *g) {
  int vectors = whole_vectors(g->rows * g->columns) / LANES;
  return larger(1, smaller(g->samples, MANY_VECTORS / vectors));
}

/* Planes are a cache line further apart than they need be, for at a power of two they would compete for the same lines. */
#define GAP 16

/*
 * The input as windows read it: for each channel and column of the kernel its rows, sorted by their remainder modulo the
 * stride, with one cell for each column of windows. So what a tap reads for all windows of a sample is one stretch.
 */
typedef struct {
  int remainders; /* of rows that occur */
  int rows;       /* of one remainder */
  int size;       /* of all rows for one column of the kernel */
  int step;       /* from a column of the kernel to the next, with the samples that are summed at once between */
} lines;

INLINE lines input_lines(const geometry *g) {
  lines l;
  l.remainders = smaller(g->stride_y, g->kernel_height);
  l.rows = g->rows + (g->kernel_height - 1) / g->stride_y;
  l.size = l.remainders * l.rows * g->columns;
  l.step = samples_at_once(g) * l.size + GAP;
  return l;
}

INLINE void place_line_taps(const geometry *g, const lines *l, int *taps) {
  for (int c = 0; c < g->channels; c++)
    for (int i = 0; i < g->kernel_height; i++)
      for (int j = 0; j < g->kernel_width; j++) {
        int row = i % g->stride_y * l->rows + i / g->stride_y;
        *taps++ = (c * g->kernel_width + j) * l->step + row * g->columns;
      }
}

/* Copies a sample into lines. What lies outside is not written; it has been made 0 before. */
INLINE void lay_lines(const geometry *g, const lines *l, const float *from, float *to) {
  for (int c = 0; c < g->channels; c++, from += g->height * g->width)
    for (int j = 0; j < g->kernel_width; j++, to += l->step) {
      range columns = indices_inside(j - g->lower_x, g->stride_x, g->width, g->columns);
      int cells = columns.last - columns.first, begin = columns.first * g->stride_x + j - g->lower_x;
      for (int remainder = 0; remainder < l->remainders; remainder++) {
        range rows = indices_inside(remainder - g->lower_y, g->stride_y, g->height, l->rows);
        const float *cell = from + (rows.first * g->stride_y + remainder - g->lower_y) * g->width + begin;
        float *place = to + (remainder * l->rows + rows.first) * g->columns + columns.first;
        for (int r = rows.first; r < rows.last; r++, cell += g->stride_y * g->width, place += g->columns) {
          if (g->stride_x == 1) copy(place, cell, cells);
          else copy_strided(place, cell, cells, g->stride_x, g->width - begin);
        }
      }
    }
}

/* Floats from a map of the gradient to the next. */
INLINE int gradient_step(const geometry *g) {
  return samples_at_once(g) * whole_vectors(g->rows * g->columns) + GAP;
}

/* Bytes of scratch memory the function below needs. */
int convolution_weight_scratch(GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  lines l = input_lines(&g);
  int taps = channels * kernel_height * kernel_width;
  int floats = channels * kernel_width * l.step + maps * gradient_step(&g) + LANES;
  return (floats + taps + taps * maps * LANES) * 4;
}

/*
 * What is multiplied: gradients [maps, samples, length], `step` from a map to the next, with stretches of the input, which
 * begin at offsets for each tap, `x_step` from a sample to the next.
 */
#define FACTORS                                                                                       \
  const float *gradient, int step, const float *x, int x_step, int samples, int length, const int *offsets
#define FACTOR_ARGUMENTS gradient, step, x, x_step, samples, length

/* result [maps, taps, lanes] += the products of `maps` gradients with `taps` shifted inputs; `pitch` taps from map to map. */
INLINE void correlate_block(const int maps, const int taps, FACTORS, float *result, int pitch) {
  vector sum[BLOCK];
  UNROLL for (int i = 0; i < maps * taps; i++) sum[i] = splat(0);
  const float *x_at[BLOCK], *value_at[BLOCK];
  UNROLL for (int t = 0; t < taps; t++) x_at[t] = x + offsets[t];
  UNROLL for (int m = 0; m < maps; m++) value_at[m] = gradient + m * step;
  for (int n = 0; n < samples; n++) {
    long from = n * x_step, begin = n * length;
    for (long at = begin, end = begin + length; at < end; at += LANES, from += LANES) {
      /* The fewer of both stay in registers. */
      vector kept[BLOCK];
      if (maps > taps) {
        UNROLL for (int t = 0; t < taps; t++) kept[t] = load(x_at[t] + from);
        UNROLL for (int m = 0; m < maps; m++) {
          vector value = load(value_at[m] + at);
          UNROLL for (int t = 0; t < taps; t++) sum[m * taps + t] += value * kept[t];
        }
      } else {
        UNROLL for (int m = 0; m < maps; m++) kept[m] = load(value_at[m] + at);
        UNROLL for (int t = 0; t < taps; t++) {
          vector value = load(x_at[t] + from);
          UNROLL for (int m = 0; m < maps; m++) sum[m * taps + t] += kept[m] * value;
        }
      }
    }
  }
  UNROLL for (int m = 0; m < maps; m++)
    UNROLL for (int t = 0; t < taps; t++) {
      float *to = result + (m * pitch + t) * LANES;
      store(to, load(to) + sum[m * taps + t]);
    }
}

/* Each block is a function of its own: in one with all of them the compiler runs out of registers. */
#define BLOCK_FUNCTION(maps, taps)                                                                     \
  static NOINLINE void correlate_##maps##_##taps(FACTORS, float *result, int pitch) {                  \
    correlate_block(maps, taps, FACTOR_ARGUMENTS, offsets, result, pitch);                             \
  }
#define BLOCK_CASE(maps, taps)                                                                         \
  case maps * 16 + taps: correlate_##maps##_##taps(FACTOR_ARGUMENTS, offsets, result, pitch); break;
#if LANES >= 8
#define FOR_BLOCKS(DO) \
  DO(1, 12) DO(1, 11) DO(1, 1) DO(2, 6) DO(2, 5) DO(2, 1) DO(3, 4) DO(3, 3) DO(3, 1) DO(4, 3) DO(4, 2) DO(4, 1)
#else
#define FOR_BLOCKS(DO) DO(1, 8) DO(1, 7) DO(1, 1) DO(2, 4) DO(2, 3) DO(2, 1) DO(3, 2) DO(3, 1) DO(4, 2) DO(4, 1)
#endif

FOR_BLOCKS(BLOCK_FUNCTION)

/* The same for all taps, in blocks as wide as possible and one less if they divide so, else the last ones alone. */
static void correlate_taps(int maps, FACTORS, float *result, int pitch) {
  int widest = BLOCK / maps, is_even = (pitch + widest - 1) / widest * (widest - 1) <= pitch;
  for (int left = pitch; left > 0;) {
    int taps = left % widest == 0 || (!is_even && left > widest) ? widest : is_even ? larger(1, widest - 1) : 1;
    switch (maps * 16 + taps) { FOR_BLOCKS(BLOCK_CASE) }
    left -= taps;
    offsets += taps;
    result += taps * LANES;
  }
}

/* Maps of a block that begins where so many are left: at most 4; 5 are 3 and 2. */
INLINE int block_of_maps(int left) { return left == 5 ? 3 : smaller(4, left); }

/* dw (k, c, i, j) = sum over samples and windows of g * x. Stores; a few samples are summed before they are added. */
void convolution_weight_gradient(const float *x, const float *gradient, float *dw, char *scratch,
                                 GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  lines l = input_lines(&g);
  int windows = rows * columns, length = whole_vectors(windows), batch = samples_at_once(&g);
  int tap_count = channels * kernel_height * kernel_width, step = gradient_step(&g);
  /* whole cache lines first, so that vectors lie in them */
  float *partial = (float *)scratch, *gradients = partial + maps * tap_count * LANES;
  float *laid = gradients + maps * step;
  int *offsets = (int *)(laid + channels * kernel_width * l.step + LANES);
  place_line_taps(&g, &l, offsets);
  fill(partial, maps * tap_count * LANES, 0);
  fill(gradients, maps * step + channels * kernel_width * l.step + LANES, 0);
  for (int n = 0; n < samples; n += batch) {
    int count = smaller(batch, samples - n);
    for (int s = 0; s < count; s++, x += channels * height * width) {
      lay_lines(&g, &l, x, laid + s * l.size);
      for (int map = 0; map < maps; map++, gradient += windows)
        copy(gradients + map * step + s * length, gradient, windows);
    }
    for (int map = 0; map < maps;) {
      int block = block_of_maps(maps - map);
      correlate_taps(block, gradients + map * step, step, laid, l.size, count, length, offsets,
                     partial + map * tap_count * LANES, tap_count);
      map += block;
    }
  }
  for (int i = 0; i < maps * tap_count; i++) dw[i] = sum_of_lanes(load(partial + i * LANES));
}
