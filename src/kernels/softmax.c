/* Softmax, its losses and the counting of errors, sample by sample; x [samples x classes], classes fastest. */
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

/* y = softmax(x). */
void softmax(const float *x, float *y, int samples, int classes) {
  for (int s = 0; s < samples; s++, x += classes, y += classes) {
    float sum = row_exponentials(x, y, classes, row_maximum(x, classes));
    for (int c = 0; c < classes; c++) y[c] = y[c] / sum;
  }
}

/* dx (+)= y * (g - sum of g * y over the sample). */
void softmax_gradient(const float *g, const float *y, float *dx, int samples, int classes, int accumulate) {
  for (int s = 0; s < samples; s++, g += classes, y += classes, dx += classes) {
    float inner = 0;
    for (int c = 0; c < classes; c++) inner += g[c] * y[c];
    for (int c = 0; c < classes; c++) {
      float value = y[c] * (g[c] - inner);
      dx[c] = accumulate ? dx[c] + value : value;
    }
  }
}

/* y = log softmax(x). */
void log_softmax(const float *x, float *y, int samples, int classes) {
  for (int s = 0; s < samples; s++, x += classes, y += classes) {
    float shift = row_maximum(x, classes);
    float log_sum = logarithm(splat(row_exponentials(x, y, classes, shift)))[0];
    for (int c = 0; c < classes; c++) y[c] = (x[c] - shift) - log_sum;
  }
}

/* dx (+)= g - e^y * sum of g over the sample. */
void log_softmax_gradient(const float *g, const float *y, float *dx, int samples, int classes, int accumulate) {
  for (int s = 0; s < samples; s++, g += classes, y += classes, dx += classes) {
    float sum = 0;
    for (int c = 0; c < classes; c++) sum += g[c];
    for (int c = 0; c < classes; c += LANES) {
      int width = smaller(LANES, classes - c);
      vector value = load_some(g + c, width) - exponential(load_some(y + c, width)) * sum;
      store_some(dx + c, accumulate ? load_some(dx + c, width) + value : value, width);
    }
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

/* errors [1] = samples whose label is not among the topN [1] largest of z, the first of equal ones counting. */
void top_errors(const float *labels, const float *z, const float *topN, float *errors, int samples, int classes) {
  int wrong = 0;
  for (int s = 0; s < samples; s++, labels += classes, z += classes) {
    int expected = first_maximum(labels, classes), before = 0;
    for (int c = 0; c < classes; c++) before += z[c] > z[expected] || (z[c] == z[expected] && c < expected);
    wrong += (float)before >= topN[0];
  }
  errors[0] = (float)wrong;
}

/* y = 1 at the first maximum of each sample, 0 elsewhere. */
void hardmax(const float *x, float *y, int samples, int classes) {
  for (int s = 0; s < samples; s++, x += classes, y += classes) {
    fill(y, classes, 0);
    y[first_maximum(x, classes)] = 1;
  }
}
