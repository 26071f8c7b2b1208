/*
 * Padded planes, and the sizes of a convolution. A plane is one channel of one sample, height x width, width fastest.
 *
 * Samples are copied into padded planes whose columns are sorted by their remainder modulo the stride; then what one tap,
 * a pair (channel, kernel element), reads for neighbouring windows lies side by side, and a tap is one offset.
 */
#ifndef PLANES_H
#define PLANES_H

#include "vector.h"

/* Padded planes of one sample: `rows` x `pitch`, the columns of a row sorted by remainder into `stride` runs. */
typedef struct {
  int rows, run, stride, pitch;
  int row0, column0;      /* cell of the plane that lies at row 0, column 0 */
} planes;

INLINE int plane_size(const planes *p) { return p->rows * p->pitch; }

/* Copies planes height x width into padded ones; what lies outside becomes 0. */
INLINE void pad_planes(const planes *p, const float *from, int count, int height, int width, float *to) {
  for (int plane = 0; plane < count; plane++, from += height * width) {
    for (int r = 0; r < p->rows; r++) {
      int row = r + p->row0;
      if (row < 0 || row >= height) {
        fill(to, p->pitch, 0);
        to += p->pitch;
        continue;
      }
      for (int f = 0; f < p->stride; f++, to += p->run) {
        /* columns q with 0 <= q * stride + f + column0 < width */
        int stride = p->stride, begin = f + p->column0;
        int first = begin >= 0 ? 0 : (-begin + stride - 1) / stride;
        int last = begin >= width ? 0 : (width - begin + stride - 1) / stride;
        first = smaller(first, p->run);
        last = larger(smaller(last, p->run), first);
        const float *cells = from + row * width + begin;
        fill(to, first, 0);
        if (stride == 1) copy(to + first, cells + first, last - first);
        else for (int q = first; q < last; q++) to[q] = cells[q * stride];
        fill(to + last, p->run - last, 0);
      }
    }
  }
}

/* Window (r, c) covers the cells from (r * stride_y - lower_y, c * stride_x - lower_x) on. */
typedef struct {
  int samples, channels, maps, height, width, rows, columns;
  int kernel_height, kernel_width, stride_y, stride_x, lower_y, lower_x;
} geometry;

#define GEOMETRY_PARAMETERS                                                                        \
  int samples, int channels, int maps, int height, int width, int rows, int columns,               \
      int kernel_height, int kernel_width, int stride_y, int stride_x, int lower_y, int lower_x
#define GEOMETRY                                                                                   \
  {samples, channels, maps, height, width, rows, columns, kernel_height, kernel_width, stride_y,   \
   stride_x, lower_y, lower_x}

/* Planes of the input as windows read them, with room for whole vectors at the end of a row. */
INLINE planes input_planes(const geometry *g) {
  planes p;
  p.rows = (g->rows - 1) * g->stride_y + g->kernel_height;
  p.stride = g->stride_x;
  p.run = whole_vectors(g->columns) + (g->kernel_width - 1) / g->stride_x;
  p.pitch = p.run * p.stride;
  p.row0 = -g->lower_y;
  p.column0 = -g->lower_x;
  return p;
}

/* Offsets of the taps (channel, i, j) in those planes. */
INLINE void place_taps(const geometry *g, const planes *p, int *taps) {
  for (int c = 0; c < g->channels; c++)
    for (int i = 0; i < g->kernel_height; i++)
      for (int j = 0; j < g->kernel_width; j++)
        *taps++ = c * plane_size(p) + i * p->pitch + j % p->stride * p->run + j / p->stride;
}

#endif
