/* Samples of a minibatch, which stand anywhere in larger data, side by side. */
#include "vector.h"

#define CACHE_LINE 64

/* What state [1] says of the samples. */
enum { WRITTEN_BY_HOST, FLOATS, BYTES };

/*
 * y [count, dimension] = samples that begin starts [count] bytes behind data: floats, or bytes of which floats are made;
 * nothing where the host has written y itself.
 */
void gather_samples(const char *data, const int *state, const unsigned *starts, float *y, int count, int dimension) {
  if (*state == WRITTEN_BY_HOST) return;
  int are_bytes = *state == BYTES, size = dimension * (are_bytes ? 1 : (int)sizeof(float));
  for (int sample = 0; sample < count; sample++, y += dimension) {
    const char *from = data + starts[sample];
    /* the next sample stands where no prediction looks for it */
    if (sample + 1 < count)
      for (int at = 0; at < size; at += CACHE_LINE) __builtin_prefetch(data + starts[sample + 1] + at);
    int i = 0;
    if (are_bytes) {
      const unsigned char *bytes = (const unsigned char *)from;
      for (; i + LANES <= dimension; i += LANES) store(y + i, load_bytes(bytes + i));
      for (; i < dimension; i++) y[i] = bytes[i];
    } else {
      const float *floats = (const float *)from;
      for (; i + LANES <= dimension; i += LANES) store(y + i, load(floats + i));
      for (; i < dimension; i++) y[i] = floats[i];
    }
  }
}
