/* Copies of elements that stand elsewhere or further apart: slices, stacks, exchanged axes, repetitions. */
#include "vector.h"

INLINE void copy_row(const float *x, float *y, int count, int x_step, int y_step, int accumulate) {
  if (x_step == 1 && y_step == 1) {
    if (!accumulate) {
      copy(y, x, count);
      return;
    }
    int i = 0;
    for (; i + LANES <= count; i += LANES) store(y + i, load(y + i) + load(x + i));
    for (; i < count; i++) y[i] += x[i];
    return;
  }
  for (int i = 0; i < count; i++, x += x_step, y += y_step) *y = accumulate ? *y + *x : *x;
}

/*
 * y (+)= x over five axes of sizes a to e, e fastest, each operand with its own beginning and its own steps along them,
 * in elements. A step of 0 in x repeats it; y has none.
 */
void strided_copy(const float *x, float *y, int x_begin, int y_begin, int a, int b, int c, int d, int e, int x_a, int x_b, int x_c, int x_d, int x_e,
                  int y_a, int y_b, int y_c, int y_d, int y_e, int accumulate) {
  x += x_begin;
  y += y_begin;
  for (int i = 0; i < a; i++)
    for (int j = 0; j < b; j++)
      for (int k = 0; k < c; k++)
        for (int l = 0; l < d; l++)
          copy_row(x + i * x_a + j * x_b + k * x_c + l * x_d, y + i * y_a + j * y_b + k * y_c + l * y_d, e, x_e, y_e,
                   accumulate);
}
