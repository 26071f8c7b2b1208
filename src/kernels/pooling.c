/*
 * Pooling of planes (one channel of one sample: height x width, width fastest). Window (r, c) covers the cells from
 * (r * stride_y - lower_y, c * stride_x - lower_x) on, as far as they lie inside the plane.
 *
 * Windows of one row of results share their rows of cells, so each column is reduced first, in vectors, and then the
 * columns of each window. `position` is the cell of the plane that holds a window's maximum, -1 if there is none.
 */
#include "shuffles.h"

#define PLANAR_PARAMETERS                                                                          \
  int count, int height, int width, int rows, int columns, int kernel_height, int kernel_width,    \
      int stride_y, int stride_x, int lower_y, int lower_x

/* Cells [*first, *last) of an axis that window `index` covers. */
INLINE void cells_of_window(int index, int kernel, int stride, int lower, int size, int *first, int *last) {
  int begin = index * stride - lower;
  *first = smaller(larger(begin, 0), size);
  *last = larger(smaller(begin + kernel, size), *first);
}

/* Bytes of scratch memory for the functions below. */
int pooling_scratch(int width) { return 2 * (whole_vectors(width) + 2 * LANES) * 4; }

/*
 * Largest number of each column over rows [first, last), and the first cell that has it; -infinity and -1 without one.
 * Whole vectors: what they hold behind the last column means nothing. `readable` numbers of x may be read, surely enough
 * if `is_safe`.
 */
INLINE void reduce_columns(const int is_safe, const float *x, int width, int first, int last, int readable, float *best,
                           int *cell) {
  for (int c = 0; c < width; c += LANES) {
    vector leader = splat(-__builtin_inff());
    integers place = splat_integer(-1), current = ramp(1) + (first * width + c);
    for (int at = first * width + c, end = last * width + c; at < end; at += width, current += width) {
      vector value = is_safe ? load(x + at) : load_some(x + at, readable - at);
      integers wins = value > leader;
      leader = choose(wins, value, leader);
      place = choose_integers(wins, current, place);
    }
    store(best + c, leader);
    store_integers(cell + c, place);
  }
}

INLINE void largest_of_columns(const float *x, int width, int first, int last, int readable, float *best, int *cell) {
  if ((last - 1) * width + whole_vectors(width) <= readable) reduce_columns(1, x, width, first, last, readable, best, cell);
  else reduce_columns(0, x, width, first, last, readable, best, cell);
}

/* First cell of a window that is a number. Only asked where no number is above -infinity. */
static int first_number(const float *x, int width, int top, int bottom, int left, int right) {
  for (int r = top; r < bottom; r++)
    for (int c = left; c < right; c++)
      if (x[r * width + c] == x[r * width + c]) return r * width + c;
  return -1;
}

/* One row of windows: rows [top, bottom) of the plane, reduced to `best` and `cell` of each column. */
typedef struct {
  const float *x;
  int width, top, bottom;
  float *best;
  int *cell;
  int kernel, stride, lower; /* along the row */
  int keeps_first;
} window_row;

/* The cell of a window that max_pooling reports, given that of its largest number, -1 if it has none above -infinity. */
INLINE int reported_cell(const window_row *w, int left, int right, int cell) {
  if (w->keeps_first && w->top < w->bottom && left < right) {
    float first = w->x[w->top * w->width + left];
    if (first != first) return w->top * w->width + left;
  }
  return cell >= 0 ? cell : first_number(w->x, w->width, w->top, w->bottom, left, right);
}

/* Of equal numbers the one of the lower cell is first in memory order. */
INLINE void largest_of_window(const window_row *w, int index, float *y, int *position) {
  int left, right;
  cells_of_window(index, w->kernel, w->stride, w->lower, w->width, &left, &right);
  float leader = -__builtin_inff();
  int leader_cell = -1;
  for (int at = left; at < right; at++)
    if (w->best[at] > leader || (w->best[at] == leader && w->cell[at] < leader_cell)) {
      leader = w->best[at];
      leader_cell = w->cell[at];
    }
  *y = leader;
  *position = reported_cell(w, left, right, leader_cell);
}

/* leader = the larger of both, of equal ones that with the lower cell. */
INLINE void take_larger(vector value, integers cell, vector *leader, integers *leader_cell) {
  integers wins = (value > *leader) | ((value == *leader) & (cell < *leader_cell));
  *leader = choose(wins, value, *leader);
  *leader_cell = choose_integers(wins, cell, *leader_cell);
}

/*
 * The largest of the windows at every column of [begin, end], in vectors. They replace `best` and `cell`, of which only
 * later columns are still needed.
 */
INLINE void largest_from_columns(const window_row *w, int begin, int end) {
  for (int c = begin; c <= end; c += LANES) {
    vector leader = load(w->best + c);
    integers cell = load_integers(w->cell + c);
    for (int k = 1; k < w->kernel; k++) take_larger(load(w->best + c + k), load_integers(w->cell + c + k), &leader, &cell);
    store(w->best + c, leader);
    store_integers(w->cell + c, cell);
  }
}

/* Most columns of windows that are reduced in registers. */
#define WIDEST_TILE 4

/*
 * Results of `windows` windows side by side, LANES at most, each `size` columns wide, a power of two; the first begins at
 * column `begin`. Each column is reduced first, then neighbouring columns take turns: even and odd ones lie in one vector
 * each. With `is_safe` whole vectors may be read behind the last column and stored behind the last window.
 */
INLINE void largest_of_tile(const int size, const int is_safe, const window_row *w, int begin, int windows, int readable,
                            float *y, int *position) {
  vector leader[WIDEST_TILE], corner[WIDEST_TILE];
  integers cell[WIDEST_TILE];
  UNROLL for (int v = 0; v < size; v++) leader[v] = splat(-__builtin_inff()), cell[v] = splat_integer(-(1 << 30));
  int start = w->top * w->width + begin;
  for (int at = start, row = w->top; row < w->bottom; row++, at += w->width) {
    integers place = splat_integer(at);
    UNROLL for (int v = 0; v < size; v++) {
      const float *from = w->x + at + v * LANES;
      vector value = is_safe ? load(from) : load_some(from, readable - at - v * LANES);
      integers wins = value > leader[v];
      leader[v] = choose(wins, value, leader[v]);
      cell[v] = choose_integers(wins, place, cell[v]);
    }
  }
  UNROLL for (int v = 0; v < size; v++) cell[v] += ramp(1) + v * LANES;
  UNROLL for (int count = size; count > 1; count /= 2)
    UNROLL for (int v = 0; v < count / 2; v++) {
      vector one = leader[2 * v], other = leader[2 * v + 1];
      integers first = cell[2 * v], second = cell[2 * v + 1];
      leader[v] = EVEN_LANES(one, other);
      cell[v] = EVEN_LANES(first, second);
      take_larger(ODD_LANES(one, other), ODD_LANES(first, second), &leader[v], &cell[v]);
    }
  int is_special = any_negative(cell[0]);
  if (w->keeps_first) {
    UNROLL for (int v = 0; v < size; v++)
      corner[v] = is_safe ? load(w->x + start + v * LANES)
                          : load_some(w->x + start + v * LANES, readable - start - v * LANES);
    UNROLL for (int count = size; count > 1; count /= 2)
      UNROLL for (int v = 0; v < count / 2; v++) corner[v] = EVEN_LANES(corner[2 * v], corner[2 * v + 1]);
    is_special |= any_negative(corner[0] != corner[0]);
  }
  store_some(y, leader[0], is_safe ? LANES : windows);
  store_some((float *)position, (vector)cell[0], is_safe ? LANES : windows);
  if (is_special)
    for (int i = 0; i < windows; i++) position[i] = reported_cell(w, begin + i * size, begin + (i + 1) * size, position[i]);
}

/* True where windows lie side by side and are as wide as tiles are written for. */
INLINE int are_tiles(const window_row *w) { return w->stride == w->kernel && (w->kernel == 2 || w->kernel == WIDEST_TILE); }

/*
 * The row's windows [first, last) by tiles. `results` of y follow from the row's first on; a tile that stores more than its
 * own leaves what the next rows replace.
 */
INLINE void largest_of_tiles(const window_row *w, int first, int last, int readable, int results, float *y,
                             int *position) {
  int size = w->kernel;
  for (int i = first; i < last; i += LANES) {
    int begin = i * size - w->lower, windows = smaller(LANES, last - i);
    int is_safe = i + LANES <= results && (w->bottom - 1) * w->width + begin + size * LANES <= readable;
    if (size == 2) {
      if (is_safe) largest_of_tile(2, 1, w, begin, windows, readable, y + i, position + i);
      else largest_of_tile(2, 0, w, begin, windows, readable, y + i, position + i);
    } else {
      if (is_safe) largest_of_tile(WIDEST_TILE, 1, w, begin, windows, readable, y + i, position + i);
      else largest_of_tile(WIDEST_TILE, 0, w, begin, windows, readable, y + i, position + i);
    }
  }
}

/* The same for the windows [first, last), all of which lie inside the row. */
INLINE void largest_of_windows(const window_row *w, int first, int last, float *y, int *position) {
  int begin = first * w->stride - w->lower, step = w->stride;
  largest_from_columns(w, begin, (last - 1) * step - w->lower);
  const float *best = w->best + begin;
  const int *cells = w->cell + begin;
  int lowest = w->keeps_first ? -1 : 0;
  for (int i = first; i < last; i++) y[i] = best[(i - first) * step];
  for (int i = first; i < last; i++) {
    int cell = cells[(i - first) * step];
    position[i] = cell;
    lowest |= cell;
  }
  if (lowest >= 0) return;
  for (int i = first; i < last; i++) {
    int left = i * w->stride - w->lower;
    position[i] = reported_cell(w, left, left + w->kernel, position[i]);
  }
}

/*
 * y (plane, r, c) = maximum over the window, position its first cell in memory order. NaN never is the maximum; with
 * `keeps_first` the position stays on the first cell of a window if that is NaN, as CNTK's unpooling has it.
 */
void max_pooling(const float *x, float *y, int *position, char *scratch, int keeps_first,
                 PLANAR_PARAMETERS) {
  float *best = (float *)scratch;
  int *cell = (int *)(best + whole_vectors(width) + 2 * LANES);
  /* Windows [first, last) lie inside a row. */
  int first = lower_x > 0 ? (lower_x + stride_x - 1) / stride_x : 0;
  int last = width + lower_x < kernel_width ? 0 : (width + lower_x - kernel_width) / stride_x + 1;
  first = smaller(first, columns);
  last = larger(smaller(last, columns), first);
  window_row w = {x, width, 0, 0, best, cell, kernel_width, stride_x, lower_x, keeps_first};
  int tiles = are_tiles(&w), results = count * rows * columns;
  for (int plane = 0; plane < count; plane++, w.x += height * width) {
    /* a vector may reach over a row into what is behind it, the next row or plane, but not over the last plane */
    int readable = (count - plane) * height * width;
    for (int r = 0; r < rows; r++, y += columns, position += columns, results -= columns) {
      cells_of_window(r, kernel_height, stride_y, lower_y, height, &w.top, &w.bottom);
      if (tiles) largest_of_tiles(&w, first, last, readable, results, y, position);
      if (tiles && last - first == columns) continue;
      largest_of_columns(w.x, width, w.top, w.bottom, readable, best, cell);
      for (int c = 0; c < first; c++) largest_of_window(&w, c, y + c, position + c);
      for (int c = last; c < columns; c++) largest_of_window(&w, c, y + c, position + c);
      if (!tiles) largest_of_windows(&w, first, last, y, position);
    }
  }
}

/* y (plane, r, c) = sum over the window / cells of it inside the plane, or all cells with `include_pad`. */
void average_pooling(const float *x, float *y, char *scratch, int include_pad, PLANAR_PARAMETERS) {
  float *sums = (float *)scratch;
  for (int plane = 0; plane < count; plane++, x += height * width)
    for (int r = 0; r < rows; r++) {
      int top, bottom;
      cells_of_window(r, kernel_height, stride_y, lower_y, height, &top, &bottom);
      fill(sums, width, 0);
      for (int at = top; at < bottom; at++)
        for (int c = 0; c < width; c++) sums[c] += x[at * width + c];
      for (int c = 0; c < columns; c++) {
        int left, right;
        cells_of_window(c, kernel_width, stride_x, lower_x, width, &left, &right);
        float sum = 0;
        for (int at = left; at < right; at++) sum += sums[at];
        int cells = include_pad ? kernel_height * kernel_width : (bottom - top) * (right - left);
        *y++ = sum / (float)cells;
      }
    }
}

/* dx (plane, cell) = sum over the windows that cover it of g / the divisor of average_pooling. Stores. */
void average_pooling_gradient(const float *gradient, float *dx, int include_pad, PLANAR_PARAMETERS) {
  __builtin_memset(dx, 0, (unsigned long)count * height * width * sizeof(float));
  for (int plane = 0; plane < count; plane++, dx += height * width)
    for (int r = 0; r < rows; r++) {
      int top, bottom;
      cells_of_window(r, kernel_height, stride_y, lower_y, height, &top, &bottom);
      for (int c = 0; c < columns; c++) {
        int left, right;
        cells_of_window(c, kernel_width, stride_x, lower_x, width, &left, &right);
        int cells = include_pad ? kernel_height * kernel_width : (bottom - top) * (right - left);
        float share = *gradient++ / (float)cells;
        for (int y = top; y < bottom; y++)
          for (int at = left; at < right; at++) dx[y * width + at] += share;
      }
    }
}
