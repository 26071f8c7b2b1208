/*
 * Pooling of planes (one channel of one sample: height x width, width fastest). Window (r, c) covers the cells from
 * (r * stride_y - lower_y, c * stride_x - lower_x) on, as far as they lie inside the plane.
 *
 * Windows of one row of results share their rows of cells, so each column is reduced first, in vectors, and then the
 * columns of each window. `position` is the cell of the plane that holds a window's maximum, -1 if there is none.
 */
#include "vector.h"

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
int pooling_scratch(int width) { return 2 * whole_vectors(width) * 4; }

/* Largest number of each column over rows [first, last), and the first row that has it; -infinity and -1 without one. */
static void largest_of_columns(const float *x, int width, int first, int last, float *best, int *row) {
  int c = 0;
  for (; c + LANES <= width; c += LANES) {
    vector leader = splat(-__builtin_inff());
    integers place = splat_integer(-1);
    for (int r = first; r < last; r++) {
      vector value = load(x + r * width + c);
      integers wins = value > leader;
      leader = choose(wins, value, leader);
      place = choose_integers(wins, splat_integer(r), place);
    }
    store(best + c, leader);
    store_integers(row + c, place);
  }
  for (; c < width; c++) {
    float leader = -__builtin_inff();
    int place = -1;
    for (int r = first; r < last; r++) {
      float value = x[r * width + c];
      if (value > leader) {
        leader = value;
        place = r;
      }
    }
    best[c] = leader;
    row[c] = place;
  }
}

/* First cell of a window that is a number. Only asked where no number is above -infinity. */
static int first_number(const float *x, int width, int top, int bottom, int left, int right) {
  for (int r = top; r < bottom; r++)
    for (int c = left; c < right; c++)
      if (x[r * width + c] == x[r * width + c]) return r * width + c;
  return -1;
}

/* One row of windows: rows [top, bottom) of the plane, reduced to `best` and `row` of each column. */
typedef struct {
  const float *x;
  int width, top, bottom;
  const float *best;
  const int *row;
  int kernel, stride, lower; /* along the row */
  int keeps_first;
} window_row;

/* The cell of a window that max_pooling reports, given where its columns have their largest numbers. */
INLINE int reported_cell(const window_row *w, int left, int right, int row, int column) {
  if (w->keeps_first && w->top < w->bottom && left < right) {
    float first = w->x[w->top * w->width + left];
    if (first != first) return w->top * w->width + left;
  }
  if (row >= 0) return row * w->width + column;
  return first_number(w->x, w->width, w->top, w->bottom, left, right);
}

INLINE void largest_of_window(const window_row *w, int index, float *y, int *position) {
  int left, right;
  cells_of_window(index, w->kernel, w->stride, w->lower, w->width, &left, &right);
  float leader = -__builtin_inff();
  int leader_row = -1, leader_column = 0;
  for (int at = left; at < right; at++) {
    /* Of equal columns the one with the upper cell is first in memory order, then the left one. */
    if (w->best[at] > leader || (w->best[at] == leader && w->row[at] < leader_row)) {
      leader = w->best[at];
      leader_row = w->row[at];
      leader_column = at;
    }
  }
  *y = leader;
  *position = reported_cell(w, left, right, leader_row, leader_column);
}

/* The same for LANES windows from `index` on, all of which lie inside the row. */
INLINE void largest_of_windows(const window_row *w, int index, float *y, int *position) {
  int begin = index * w->stride - w->lower;
  vector leader = splat(-__builtin_inff());
  integers leader_row = splat_integer(-1), leader_column = splat_integer(0);
  for (int k = 0; k < w->kernel; k++) {
    vector value = load_strided(w->best + begin + k, w->stride);
    integers row = load_strided_integers(w->row + begin + k, w->stride);
    integers wins = (value > leader) | ((value == leader) & (row < leader_row));
    leader = choose(wins, value, leader);
    leader_row = choose_integers(wins, row, leader_row);
    leader_column = choose_integers(wins, splat_integer(k), leader_column);
  }
  leader_column += ramp(w->stride) + begin;
  store(y, leader);
  store_integers(position, leader_row * w->width + leader_column);
  if (!w->keeps_first && !any_negative(leader_row)) return;
  UNROLL for (int lane = 0; lane < LANES; lane++) {
    int left = begin + lane * w->stride;
    position[lane] = reported_cell(w, left, left + w->kernel, leader_row[lane], leader_column[lane]);
  }
}

/*
 * y (plane, r, c) = maximum over the window, position its first cell in memory order. NaN never is the maximum; with
 * `keeps_first` the position stays on the first cell of a window if that is NaN, as CNTK's unpooling has it.
 */
void max_pooling(const float *x, float *y, int *position, char *scratch, int keeps_first,
                 PLANAR_PARAMETERS) {
  float *best = (float *)scratch;
  int *row = (int *)(best + whole_vectors(width));
  /* Windows [first, last) lie inside a row; they are done LANES at a time. */
  int first = lower_x > 0 ? (lower_x + stride_x - 1) / stride_x : 0;
  int last = width + lower_x < kernel_width ? 0 : (width + lower_x - kernel_width) / stride_x + 1;
  last = smaller(last, columns);
  if (last - first < LANES) first = last = columns;
  window_row w = {x, width, 0, 0, best, row, kernel_width, stride_x, lower_x, keeps_first};
  for (int plane = 0; plane < count; plane++, w.x += height * width)
    for (int r = 0; r < rows; r++, y += columns, position += columns) {
      cells_of_window(r, kernel_height, stride_y, lower_y, height, &w.top, &w.bottom);
      largest_of_columns(w.x, width, w.top, w.bottom, best, row);
      for (int c = 0; c < smaller(first, columns); c++) largest_of_window(&w, c, y + c, position + c);
      for (int c = first; c < last; c += LANES) {
        int at = smaller(c, last - LANES);
        largest_of_windows(&w, at, y + at, position + at);
      }
      for (int c = last; c < columns; c++) largest_of_window(&w, c, y + c, position + c);
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
