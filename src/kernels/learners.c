/*
 * Parameter updates (training.md 5) on stretches of one flat vector, each the whole of a parameter or, for rules that look
 * at single elements only, any part of it. In the order of src/train/learners.ts: clip, decay, the rule, shrink.
 */
#include "mathematics.h"

/* gradient = gradient within [-threshold, threshold]. */
void clip_elements(float *gradient, int count, float threshold) {
  for (int i = 0; i < count; i += LANES) {
    int width = smaller(LANES, count - i);
    vector value = load_some(gradient + i, width);
    value = choose(value > threshold, splat(threshold), choose(value < -threshold, splat(-threshold), value));
    store_some(gradient + i, value, width);
  }
}

/* Scales a whole gradient down to a norm of `threshold`, if it has a larger one. */
void clip_norm(float *gradient, int count, float threshold) {
  double squares = 0;
  for (int i = 0; i < count; i += LANES) {
    vector value = load_some(gradient + i, smaller(LANES, count - i));
    squares += sum_of_lanes(value * value);
  }
  double norm = __builtin_sqrt(squares);
  if (norm <= threshold) return;
  float factor = (float)(threshold / norm);
  for (int i = 0; i < count; i++) gradient[i] *= factor;
}

/* gradient += weight * value: the gradient of weight / 2 times the sum of squares. */
void weight_decay(float *gradient, const float *value, int count, float weight) {
  for (int i = 0; i < count; i += LANES) {
    int width = smaller(LANES, count - i);
    store_some(gradient + i, load_some(gradient + i, width) + weight * load_some(value + i, width), width);
  }
}

/* Moves every element towards 0 by threshold, and not beyond it. */
void shrink(float *value, int count, float threshold) {
  for (int i = 0; i < count; i += LANES) {
    int width = smaller(LANES, count - i);
    vector present = load_some(value + i, width);
    vector size = magnitude(present) - threshold;
    vector moved = choose(size > 0, with_sign_of(size, present), splat(0));
    store_some(value + i, choose(size == size, moved, present), width);
  }
}

/* smoothed = momentum * smoothed + gain * gradient; value -= smoothed. gain = (1 - momentum) * rate. */
void momentum_update(float *value, const float *gradient, float *smoothed, int count, float momentum, float gain) {
  for (int i = 0; i < count; i += LANES) {
    int width = smaller(LANES, count - i);
    vector step = momentum * load_some(smoothed + i, width) + gain * load_some(gradient + i, width);
    store_some(smoothed + i, step, width);
    store_some(value + i, load_some(value + i, width) - step, width);
  }
}

/* The same smoothed gradient; value -= momentum * smoothed + gain * gradient. */
void nesterov_update(float *value, const float *gradient, float *smoothed, int count, float momentum, float gain) {
  for (int i = 0; i < count; i += LANES) {
    int width = smaller(LANES, count - i);
    vector present = gain * load_some(gradient + i, width);
    vector step = momentum * load_some(smoothed + i, width) + present;
    store_some(smoothed + i, step, width);
    store_some(value + i, load_some(value + i, width) - momentum * step - present, width);
  }
}

/* value -= rate / average * direction, average that of `sum` over the elements where the rule wants it, else 1. */
INLINE void descend(float *value, const float *direction, int count, float rate, vector sum, int averages) {
  float step = averages ? rate / (sum_of_lanes(sum) / (float)count) : rate;
  for (int i = 0; i < count; i += LANES) {
    int width = smaller(LANES, count - i);
    store_some(value + i, load_some(value + i, width) - step * load_some(direction + i, width), width);
  }
}

/* The multipliers of elements that are there, 0 behind them. */
INLINE vector counted(vector multiplier, int width) { return choose(ramp(1) < width, multiplier, splat(0)); }

/*
 * squares += gradient^2; gradient becomes gradient / sqrt(squares + 1e-16), and value goes down along it. `averages`: the rate
 * is divided by the mean of the multipliers, for which the parameter must be whole.
 */
void adagrad_update(float *value, float *gradient, float *squares, int count, float rate, int averages) {
  vector sum = splat(0);
  for (int i = 0; i < count; i += LANES) {
    int width = smaller(LANES, count - i);
    vector slope = load_some(gradient + i, width);
    vector square = load_some(squares + i, width) + slope * slope;
    vector multiplier = 1.0f / root(square + 1e-16f);
    sum += counted(multiplier, width);
    store_some(squares + i, square, width);
    store_some(gradient + i, slope * multiplier, width);
  }
  descend(value, gradient, count, rate, sum, averages);
}

/* memory [3, count] before the first update: squared gradients, signs (none yet), step sizes. */
void rms_prop_begin(const float *gradient, float *memory, int count) {
  for (int i = 0; i < count; i++) {
    memory[i] = gradient[i] * gradient[i];
    memory[count + i] = 0;
    memory[2 * count + i] = 0.02f;
  }
}

/*
 * Squares are smoothed by gamma; a step size grows by `increase` up to `most` while the gradient keeps its sign, and else
 * shrinks by `decrease` down to `least`. gradient becomes gradient * size / sqrt(square + 1e-6), and value goes down along it;
 * `averages` as for adagrad_update.
 */
void rms_prop_update(float *value, float *gradient, float *memory, int count, float gamma, float increase, float decrease,
                     float most, float least, float rate, int averages) {
  float *squares = memory, *signs = memory + count, *sizes = memory + 2 * count;
  vector sum = splat(0), one = splat(1), zero = splat(0);
  for (int i = 0; i < count; i += LANES) {
    int width = smaller(LANES, count - i);
    vector slope = load_some(gradient + i, width);
    vector sign = choose(slope > 0, one, choose(slope < 0, -one, zero));
    vector square = gamma * load_some(squares + i, width) + (1 - gamma) * slope * slope;
    vector previous = load_some(sizes + i, width);
    integers is_steady = load_some(signs + i, width) * sign > 0;
    vector size = choose(is_steady, smallest(previous * increase, splat(most)), largest(previous * decrease, splat(least)));
    vector multiplier = size / root(square + 1e-6f);
    sum += counted(multiplier, width);
    store_some(squares + i, square, width);
    store_some(signs + i, sign, width);
    store_some(sizes + i, size, width);
    store_some(gradient + i, slope * multiplier, width);
  }
  descend(value, gradient, count, rate, sum, averages);
}

/*
 * memory [2, count]: squares smoothed by `kept`, and smoothed directions. A direction is gradient * min(target / root of the
 * square, 10), smoothed by momentum where there is any; value -= rate * direction.
 */
void fs_adagrad_update(float *value, const float *gradient, float *memory, int count, float kept, float target,
                       float momentum, float rate) {
  for (int i = 0; i < count; i += LANES) {
    int width = smaller(LANES, count - i);
    vector slope = load_some(gradient + i, width);
    vector square = kept * load_some(memory + i, width) + (1 - kept) * slope * slope;
    store_some(memory + i, square, width);
    vector direction = choose(square == 0, slope, slope * smallest(target / root(square), splat(10)));
    if (momentum > 0) {
      direction = momentum * load_some(memory + count + i, width) + (1 - momentum) * direction;
      store_some(memory + count + i, direction, width);
    }
    store_some(value + i, load_some(value + i, width) - rate * direction, width);
  }
}
