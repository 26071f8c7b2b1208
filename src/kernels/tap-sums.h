/*
 * Sums over taps for blocks of maps and of vectors of results, kept in registers. Weights lie as blocks of maps read them.
 */
#ifndef TAP_SUMS_H
#define TAP_SUMS_H

#include "vector.h"

/* Maps of the largest block, with two vectors each: 16 registers hold 12 sums, 8 where a product needs its own. */
#if LANES >= 8
#define BLOCK_MAPS 6
#else
#define BLOCK_MAPS 4
#endif
/* Sums of the largest block. */
#define WIDEST_BLOCK 12

/* One sum over taps, for all maps and all vectors of results of one sample. */
typedef struct {
  const int *taps;        /* offset of each tap from a vector's start in the source; those below each other in a row */
  int tap_count;
  int column_height;      /* taps below each other */
  const float *weights;   /* per block of maps: the bias of each, then per tap the weight of each */
  float least;            /* what is stored instead of a sum that is less */
  int map_count;
  int map_pitch;          /* distance of maps in the result */
  const int *starts;      /* of each vector in the source */
  const int *targets;     /* of each vector in the result */
  int vector_count;
  int rows, columns;      /* results, of which the vectors are parts */
  int source_pitch, tap_pitch; /* from a row of results, and from a tap to the one below, to the next in the source */
} sums;

INLINE vector at_least(vector least, vector sum) { return choose(sum < least, least, sum); }

/* Sums of a block of maps: result[map, targets[v] + lane] = sum over taps of weight * source[starts[v] + tap + lane]. */
INLINE void sum_block(const int maps, const int vectors, const sums *s, const float *weights,
                      const float *source, int first, float *result) {
  vector sum[WIDEST_BLOCK], least = splat(s->least);
  const float *at[WIDEST_BLOCK];
  float *to[WIDEST_BLOCK];
  UNROLL for (int v = 0; v < vectors; v++) at[v] = source + s->starts[first + v];
  UNROLL for (int v = 0; v < vectors; v++) to[v] = result + s->targets[first + v];
  UNROLL for (int i = 0; i < maps * vectors; i++) sum[i] = splat(weights[i / vectors]);
  int columns = s->columns, map_pitch = s->map_pitch;
  for (const int *tap = s->taps, *end = tap + s->tap_count; tap < end; tap++) {
    int offset = *tap;
    weights += maps;
    vector x[WIDEST_BLOCK];
    UNROLL for (int v = 0; v < vectors; v++) x[v] = load(at[v] + offset);
    UNROLL for (int m = 0; m < maps; m++) {
      vector weight = splat(weights[m]);
      UNROLL for (int v = 0; v < vectors; v++) sum[m * vectors + v] += weight * x[v];
    }
  }
  UNROLL for (int m = 0; m < maps; m++)
    UNROLL for (int v = 0; v < vectors; v++)
      store_some(to[v] + m * map_pitch, at_least(least, sum[m * vectors + v]), columns);
}

/* All vectors of one block of maps, `vectors` at a time; 4 and 2 at the end as pairs, for one alone costs as much as two. */
INLINE void sum_vectors(const int maps, const int vectors, const sums *s, const float *weights,
                        const float *source, float *result) {
  for (int v = 0; v < s->vector_count;) {
    int left = s->vector_count - v;
    if (left >= vectors && !(vectors == 3 && left == 4)) {
      sum_block(maps, vectors, s, weights, source, v, result);
      v += vectors;
    } else if (left >= 2) {
      sum_block(maps, 2, s, weights, source, v, result);
      v += 2;
    } else {
      sum_block(maps, 1, s, weights, source, v, result);
      v++;
    }
  }
}

/*
 * One map: sums of `rows` x `vectors` vectors whose taps lie in columns of `height`. Each vector of the source is read
 * once for all taps of a column that meet it, in as many rows of results.
 */
INLINE void sum_columns_block(const int rows, const int vectors, const int height, const sums *s, const float *source,
                              int columns, float *result) {
  vector sum[WIDEST_BLOCK], least = splat(s->least);
  UNROLL for (int i = 0; i < rows * vectors; i++) sum[i] = splat(s->weights[0]);
  const float *weights = s->weights + 1;
  int pitch = s->source_pitch, result_pitch = s->columns;
  for (const int *tap = s->taps, *end = tap + s->tap_count; tap < end; tap += height, weights += height) {
    const float *at = source + *tap;
    vector weight[8];
    UNROLL for (int i = 0; i < height; i++) weight[i] = splat(weights[i]);
    UNROLL for (int q = 0; q < rows + height - 1; q++, at += pitch)
      UNROLL for (int v = 0; v < vectors; v++) {
        vector x = load(at + v * LANES);
        UNROLL for (int i = 0; i < height; i++)
          if (q - i >= 0 && q - i < rows) sum[(q - i) * vectors + v] += weight[i] * x;
      }
  }
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++)
      store_some(result + r * result_pitch + v * LANES, at_least(least, sum[r * vectors + v]), columns - v * LANES);
}

/* One map, all its results. Whatever does not divide evenly is computed twice. */
INLINE void sum_columns(const int rows, const int vectors, const int height, const sums *s, const float *source,
                        float *result) {
  for (int first = 0; first < s->columns; first += vectors * LANES) {
    int column = larger(0, smaller(first, s->columns - vectors * LANES));
    for (int r = 0; r < s->rows; r += rows) {
      int row = smaller(r, s->rows - rows);
      sum_columns_block(rows, vectors, height, s, source + row * s->source_pitch + column, s->columns - column,
                        result + row * s->columns + column);
    }
  }
}

/* One map, by columns of taps; returns 0 for heights that have no block. */
static int sum_single_map(const sums *s, const float *source, float *result) {
  if (s->source_pitch != s->tap_pitch) return 0;
  int is_wide = s->columns >= 2 * LANES;
  if (s->rows < (is_wide ? 4 : 8)) return 0;
  switch (s->column_height * 2 + is_wide) {
    case 6: sum_columns(8, 1, 3, s, source, result); return 1;
    case 7: sum_columns(4, 2, 3, s, source, result); return 1;
    case 10: sum_columns(8, 1, 5, s, source, result); return 1;
    case 11: sum_columns(4, 2, 5, s, source, result); return 1;
    default: return 0;
  }
}

/* Maps of the block that begins with `map`: blocks of nearly the same size, for small ones use the registers badly. */
INLINE int block_of_maps(int map, int map_count) {
  int left = map_count - map, blocks = (left + BLOCK_MAPS - 1) / BLOCK_MAPS;
  return (left + blocks - 1) / blocks;
}

/* result = sums of one sample, stored. */
static void sum_taps(const sums *s, const float *source, float *result) {
  const float *weights = s->weights;
  if (s->map_count == 1 && sum_single_map(s, source, result)) return;
  for (int map = 0; map < s->map_count;) {
    int maps = block_of_maps(map, s->map_count);
    float *to = result + map * s->map_pitch;
    switch (maps) {
      case 1: sum_vectors(1, 8, s, weights, source, to); break;
      case 2: sum_vectors(2, 4, s, weights, source, to); break;
      case 3: sum_vectors(3, BLOCK_MAPS / 2, s, weights, source, to); break;
      case 4: sum_vectors(4, 2, s, weights, source, to); break;
      case 5: sum_vectors(5, 2, s, weights, source, to); break;
      default: sum_vectors(6, 2, s, weights, source, to);
    }
    weights += maps * (1 + s->tap_count);
    map += maps;
  }
}

/* Starts and targets of all vectors of `rows` x `columns` results. A short last vector of a row begins earlier. */
static int place_vectors(int rows, int columns, int source_pitch, int *starts, int *targets) {
  int count = 0;
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c += LANES) {
      int column = larger(0, smaller(c, columns - LANES));
      starts[count] = r * source_pitch + column;
      targets[count++] = r * columns + column;
    }
  return count;
}

/* Bias, 0 if null, and weights as blocks of maps read them; tap_weights says where a tap has its weight in a map. */
static void pack_weights(const float *w, const float *bias, int map_count, int map_pitch, const int *tap_weights,
                         int tap_count, float *packed) {
  for (int map = 0; map < map_count;) {
    int maps = block_of_maps(map, map_count);
    for (int m = 0; m < maps; m++) *packed++ = bias ? bias[map + m] : 0;
    for (int t = 0; t < tap_count; t++)
      for (int m = 0; m < maps; m++) *packed++ = w[(map + m) * map_pitch + tap_weights[t]];
    map += maps;
  }
}

#endif
