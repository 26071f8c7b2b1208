/*
 * Convolution of planes (one channel of one sample: height x width, width fastest) and its two gradients, for any kernel,
 * stride and padding, without an im2col matrix.
 *
 * All three run over taps, the pairs (channel, kernel element). Samples are first copied into padded planes whose
 * columns are sorted by their remainder modulo the stride; then what one tap reads for neighbouring windows lies side by
 * side, whatever the stride, and a tap is one offset. A convolution is then, for a block of maps and of vectors of
 * windows, a sum over taps of weight times vector, kept in registers. The gradient with respect to the input is the same
 * sum over the gradient's planes, once for every remainder of a cell's place modulo the strides.
 *
 * Memory order: x [N, C, height, width], y [N, K, rows, columns], w [K, C, kernel_height, kernel_width]. Window (r, c)
 * covers the cells from (r * stride_y - lower_y, c * stride_x - lower_x) on.
 */
#include "vector.h"

/* Registers: MAPS_x maps times VECTORS_x vectors stay within 8 sums, which is best where there are 16 registers. */
#define WIDEST_BLOCK 8

/* One sum over taps, for all maps and all vectors of results of one sample. */
typedef struct {
  const int *taps;        /* offset of each tap from a vector's start in the source */
  int tap_count;
  const float *weights;   /* per block of maps, per tap, per map of the block */
  int map_count;
  int map_pitch;          /* distance of maps in the result */
  const int *starts;      /* of each vector in the source */
  const int *targets;     /* of each vector in the result */
  int vector_count;
  int lanes;              /* results of a vector that are stored */
  int step;               /* distance of neighbouring results */
  int rows, columns;      /* results, of which the vectors are parts */
  int source_pitch, target_pitch; /* distances of their rows */
  int target;             /* of the first result */
} sums;

/* Sums of a block, stored: result[map, targets[v] + lane * step] = sum over taps of weight * source[starts[v] + tap + lane]. */
INLINE void sum_block(const int maps, const int vectors, const sums *s, const float *weights,
                      const float *source, int first, float *result) {
  vector sum[WIDEST_BLOCK];
  const float *at[WIDEST_BLOCK];
  UNROLL for (int v = 0; v < vectors; v++) at[v] = source + s->starts[first + v];
  UNROLL for (int i = 0; i < maps * vectors; i++) sum[i] = splat(0);
  const int *taps = s->taps;
  for (int t = 0; t < s->tap_count; t++, weights += maps) {
    int offset = taps[t];
    vector x[WIDEST_BLOCK];
    UNROLL for (int v = 0; v < vectors; v++) x[v] = load(at[v] + offset);
    UNROLL for (int m = 0; m < maps; m++) {
      vector weight = splat(weights[m]);
      UNROLL for (int v = 0; v < vectors; v++) sum[m * vectors + v] += weight * x[v];
    }
  }
  int lanes = s->lanes, step = s->step;
  UNROLL for (int m = 0; m < maps; m++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      float *to = result + m * s->map_pitch + s->targets[first + v];
      vector value = sum[m * vectors + v];
      if (lanes == LANES && step == 1) store(to, value);
      else UNROLL for (int lane = 0; lane < LANES; lane++) if (lane < lanes) to[lane * step] = value[lane];
    }
  }
}

/* All vectors of one block of maps. The last block of vectors begins earlier and computes some of them again. */
INLINE void sum_vectors(const int maps, const int vectors, const sums *s, const float *weights,
                        const float *source, float *result) {
  int count = s->vector_count;
  if (count < vectors) {
    for (int v = 0; v < count; v++) sum_block(maps, 1, s, weights, source, v, result);
    return;
  }
  for (int v = 0; v < count; v += vectors)
    sum_block(maps, vectors, s, weights, source, smaller(v, count - vectors), result);
}

/*
 * One map: sums of `rows` x `vectors` vectors that lie side by side, so that a row needs one address. Reads up to a whole
 * vector behind the last column, stores `columns` results of a row.
 */
INLINE void sum_rows_block(const int rows, const int vectors, const sums *s, const float *source, int columns,
                           float *result) {
  vector sum[WIDEST_BLOCK];
  const float *at[WIDEST_BLOCK];
  UNROLL for (int r = 0; r < rows; r++) at[r] = source + r * s->source_pitch;
  UNROLL for (int i = 0; i < rows * vectors; i++) sum[i] = splat(0);
  const int *taps = s->taps;
  for (int t = 0; t < s->tap_count; t++) {
    int offset = taps[t];
    vector weight = splat(s->weights[t]);
    UNROLL for (int r = 0; r < rows; r++) {
      const float *from = at[r] + offset;
      UNROLL for (int v = 0; v < vectors; v++) sum[r * vectors + v] += weight * load(from + v * LANES);
    }
  }
  int step = s->step;
  UNROLL for (int r = 0; r < rows; r++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      float *to = result + r * s->target_pitch + v * LANES * step;
      vector value = sum[r * vectors + v];
      if (v < vectors - 1 && step == 1) store(to, value);
      else UNROLL for (int lane = 0; lane < LANES; lane++) if (v * LANES + lane < columns) to[lane * step] = value[lane];
    }
  }
}

/* All rows of `vectors` vectors of one map. Whatever does not divide evenly is computed twice. */
INLINE void sum_rows(const int rows, const int vectors, const sums *s, const float *source, float *result) {
  int width = whole_vectors(s->columns);
  for (int first = 0; first < width; first += vectors * LANES) {
    int column = smaller(first, width - vectors * LANES);
    for (int r = 0; r < s->rows; r += rows) {
      int row = smaller(r, s->rows - rows);
      sum_rows_block(rows, vectors, s, source + row * s->source_pitch + column, s->columns - column,
                     result + s->target + row * s->target_pitch + column * s->step);
    }
  }
}

/* One map, by rows; returns 0 for a height that has too few rows for a block. */
INLINE int sum_single_map(const sums *s, const float *source, float *result) {
  int vectors = whole_vectors(s->columns) / LANES;
  int chunks = (vectors + WIDEST_BLOCK - 1) / WIDEST_BLOCK;
  vectors = (vectors + chunks - 1) / chunks;
  int rows = vectors >= 5 ? 1 : vectors >= 3 ? 2 : vectors == 2 ? 4 : 8;
  if (s->rows < rows) return 0;
  switch (vectors) {
    case 1: sum_rows(8, 1, s, source, result); break;
    case 2: sum_rows(4, 2, s, source, result); break;
    case 3: sum_rows(2, 3, s, source, result); break;
    case 4: sum_rows(2, 4, s, source, result); break;
    case 5: sum_rows(1, 5, s, source, result); break;
    case 6: sum_rows(1, 6, s, source, result); break;
    case 7: sum_rows(1, 7, s, source, result); break;
    default: sum_rows(1, 8, s, source, result);
  }
  return 1;
}

/* Width of the block of maps that begins with `map`. */
INLINE int block_of_maps(int map, int map_count) { return smaller(4, map_count - map); }

INLINE void sum_taps(const sums *s, const float *source, float *result) {
  const float *weights = s->weights;
  if (s->map_count == 1 && sum_single_map(s, source, result)) return;
  for (int map = 0; map < s->map_count;) {
    float *to = result + map * s->map_pitch;
    int maps = block_of_maps(map, s->map_count);
    if (maps == 4) sum_vectors(4, 2, s, weights, source, to);
    else if (maps == 3) sum_vectors(3, 2, s, weights, source, to);
    else if (maps == 2) sum_vectors(2, 4, s, weights, source, to);
    else sum_vectors(1, 8, s, weights, source, to);
    weights += maps * s->tap_count;
    map += maps;
  }
}

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

/* Starts and targets of all vectors of `rows` x `columns` results. A short last vector of a row begins earlier. */
static int place_vectors(int rows, int columns, int source_pitch, int target_row, int target_step,
                         int *starts, int *targets) {
  int count = 0;
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c += LANES) {
      int column = larger(0, smaller(c, columns - LANES));
      starts[count] = r * source_pitch + column;
      targets[count++] = r * target_row + column * target_step;
    }
  return count;
}

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

/* Bytes of scratch memory the three functions below need: pass = 0 forward, 1 input gradient, 2 weight gradient. */
int convolution_scratch(int pass, GEOMETRY_PARAMETERS) {
  geometry g = GEOMETRY;
  int elements = kernel_height * kernel_width;
  planes p = pass == 1 ? gradient_planes(&g) : input_planes(&g);
  int floats = (pass == 1 ? maps : channels) * plane_size(&p) + LANES;
  if (pass == 2) {
    planes q = gradient_lines(&g, &p);
    floats += maps * plane_size(&q) + channels * elements * (1 + maps * LANES);
  } else {
    int vectors_of_row = pass == 0 ? columns / LANES + 1 : width / LANES + 2 * stride_x;
    int lines = pass == 0 ? rows : height + stride_y;
    floats += (pass == 0 ? channels : maps) * elements + channels * maps * elements;
    floats += 2 * lines * vectors_of_row;
  }
  return floats * 4;
}

/* Weights of one sum in the order in which blocks of maps read them: weight_at(map, tap) by pitches and a tap's index. */
static void pack_weights(const float *w, int map_count, int map_pitch, const int *tap_weights, int tap_count,
                         float *packed) {
  for (int map = 0; map < map_count; map += block_of_maps(map, map_count)) {
    int maps = block_of_maps(map, map_count);
    for (int t = 0; t < tap_count; t++)
      for (int m = 0; m < maps; m++) *packed++ = w[(map + m) * map_pitch + tap_weights[t]];
  }
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

/* Taps, weights and vectors of the phase (remainder_y, remainder_x); returns the end of the scratch memory it took. */
INLINE int *place_phase(const geometry *g, const planes *p, int remainder_y, int remainder_x, const float *w,
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
  return targets + s->vector_count;
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
