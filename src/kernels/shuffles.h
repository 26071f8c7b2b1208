/* Lanes of vectors in another order: two vectors laid into each other or taken apart, and square blocks transposed. */
#ifndef SHUFFLES_H
#define SHUFFLES_H

#include "vector.h"

/*
 * Lanes of one and other in turns, from the first halves of both and from the second; and the lanes with even and with odd
 * numbers of both, those of one first.
 */
#if LANES == 4
#define FIRST_HALVES(one, other) __builtin_shufflevector(one, other, 0, 4, 1, 5)
#define SECOND_HALVES(one, other) __builtin_shufflevector(one, other, 2, 6, 3, 7)
#define EVEN_LANES(one, other) __builtin_shufflevector(one, other, 0, 2, 4, 6)
#define ODD_LANES(one, other) __builtin_shufflevector(one, other, 1, 3, 5, 7)
#elif LANES == 8
#define FIRST_HALVES(one, other) __builtin_shufflevector(one, other, 0, 8, 1, 9, 2, 10, 3, 11)
#define SECOND_HALVES(one, other) __builtin_shufflevector(one, other, 4, 12, 5, 13, 6, 14, 7, 15)
#define EVEN_LANES(one, other) __builtin_shufflevector(one, other, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD_LANES(one, other) __builtin_shufflevector(one, other, 1, 3, 5, 7, 9, 11, 13, 15)
#else
#define FIRST_HALVES(one, other) \
  __builtin_shufflevector(one, other, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define SECOND_HALVES(one, other) \
  __builtin_shufflevector(one, other, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define EVEN_LANES(one, other) \
  __builtin_shufflevector(one, other, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD_LANES(one, other) \
  __builtin_shufflevector(one, other, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#endif

/*
 * block[i][j] = block[j][i]. Laying row i and row i + LANES / 2 into each other moves one bit of the place within a row to
 * the number of the row; after as many rounds as there are such bits they have changed sides.
 */
INLINE void transpose_block(vector block[LANES]) {
  UNROLL for (int round = 1; round < LANES; round *= 2) {
    vector next[LANES];
    UNROLL for (int i = 0; i < LANES / 2; i++) {
      next[2 * i] = FIRST_HALVES(block[i], block[i + LANES / 2]);
      next[2 * i + 1] = SECOND_HALVES(block[i], block[i + LANES / 2]);
    }
    UNROLL for (int i = 0; i < LANES; i++) block[i] = next[i];
  }
}

#endif
