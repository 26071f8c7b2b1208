/*
 * Vectors of floats: the only file that knows how long they are and what the compiler needs for them. Kernels are written
 * for any length; LANES is chosen by the build: 4 for wasm, 8 for AVX2,
 * 16 for AVX-512.
 */
#ifndef VECTOR_H
#define VECTOR_H

#ifndef LANES
#define LANES 4
#endif

/* Memory is never assumed to be aligned to more than one float. */
typedef float vector __attribute__((vector_size(LANES * 4)));
typedef int integers __attribute__((vector_size(LANES * 4)));
typedef float unaligned_vector __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int unaligned_integers __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
/* Loops with constant bounds over a block of registers; they must vanish. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

INLINE vector load(const float *from) { return *(const unaligned_vector *)from; }

INLINE void store(float *to, vector value) { *(unaligned_vector *)to = value; }

/* The first `count` numbers, 0 behind them. */
INLINE vector load_some(const float *from, int count) {
  if (count >= LANES) return load(from);
  vector value = {0};
  UNROLL for (int lane = 0; lane < LANES; lane++)
    if (lane < count) value[lane] = from[lane];
  return value;
}

INLINE void store_some(float *to, vector value, int count) {
  if (count >= LANES) {
    store(to, value);
    return;
  }
  UNROLL for (int lane = 0; lane < LANES; lane++)
    if (lane < count) to[lane] = value[lane];
}

/* Bytes as floats. */
INLINE vector load_bytes(const unsigned char *from) {
  integers value;
  UNROLL for (int lane = 0; lane < LANES; lane++) value[lane] = from[lane];
  return __builtin_convertvector(value, vector);
}

INLINE integers load_integers(const int *from) { return *(const unaligned_integers *)from; }

INLINE void store_integers(int *to, integers value) { *(unaligned_integers *)to = value; }

INLINE vector splat(float value) { return value - (vector){}; }

INLINE integers splat_integer(int value) { return value - (integers){}; }

/* one where the mask is all ones, other where it is zero */
INLINE vector choose(integers mask, vector one, vector other) {
  return (vector)((mask & (integers)one) | (~mask & (integers)other));
}

INLINE integers choose_integers(integers mask, integers one, integers other) {
  return (mask & one) | (~mask & other);
}

/* Calls memory into the cache that is read soon; wasm has nothing of the kind. */
#ifdef __wasm__
#define PREFETCH(from)
#else
#define PREFETCH(from) __builtin_prefetch(from)
#endif

/* Every step-th number. */
INLINE vector load_strided(const float *from, int step) {
  vector value;
  UNROLL for (int lane = 0; lane < LANES; lane++) value[lane] = from[lane * step];
  return value;
}

INLINE integers load_strided_integers(const int *from, int step) {
  integers value;
  UNROLL for (int lane = 0; lane < LANES; lane++) value[lane] = from[lane * step];
  return value;
}

/* 0, step, 2 * step, ... */
INLINE integers ramp(int step) {
  integers value;
  UNROLL for (int lane = 0; lane < LANES; lane++) value[lane] = lane * step;
  return value;
}

/* By pairs of lanes: of a pair as one number either sign bit is left after a mask. */
typedef unsigned long long pairs __attribute__((vector_size(LANES * 4)));

INLINE int any_negative(integers value) {
  pairs both = (pairs)value;
  unsigned long long any = 0;
  UNROLL for (int pair = 0; pair < LANES / 2; pair++) any |= both[pair];
  return (any & 0x8000000080000000ull) != 0;
}

INLINE float sum_of_lanes(vector value) {
  float sum = 0;
  UNROLL for (int lane = 0; lane < LANES; lane++) sum += value[lane];
  return sum;
}

INLINE int smaller(int one, int other) { return one < other ? one : other; }

INLINE int larger(int one, int other) { return one > other ? one : other; }

/* Rounded up to whole vectors. */
INLINE int whole_vectors(int count) { return (count + LANES - 1) / LANES * LANES; }

/* Rows are short, so the last vector overlaps the one before instead of being taken apart. */
INLINE void fill(float *to, int count, float value) {
  if (count >= LANES)
    for (int i = 0; i < count; i += LANES) store(to + smaller(i, count - LANES), splat(value));
  else
    for (int i = 0; i < count; i++) to[i] = value;
}

INLINE void copy(float *to, const float *from, int count) {
  if (count >= LANES)
    for (int i = 0; i < count; i += LANES) {
      int at = smaller(i, count - LANES);
      store(to + at, load(from + at));
    }
  else
    for (int i = 0; i < count; i++) to[i] = from[i];
}

#endif
