/* Parameter updates (training.md 5.2). */
#include "vector.h"

/* smoothed = momentum * smoothed + gain * gradient; value -= smoothed. gain = (1 - momentum) * rate. */
void momentum_update(float *value, const float *gradient, float *smoothed, int count, float momentum, float gain) {
  int i = 0;
  for (; i + LANES <= count; i += LANES) {
    vector step = momentum * load(smoothed + i) + gain * load(gradient + i);
    store(smoothed + i, step);
    store(value + i, load(value + i) - step);
  }
  for (; i < count; i++) {
    smoothed[i] = momentum * smoothed[i] + gain * gradient[i];
    value[i] -= smoothed[i];
  }
}
