/*
 * Padded planes, and the sizes of a convolution. A plane is one channel of one sample, height x width, width fastest.
 *
 * Samples are copied into padded planes whose columns are sorted by their remainder modulo the stride; then what one tap,
 * a pair (channel, kernel element), reads for neighbouring windows lies side by side, and a tap is one offset.
 */
#ifndef PLANES_H
#define PLANES_H

#include "shuffles.h"

/* Padded planes of one sample: `rows` x `pitch`, the columns of a row sorted by remainder into `stride` runs. */
typedef struct {
  int rows, run, stride, pitch;
  int row0, column0;      /* cell of the plane that lies at row 0, column 0 */
} planes;

INLINE int plane_size(const planes *p) { return p->rows * p->pitch; }

/* Every `stride`-th of the cells, of which `available` may be read. */
INLINE void copy_strided(float *to, const float *cells, int count, int stride, int available) {
  int q = 0;
  if (stride == 2)
    for (; q + LANES <= count && 2 * (q + LANES) <= available; q += LANES)
      store(to + q, EVEN_LANES(load(cells + 2 * q), load(cells + 2 * q + LANES)));
  for (; q < count; q++) to[q] = cells[q * stride];
}

/* Indices q of [0, count) with 0 <= begin + q * step < size. */
typedef struct {
  int first, last;
} range;

INLINE range indices_inside(int begin, int step, int size, int count) {
  range r = {begin >= 0 ? 0 : (-begin + step - 1) / step, begin >= size ? 0 : (size - begin + step - 1) / step};
  r.first = smaller(r.first, count);
  r.last = larger(smaller(r.last, count), r.first);
  return r;
}

/*
 * Copies planes height x width into padded ones. What lies outside is not written: it is 0 once `fill` has made all of it
 * so.
 */
INLINE void lay_planes(const planes *p, const float *from, int count, int height, int width, float *to) {
  range rows = indices_inside(p->row0, 1, height, p->rows);
  for (int f = 0; f < p->stride; f++) {
    int begin = f + p->column0;
    range columns = indices_inside(begin, p->stride, width, p->run);
    int cells = columns.last - columns.first;
    begin += columns.first * p->stride;
    for (int plane = 0; plane < count; plane++) {
      const float *cell = from + (plane * height + rows.first + p->row0) * width + begin;
      float *place = to + (plane * p->rows + rows.first) * p->pitch + f * p->run + columns.first;
      for (int r = rows.first; r < rows.last; r++, cell += width, place += p->pitch) {
        if (p->stride == 1) copy(place, cell, cells);
        else copy_strided(place, cell, cells, p->stride, width - begin);
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

#define GEOMETRY_ARGUMENTS                                                                         \
  samples, channels, maps, height, width, rows, columns, kernel_height, kernel_width, stride_y,    \
      stride_x, lower_y, lower_x

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

#endif
