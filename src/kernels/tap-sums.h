/*
 * Sums over taps for blocks of maps and of vectors of results, kept in registers. Weights lie as blocks of maps read them.
 */
#ifndef TAP_SUMS_H
#define TAP_SUMS_H

#include "vector.h"

/* Maps times vectors of a block: 8 sums are best where there are 16 registers. */
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

/* Weights as blocks of maps read them, per block, tap and map; tap_weights says where a tap has its weight in a map. */
static void pack_weights(const float *w, int map_count, int map_pitch, const int *tap_weights, int tap_count,
                         float *packed) {
  for (int map = 0; map < map_count; map += block_of_maps(map, map_count)) {
    int maps = block_of_maps(map, map_count);
    for (int t = 0; t < tap_count; t++)
      for (int m = 0; m < maps; m++) *packed++ = w[(map + m) * map_pitch + tap_weights[t]];
  }
}

#endif
