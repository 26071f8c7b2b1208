/**
 * Uniform and normal numbers from the Mersenne Twister, digit for digit as boost draws them in CNTK (nodes.md 13.5, 13.6).
 * Everything is computed in ElemType: one rounding per operation.
 */

import type { MersenneTwister } from "./mersenne-twister.js";
import { buildZigguratTables, type ZigguratTables } from "./ziggurat-tables.js";

/** CNTK's ElemType. */
export type ElementType = "float" | "double";

const TWO_21 = 2097152;
const TWO_32 = 4294967296;
const TWO_POWER_MINUS_56 = 2 ** -56;
const TWO_POWER_MINUS_64 = 2 ** -64;

type Round = (value: number) => number;

const ROUND: Readonly<Record<ElementType, Round>> = {
  float: Math.fround,
  double: (value) => value,
};

let tables: ZigguratTables | undefined;

/**
 * A number in [low, high), both of which must be ElemType numbers already. Consumes one 64-bit number, very rarely more.
 * CNTK: boost::random::uniform_real_distribution.
 */
export function uniform(
  generator: MersenneTwister,
  low: number,
  high: number,
  elementType: ElementType,
): number {
  const round = ROUND[elementType];
  const width = round(high - low);
  for (;;) {
    generator.draw();
    const unit = integer(generator.high, generator.low, elementType) * TWO_POWER_MINUS_64;
    const value = round(round(unit * width) + low);
    if (value < high) return value;
  }
}

/**
 * A normal number with mean 0 and the given standard deviation, an ElemType number already.
 * CNTK: boost::random::normal_distribution of boost 1.56 and later, ziggurat with 128 layers.
 */
export function normal(
  generator: MersenneTwister,
  sigma: number,
  elementType: ElementType,
): number {
  return ROUND[elementType](standardNormal(generator, elementType) * sigma);
}

function standardNormal(generator: MersenneTwister, elementType: ElementType): number {
  tables ??= buildZigguratTables();
  const round = ROUND[elementType];
  for (;;) {
    generator.draw();
    const selector = generator.low & 255;
    const sign = (selector & 1) === 1 ? 1 : -1;
    const layer = selector >> 1;
    const edge = tables.x[layer] ?? 0;
    const x = round(fraction(generator, elementType) * round(edge));
    if (x < (tables.x[layer + 1] ?? 0)) return x * sign;
    if (layer === 0) return tail(generator, round(tables.x[1] ?? 0), elementType) * sign;
    const bottom = tables.y[layer] ?? 0;
    const height = round((tables.y[layer + 1] ?? 0) - bottom);
    const y = round(round(bottom) + round(uniform(generator, 0, 1, elementType) * height));
    if (y < round(Math.exp(-round(x * x) / 2))) return x * sign;
  }
}

/** The number drawn last as a fraction in [0, 1], without its lowest 8 bits and one bit more, a peculiarity of boost. */
function fraction(generator: MersenneTwister, elementType: ElementType): number {
  const high = elementType === "float" ? generator.high & ~(1 << 8) : generator.high;
  const low = elementType === "float" ? generator.low : generator.low & ~(1 << 11);
  const shifted = integer(high >>> 8, ((low >>> 8) | (high << 24)) >>> 0, elementType);
  return shifted * TWO_POWER_MINUS_56;
}

/** A number of the tail beyond `edge`. */
function tail(generator: MersenneTwister, edge: number, elementType: ElementType): number {
  const round = ROUND[elementType];
  const exponential = () => -round(Math.log(round(1 - uniform(generator, 0, 1, elementType))));
  for (;;) {
    const a = round(exponential() / edge);
    const b = exponential();
    if (2 * b > round(a * a)) return round(a + edge);
  }
}

/** `high * 2^32 + low` in ElemType, rounded once. */
function integer(high: number, low: number, elementType: ElementType): number {
  const sum = high * TWO_32;
  if (elementType === "double" || high < TWO_21) return ROUND[elementType](sum + low);
  // A double cannot hold all 64 bits. The lowest eleven only matter for float if one of them is set, which the bit
  // above them can say just as well; so the sum is exact and Math.fround rounds it once.
  const sticky = (low & 0x7ff) === 0 ? 0 : 0x800;
  return Math.fround(sum + (((low & ~0x7ff) | sticky) >>> 0));
}
