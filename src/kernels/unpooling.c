/*
 * What travels along the positions that max_pooling found: `position` [count, windows] holds for every window of a plane
 * a cell of that plane, or -1 for none. Windows may overlap and then choose the same cell.
 */
#include "vector.h"

/* cells (plane, position) += values (plane, window), 0 elsewhere: gradient of max pooling. */
void add_to_positions(const float *values, const int *position, float *cells, int count, int windows, int size) {
  __builtin_memset(cells, 0, (unsigned long)count * size * sizeof(float));
  for (int plane = 0; plane < count; plane++, cells += size)
    for (int w = 0; w < windows; w++) {
      int cell = *position++;
      float value = *values++;
      if (cell >= 0) cells[cell] += value;
    }
}

/* cells (plane, position) = values (plane, window), 0 elsewhere; a later window overwrites: max unpooling. */
void scatter_to_positions(const float *values, const int *position, float *cells, int count, int windows,
                          int size) {
  __builtin_memset(cells, 0, (unsigned long)count * size * sizeof(float));
  for (int plane = 0; plane < count; plane++, cells += size)
    for (int w = 0; w < windows; w++) {
      int cell = *position++;
      float value = *values++;
      if (cell >= 0) cells[cell] = value;
    }
}

/*
 * values (plane, window) = cells (plane, position), 0 for none and, where cells may repeat, 0 if a later window overwrote the
 * cell: derivative of max unpooling. `taken`, of `size` bytes, is scratch memory.
 */
void gather_from_positions(const float *cells, const int *position, float *values, char *taken, int may_repeat, int count,
                           int windows, int size) {
  for (int plane = 0; plane < count; plane++, cells += size, position += windows, values += windows) {
    if (!may_repeat) {
      for (int w = 0; w < windows; w++) values[w] = position[w] >= 0 ? cells[position[w]] : 0;
      continue;
    }
    __builtin_memset(taken, 0, (unsigned long)size);
    for (int w = windows - 1; w >= 0; w--) {
      int cell = position[w];
      int is_last = cell >= 0 && !taken[cell];
      values[w] = is_last ? cells[cell] : 0;
      if (is_last) taken[cell] = 1;
    }
  }
}
