/*
 * Matrix products. Matrices are row-major; `transposed` operands are stored as their transposes. The right operand is
 * packed in panels as wide as two vectors, in blocks that stay in the cache; a block of rows of the left operand then runs
 * along a panel with its sums in registers.
 */
#include "vector.h"

#define PANEL (2 * LANES)
/* Rows whose sums, two vectors each, fit the registers: 16 of them on wasm and AVX2, 32 on AVX-512. */
#if LANES >= 16
#define ROWS 12
#elif LANES >= 8
#define ROWS 6
#else
#define ROWS 4
#endif
/* Depth and width of a packed block. */
#define DEPTH 256
#define WIDTH 512

/* Bytes of scratch memory that gemm needs. */
int gemm_scratch(void) { return DEPTH * (WIDTH + PANEL) * (int)sizeof(float); }

/* packed [panels, depth, PANEL] = b [depth x width], zeros behind the last column. */
static void pack(const float *b, int depth_step, int width_step, int depth, int width, float *packed) {
  for (int panel = 0; panel < width; panel += PANEL) {
    int columns = smaller(PANEL, width - panel);
    const float *from = b + panel * width_step;
    for (int d = 0; d < depth; d++, packed += PANEL, from += depth_step) {
      if (columns == PANEL && width_step == 1) {
        store(packed, load(from));
        store(packed + LANES, load(from + LANES));
      } else {
        for (int column = 0; column < PANEL; column++)
          packed[column] = column < columns ? from[column * width_step] : 0;
      }
    }
  }
}

/* c [rows x PANEL] (+)= a [rows x depth] panel [depth x PANEL]; only `columns` of them are stored. */
INLINE void row_block(const int rows, const float *a, int row_step, int depth_step, const float *panel, int depth,
                      float *c, int pitch, int columns, int accumulate) {
  vector sums[ROWS][2];
  UNROLL for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = splat(0);
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

/* c [m x n] (+)= op(a) [m x k] op(b) [k x n]. */
void gemm(const float *a, const float *b, float *c, float *packed, int m, int n, int k, int a_transposed,
          int b_transposed, int accumulate) {
  int a_row = a_transposed ? 1 : k, a_depth = a_transposed ? m : 1;
  int b_depth = b_transposed ? 1 : n, b_column = b_transposed ? k : 1;
  for (int column = 0; column < n; column += WIDTH) {
    int width = smaller(WIDTH, n - column);
    for (int d = 0; d < k; d += DEPTH) {
      int depth = smaller(DEPTH, k - d);
      int adds = accumulate || d > 0;
      pack(b + d * b_depth + column * b_column, b_depth, b_column, depth, width, packed);
      const float *panel = packed;
      for (int p = 0; p < width; p += PANEL, panel += depth * PANEL) {
        int columns = smaller(PANEL, width - p);
        const float *left = a + d * a_depth;
        float *to = c + column + p;
        int row = 0;
        for (; row + ROWS <= m; row += ROWS, left += ROWS * a_row, to += ROWS * n)
          row_block(ROWS, left, a_row, a_depth, panel, depth, to, n, columns, adds);
        for (; row < m; row++, left += a_row, to += n)
          row_block(1, left, a_row, a_depth, panel, depth, to, n, columns, adds);
      }
    }
  }
}
