/** The 64-bit Mersenne Twister MT19937-64, as std::mt19937_64 (nodes.md 13.4); the only source of randomness. */

const SIZE = 312;
const MIDDLE = 156;
const TWO_32 = 4294967296;

/** A generator of 64-bit numbers, kept as pairs of 32-bit halves because BigInt is slow. */
export class MersenneTwister {
  readonly #high = new Uint32Array(SIZE);
  readonly #low = new Uint32Array(SIZE);
  #next = SIZE;
  /** halves of the number drawn last */
  high = 0;
  low = 0;

  /** @param seed a non-negative integer below 2^53 */
  constructor(seed: number) {
    let previous = BigInt(seed);
    for (let i = 0; i < SIZE; i++) {
      if (i > 0) {
        const mixed = 6364136223846793005n * (previous ^ (previous >> 62n)) + BigInt(i);
        previous = BigInt.asUintN(64, mixed);
      }
      this.#high[i] = Number(previous >> 32n);
      this.#low[i] = Number(previous & 0xffffffffn);
    }
  }

  /** Draws the next number into `high` and `low`. */
  draw(): void {
    if (this.#next === SIZE) this.#refill();
    let high = this.#high[this.#next] ?? 0;
    let low = this.#low[this.#next] ?? 0;
    this.#next++;
    // z ^= (z >> 29) & 0x5555555555555555
    const low29 = ((low >>> 29) | (high << 3)) >>> 0;
    const high29 = high >>> 29;
    high ^= high29 & 0x55555555;
    low ^= low29 & 0x55555555;
    // z ^= (z << 17) & 0x71D67FFFEDA60000
    const high17 = (high << 17) | (low >>> 15);
    high ^= high17 & 0x71d67fff;
    low ^= (low << 17) & 0xeda60000;
    // z ^= (z << 37) & 0xFFF7EEE000000000
    high ^= (low << 5) & 0xfff7eee0;
    // z ^= z >> 43
    low ^= high >>> 11;
    this.high = high >>> 0;
    this.low = low >>> 0;
  }

  /** The next number as a BigInt; for tests and rare uses. */
  next(): bigint {
    this.draw();
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  /** The next number modulo `count`, which must be at most 2^26 for exact arithmetic in doubles, else BigInt is used. */
  below(count: number): number {
    this.draw();
    if (count > 67108864) {
      return Number(((BigInt(this.high) << 32n) | BigInt(this.low)) % BigInt(count));
    }
    return ((this.high % count) * (TWO_32 % count) + (this.low % count)) % count;
  }

  #refill(): void {
    for (let i = 0; i < SIZE; i++) {
      const after = i + 1 === SIZE ? 0 : i + 1;
      const far = i + MIDDLE < SIZE ? i + MIDDLE : i + MIDDLE - SIZE;
      // y = upper 33 bits of x[i], lower 31 bits of x[i + 1]
      const high = this.#high[i] ?? 0;
      const low =
        (((this.#low[i] ?? 0) & 0x80000000) | ((this.#low[after] ?? 0) & 0x7fffffff)) >>> 0;
      const odd = (low & 1) === 1;
      const shiftedLow = ((low >>> 1) | (high << 31)) >>> 0;
      const shiftedHigh = high >>> 1;
      this.#high[i] = (this.#high[far] ?? 0) ^ shiftedHigh ^ (odd ? 0xb5026f5a : 0);
      this.#low[i] = (this.#low[far] ?? 0) ^ shiftedLow ^ (odd ? 0xa96619e9 : 0);
    }
    this.#next = 0;
  }
}
