/* Samples of a minibatch, which stand anywhere in larger data, side by side. */
#include "vector.h"

#define CACHE_LINE 64

/* What state [1] says of the samples. */
enum { WRITTEN_BY_HOST, FLOATS, BYTES };

/*
 * y [count, dimension] = factor * samples that begin starts [count] bytes behind data: floats, or bytes of which floats are
 * made; or factor * written, where the host has written what is not to be gathered.
 */
INLINE void gather(const int has_factor, const char *data, const int *state, const unsigned *starts,
                   const float *written, float factor, float *y, int count, int dimension) {
  int is_written = *state == WRITTEN_BY_HOST;
  int are_bytes = *state == BYTES, size = dimension * (are_bytes ? 1 : (int)sizeof(float));
  vector factors = splat(factor);
  for (int sample = 0; sample < count; sample++, y += dimension, written += dimension) {
    const char *from = is_written ? (const char *)written : data + starts[sample];
    /* the next sample stands where no prediction looks for it */
    if (!is_written && sample + 1 < count)
      for (int at = 0; at < size; at += CACHE_LINE) __builtin_prefetch(data + starts[sample + 1] + at);
    int i = 0;
    if (are_bytes) {
      const unsigned char *bytes = (const unsigned char *)from;
      for (; i + LANES <= dimension; i += LANES) {
        vector value = load_bytes(bytes + i);
        store(y + i, has_factor ? value * factors : value);
      }
      for (; i < dimension; i++) y[i] = has_factor ? bytes[i] * factor : bytes[i];
    } else {
      const float *floats = (const float *)from;
      for (; i + LANES <= dimension; i += LANES) {
        vector value = load(floats + i);
        store(y + i, has_factor ? value * factors : value);
      }
      for (; i < dimension; i++) y[i] = has_factor ? floats[i] * factor : floats[i];
    }
  }
}

/* y = samples; nothing where the host has written y itself. */
void gather_samples(const char *data, const int *state, const unsigned *starts, float *y, int count, int dimension) {
  if (*state != WRITTEN_BY_HOST) gather(0, data, state, starts, y, 1, y, count, dimension);
}

/* y = factor [1] * samples, or factor * written. */
void gather_scaled_samples(const char *data, const int *state, const unsigned *starts, const float *written,
                           const float *factor, float *y, int count, int dimension) {
  gather(1, data, state, starts, written, *factor, y, count, dimension);
}
