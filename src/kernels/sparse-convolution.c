/*
 * Transposed convolution of planes that are zero but for one cell a window, as unpooling leaves them, and its gradient with
 * respect to the weights: `values` [samples, maps, windows] at the cells `position` of the small planes (rows x columns),
 * -1 for none. The large planes [samples, channels, height, width] and weights w [maps, channels, kernel_height,
 * kernel_width] are those of the convolution that is transposed; window (r, c) covers its cells from
 * (r * stride_y - lower_y, c * stride_x - lower_x) on.
 */
#include "planes.h"

/* A large plane with room on every side for windows that reach over its edge, and for a whole vector behind each row. */
typedef struct {
  int pitch;      /* distance of rows */
  int top, left;  /* of the plane's first cell */
  int floats;
} framed_plane;

INLINE framed_plane frame(const geometry *g) {
  framed_plane f;
  int right = larger((g->columns - 1) * g->stride_x - g->lower_x + g->kernel_width, g->width);
  int bottom = larger((g->rows - 1) * g->stride_y - g->lower_y + g->kernel_height, g->height);
  f.top = larger(g->lower_y, 0);
  f.left = larger(g->lower_x, 0);
  f.pitch = f.left + right + LANES;
  f.floats = (f.top + bottom) * f.pitch + LANES;
  return f;
}

/* Rows of the weights are padded with zeros to whole vectors. */
INLINE int padded_row(const geometry *g) { return whole_vectors(g->kernel_width); }

INLINE int weight_floats(const geometry *g) {
  return g->maps * g->channels * g->kernel_height * padded_row(g);
}

/* Bytes of scratch memory that both functions need. */
int sparse_convolution_scratch(GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  framed_plane f = frame(&g);
  return (channels * f.floats + weight_floats(&g) + LANES) * (int)sizeof(float);
}

/* y = the sum over non-zero cells of value * w, laid over the cell's window. */
void sparse_convolution_spread(const float *values, const int *position, const float *w, float *y, char *scratch,
                               int windows, GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  framed_plane f = frame(&g);
  int row = padded_row(&g), kernel = kernel_height * row;
  float *planes = (float *)scratch, *weights = planes + channels * f.floats;
  for (int r = 0; r < maps * channels * kernel_height; r++)
    for (int i = 0; i < row; i++) weights[r * row + i] = i < kernel_width ? w[r * kernel_width + i] : 0;
  for (int s = 0; s < samples; s++, y += channels * height * width) {
    fill(planes, channels * f.floats, 0);
    for (int k = 0; k < maps; k++, values += windows, position += windows)
      for (int n = 0; n < windows; n++) {
        int cell = position[n];
        if (cell < 0 || values[n] == 0) continue;
        vector value = splat(values[n]);
        int y0 = cell / columns * stride_y - lower_y + f.top, x0 = cell % columns * stride_x - lower_x + f.left;
        const float *from = weights + k * channels * kernel;
        for (int c = 0; c < channels; c++) {
          float *to = planes + c * f.floats + y0 * f.pitch + x0;
          for (int i = 0; i < kernel_height; i++, from += row, to += f.pitch)
            for (int j = 0; j < row; j += LANES) store(to + j, load(to + j) + value * load(from + j));
        }
      }
    for (int c = 0; c < channels; c++)
      for (int r = 0; r < height; r++)
        copy(y + (c * height + r) * width, planes + c * f.floats + (f.top + r) * f.pitch + f.left, width);
  }
}

/*
 * to [height, vectors] += value * window of a plane, over the windows of a sample and map; the sums stay in registers.
 * `origin` is where the window of cell 0 begins.
 */
INLINE void correlate_cells(const int height, const int vectors, const float *values, const int *position, int windows,
                            int columns, int row_step, int column_step, const float *origin, int pitch, float *to) {
  /* cell * reciprocal / 2^32 is cell / columns for as many cells as a plane can have */
  unsigned long long reciprocal = 0xffffffffu / (unsigned)columns + 1ull;
  vector sum[16];
  UNROLL for (int i = 0; i < height * vectors; i++) sum[i] = load(to + i * LANES);
  for (int n = 0; n < windows; n++) {
    /* a cell of value 0 costs less than to see that it is one */
    if (position[n] < 0) continue;
    unsigned cell = (unsigned)position[n], row = (unsigned)(cell * reciprocal >> 32);
    const float *from = origin + (int)row * row_step + (int)(cell - row * (unsigned)columns) * column_step;
    vector value = splat(values[n]);
    UNROLL for (int i = 0; i < height; i++)
      UNROLL for (int v = 0; v < vectors; v++) sum[i * vectors + v] += value * load(from + i * pitch + v * LANES);
  }
  UNROLL for (int i = 0; i < height * vectors; i++) store(to + i * LANES, sum[i]);
}

/* The same for any size of the kernel, `row` floats for each of its rows. */
static void correlate_cells_of_any_size(int height, int row, const float *values, const int *position, int windows,
                                        int columns, int row_step, int column_step, const float *origin, int pitch,
                                        float *to) {
  for (int n = 0; n < windows; n++) {
    int cell = position[n];
    if (cell < 0 || values[n] == 0) continue;
    const float *from = origin + cell / columns * row_step + cell % columns * column_step;
    vector value = splat(values[n]);
    for (int i = 0; i < height; i++)
      for (int j = 0; j < row; j += LANES) {
        float *sum = to + i * row + j;
        store(sum, load(sum) + value * load(from + i * pitch + j));
      }
  }
}

/* dw = the sum over samples and non-zero cells of value * the window of the gradient over the cell. */
void sparse_convolution_weight_gradient(const float *values, const int *position, const float *gradient, float *dw,
                                        char *scratch, int windows, GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  framed_plane f = frame(&g);
  int row = padded_row(&g), kernel = kernel_height * row;
  int row_step = stride_y * f.pitch, column_step = stride_x;
  float *planes = (float *)scratch, *sums = planes + channels * f.floats;
  fill(planes, channels * f.floats, 0);
  fill(sums, weight_floats(&g), 0);
  for (int s = 0; s < samples; s++, gradient += channels * height * width) {
    for (int c = 0; c < channels; c++)
      for (int r = 0; r < height; r++)
        copy(planes + c * f.floats + (f.top + r) * f.pitch + f.left, gradient + (c * height + r) * width, width);
    for (int k = 0; k < maps; k++, values += windows, position += windows)
      for (int c = 0; c < channels; c++) {
        const float *origin = planes + c * f.floats + (f.top - lower_y) * f.pitch + f.left - lower_x;
        float *to = sums + (k * channels + c) * kernel;
        switch (kernel_height * 4 + row / LANES) {
#define CASE(rows, vectors)                                                                                     \
  case rows * 4 + vectors:                                                                                      \
    correlate_cells(rows, vectors, values, position, windows, columns, row_step, column_step, origin, f.pitch, to); \
    break;
          CASE(3, 1) CASE(4, 1) CASE(5, 1) CASE(5, 2) CASE(7, 1)
#undef CASE
          default:
            correlate_cells_of_any_size(kernel_height, row, values, position, windows, columns, row_step, column_step,
                                        origin, f.pitch, to);
        }
      }
  }
  for (int r = 0; r < maps * channels * kernel_height; r++)
    for (int i = 0; i < kernel_width; i++) dw[r * kernel_width + i] = sums[r * row + i];
}
