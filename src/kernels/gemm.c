/*
 * Matrix products. Matrices are row-major; `transposed` operands are stored as their transposes. Both operands are packed
 * in blocks that stay in the cache, the right one in panels as wide as two vectors, the left one in blocks of a few rows;
 * such a block then runs along a panel with its sums in registers.
 */
#include "shuffles.h"

#define PANEL (2 * LANES)
/* Rows whose sums, two vectors each, fit the registers: 16 of them on wasm and AVX2, 32 on AVX-512. */
#if LANES >= 16
#define ROWS 12
#elif LANES >= 8
#define ROWS 6
#else
#define ROWS 4
#endif
/* Depth, width and height of packed blocks. */
#define DEPTH 256
#define WIDTH 512
#define HEIGHT 144
/* Columns that are packed at once where one block of rows is all there is, so that no packed column is used twice. */
#define CHUNK (4 * PANEL)
/* Columns from which on packing the left operand takes less time than it saves. */
#define MANY_COLUMNS 64

/* Bytes of scratch memory that gemm needs. */
int gemm_scratch(void) { return DEPTH * (WIDTH + PANEL + HEIGHT + LANES) * (int)sizeof(float); }

/*
 * packed [depth, lanes] = the first `columns` of them from `from`, zeros behind. The last vector that is stored may reach
 * over the end by up to LANES - 1 numbers.
 */
INLINE void pack_panel(const int lanes, const float *from, int depth_step, int lane_step, int depth, int columns,
                       float *packed) {
  int d = 0;
  if (columns == lanes && lane_step == 1) {
    for (; d < depth; d++, packed += lanes, from += depth_step)
      UNROLL for (int lane = 0; lane < lanes; lane += LANES) {
        int at = smaller(lane, larger(0, lanes - LANES));
        if (lanes >= LANES) store(packed + at, load(from + at));
        else for (int i = 0; i < lanes; i++) packed[i] = from[i];
      }
    return;
  }
  if (columns == lanes && depth_step == 1) {
    for (; d + LANES <= depth; d += LANES, packed += LANES * lanes, from += LANES) {
      UNROLL for (int first = 0; first < lanes; first += LANES) {
        vector block[LANES];
        UNROLL for (int i = 0; i < LANES; i++)
          block[i] = first + i < lanes ? load(from + (first + i) * lane_step) : splat(0);
        transpose_block(block);
        UNROLL for (int i = 0; i < LANES; i++) store(packed + i * lanes + first, block[i]);
      }
    }
  }
  for (; d < depth; d++, packed += lanes, from += depth_step)
    for (int lane = 0; lane < lanes; lane++) packed[lane] = lane < columns ? from[lane * lane_step] : 0;
}

/* Rows ahead that four panels of the right operand are called into the cache. */
#define ROWS_AHEAD 12

/* Four panels at once of rows whose numbers are side by side: rows of a wide matrix lie in different pages. */
static void pack_rows(const float *b, int depth_step, int depth, float *packed) {
  for (int d = 0; d < depth; d++, b += depth_step, packed += PANEL) {
    UNROLL for (int panel = 0; panel < 4; panel++) PREFETCH(b + ROWS_AHEAD * depth_step + panel * PANEL);
    UNROLL for (int i = 0; i < 8; i++)
      store(packed + (i / 2) * depth * PANEL + (i % 2) * LANES, load(b + i * LANES));
  }
}

/* packed [panels, depth, PANEL] = b [depth x width], zeros behind the last column. */
static void pack_right(const float *b, int depth_step, int column_step, int depth, int width, float *packed) {
  int column = 0;
  if (column_step == 1)
    for (; column + 4 * PANEL <= width; column += 4 * PANEL, packed += 4 * depth * PANEL)
      pack_rows(b + column, depth_step, depth, packed);
  for (; column < width; column += PANEL, packed += depth * PANEL)
    pack_panel(PANEL, b + column * column_step, depth_step, column_step, depth, smaller(PANEL, width - column),
               packed);
}

/* A block of rows of the left operand, packed or not. */
typedef struct {
  const float *from;
  int row_step, depth_step, is_packed;
} left_rows;

/* c [rows x PANEL] (+)= left [rows x depth] panel [depth x PANEL]; only `columns` of them are stored. */
INLINE void row_block(const int rows, const int is_packed, left_rows left, const float *panel, int depth, float *c,
                      int pitch, int columns, int accumulate) {
  vector sums[ROWS][2];
  UNROLL for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = splat(0);
  const float *a = left.from;
  /* Constants where they can be: then the places of the rows are part of the instructions. */
  int row_step = is_packed ? 1 : left.row_step, depth_step = is_packed ? ROWS : left.depth_step;
  for (int d = 0; d < depth; d++, panel += PANEL, a += depth_step) {
    vector b0 = load(panel), b1 = load(panel + LANES);
    UNROLL for (int r = 0; r < rows; r++) {
      vector value = splat(a[r * row_step]);
      sums[r][0] += value * b0;
      sums[r][1] += value * b1;
    }
  }
  UNROLL for (int r = 0; r < rows; r++) {
    float *to = c + r * pitch;
    if (columns == PANEL) {
      store(to, accumulate ? load(to) + sums[r][0] : sums[r][0]);
      store(to + LANES, accumulate ? load(to + LANES) + sums[r][1] : sums[r][1]);
    } else {
      UNROLL for (int half = 0; half < 2; half++)
        UNROLL for (int lane = 0; lane < LANES; lane++) {
          int column = half * LANES + lane;
          float value = sums[r][half][lane];
          if (column < columns) to[column] = accumulate ? to[column] + value : value;
        }
    }
  }
}

static void row_block_of(int rows, left_rows left, const float *panel, int depth, float *c, int pitch, int columns,
                         int accumulate) {
#define CASE(count)                                                                        \
  case count:                                                                              \
    if (left.is_packed) row_block(count, 1, left, panel, depth, c, pitch, columns, accumulate); \
    else row_block(count, 0, left, panel, depth, c, pitch, columns, accumulate);            \
    break;
  switch (rows) {
    CASE(1) CASE(2) CASE(3) CASE(4)
#if ROWS > 4
    CASE(5) CASE(6)
#endif
#if ROWS > 6
    CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#endif
  }
#undef CASE
}

/* Blocks of at most ROWS rows, of nearly the same height, the lower ones first. */
typedef struct {
  int count, height, lower; /* `lower` of them have `height` rows, the others one more */
} row_blocks;

INLINE row_blocks split_rows(int rows) {
  row_blocks b;
  b.count = (rows + ROWS - 1) / ROWS;
  b.height = rows / b.count;
  b.lower = b.count - rows % b.count;
  return b;
}

/* packed [blocks, depth, ROWS] = a [rows x depth]; what lies behind the rows of a block is not used. */
static void pack_left(const float *a, int row_step, int depth_step, int depth, int rows, float *packed) {
  row_blocks blocks = split_rows(rows);
  for (int block = 0, row = 0; block < blocks.count; block++, packed += depth * ROWS) {
    pack_panel(ROWS, a + row * row_step, depth_step, row_step, depth, smaller(ROWS, rows - row), packed);
    row += blocks.height + (block >= blocks.lower);
  }
}

/* c [rows x width] (+)= left [rows x depth] times packed panels. */
static void multiply_panels(left_rows left, const float *panel, int depth, float *c, int pitch, int rows,
                            int width, int accumulate) {
  row_blocks blocks = split_rows(rows);
  for (int column = 0; column < width; column += PANEL, panel += depth * PANEL) {
    left_rows a = left;
    float *to = c + column;
    for (int block = 0; block < blocks.count; block++) {
      int height = blocks.height + (block >= blocks.lower);
      row_block_of(height, a, panel, depth, to, pitch, smaller(PANEL, width - column), accumulate);
      a.from += left.is_packed ? depth * ROWS : height * a.row_step;
      to += height * pitch;
    }
  }
}

/*
 * c [m x n] (+)= op(a) [m x k] op(b) [k x n]. A pitch is how far apart the rows of a matrix are as it is stored, so that each
 * may be a part of a wider one.
 */
void gemm(const float *a, const float *b, float *c, float *scratch, int m, int n, int k, int a_transposed,
          int b_transposed, int a_pitch, int b_pitch, int c_pitch, int accumulate) {
  int a_row = a_transposed ? 1 : a_pitch, a_depth = a_transposed ? a_pitch : 1;
  int b_depth = b_transposed ? 1 : b_pitch, b_column = b_transposed ? b_pitch : 1;
  int is_packed = n >= MANY_COLUMNS, is_low = m <= HEIGHT && !b_transposed;
  int span = is_low ? n : WIDTH, chunk = is_low ? CHUNK : WIDTH;
  float *panels = scratch, *packed = scratch + DEPTH * (WIDTH + PANEL);
  for (int column = 0; column < n; column += span)
    for (int d = 0; d < k; d += DEPTH) {
      int end = smaller(n, column + span), depth = smaller(DEPTH, k - d), adds = accumulate || d > 0;
      for (int row = 0; row < m; row += HEIGHT) {
        int rows = smaller(HEIGHT, m - row);
        left_rows left = {a + row * a_row + d * a_depth, a_row, a_depth, 0};
        if (is_packed) {
          pack_left(left.from, a_row, a_depth, depth, rows, packed);
          left = (left_rows){packed, 1, ROWS, 1};
        }
        for (int first = column; first < end; first += chunk) {
          int width = smaller(chunk, end - first);
          if (row == 0) pack_right(b + d * b_depth + first * b_column, b_depth, b_column, depth, width, panels);
          multiply_panels(left, panels, depth, c + row * c_pitch + first, c_pitch, rows, width, adds);
        }
      }
    }
}
