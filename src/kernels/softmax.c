/* Softmax losses and the counting of errors, sample by sample; x [samples x classes], classes fastest. */
#include "mathematics.h"

INLINE float row_maximum(const float *x, int count) {
  float most = x[0];
  for (int i = 1; i < count; i++) most = x[i] > most ? x[i] : most;
  return most;
}

/* y = e^(x - shift), and the sum of it. */
INLINE float row_exponentials(const float *x, float *y, int count, float shift) {
  vector sums = splat(0);
  int i = 0;
  for (; i + LANES <= count; i += LANES) {
    vector value = exponential(load(x + i) - shift);
    store(y + i, value);
    sums += value;
  }
  float sum = sum_of_lanes(sums);
  for (; i < count; i++) {
    y[i] = exponential(splat(x[i] - shift))[0];
    sum += y[i];
  }
  return sum;
}

/*
 * loss [1] = - sum over samples and classes of labels * log softmax(z), and softmax [samples x classes] = softmax(z), which
 * the gradient needs.
 */
void softmax_cross_entropy(const float *labels, const float *z, float *loss, float *softmax, int samples, int classes) {
  float total = 0;
  for (int s = 0; s < samples; s++, labels += classes, z += classes, softmax += classes) {
    float shift = row_maximum(z, classes);
    float sum = row_exponentials(z, softmax, classes, shift);
    float log_sum = logarithm(splat(sum))[0] + shift;
    float own = 0;
    for (int c = 0; c < classes; c++) {
      own += labels[c] * (log_sum - z[c]);
      softmax[c] = softmax[c] / sum;
    }
    total += own;
  }
  loss[0] = total;
}

/* dz (+)= g [1] * (softmax - labels). */
void softmax_cross_entropy_gradient(const float *g, const float *labels, const float *softmax, float *dz, int count,
                                    int accumulate) {
  float scale = g[0];
  for (int i = 0; i < count; i++) {
    float value = scale * (softmax[i] - labels[i]);
    dz[i] = accumulate ? dz[i] + value : value;
  }
}

INLINE int first_maximum(const float *x, int count) {
  int best = 0;
  for (int i = 1; i < count; i++) best = x[i] > x[best] ? i : best;
  return best;
}

/* errors [1] = samples whose first maximum of z is not where that of the labels is. */
void classification_error(const float *labels, const float *z, float *errors, int samples, int classes) {
  int wrong = 0;
  for (int s = 0; s < samples; s++, labels += classes, z += classes)
    wrong += first_maximum(labels, classes) != first_maximum(z, classes);
  errors[0] = (float)wrong;
}
