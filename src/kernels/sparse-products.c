/*
 * Products of a dense matrix with samples of which only the elements that are not 0 are there: sample s has elements
 * starts[s] to starts[s + 1] of `indices` and `values`. A sample of several times `inner` elements makes several rows.
 * The matrix has a line of `outer` numbers for each of the `inner` contracted elements; line_step and step tell how far
 * lines and their numbers stand apart.
 */
#include "vector.h"

/* to (+)= factor * from over `count` numbers that stand so far apart. */
INLINE void add_line(float *to, const float *from, int count, int to_step, int from_step, float factor) {
  int i = 0;
  if (to_step == 1 && from_step == 1)
    for (; i + LANES <= count; i += LANES) store(to + i, load(to + i) + factor * load(from + i));
  for (; i < count; i++) to[i * to_step] += factor * from[i * from_step];
}

/* y [samples * dimension / inner, outer] = samples * matrix. */
void sparse_times(const int *starts, const int *indices, const float *values, const float *matrix, float *y, int samples,
                  int dimension, int inner, int outer, int line_step, int step) {
  int parts = dimension / inner;
  for (int sample = 0; sample < samples; sample++, y += parts * outer) {
    fill(y, parts * outer, 0);
    for (int i = starts[sample]; i < starts[sample + 1]; i++) {
      int part = indices[i] / inner, line = indices[i] % inner;
      add_line(y + part * outer, matrix + line * line_step, outer, 1, step, values[i]);
    }
  }
}

/* gradient of the matrix (+)= transposed samples * g [samples * dimension / inner, outer]. */
void sparse_times_gradient(const int *starts, const int *indices, const float *values, const float *g, float *gradient,
                           int samples, int dimension, int inner, int outer, int line_step, int step, int accumulate) {
  int parts = dimension / inner;
  if (!accumulate) fill(gradient, inner * outer, 0);
  for (int sample = 0; sample < samples; sample++, g += parts * outer)
    for (int i = starts[sample]; i < starts[sample + 1]; i++) {
      int part = indices[i] / inner, line = indices[i] % inner;
      add_line(gradient + line * line_step, g + part * outer, outer, step, 1, values[i]);
    }
}
