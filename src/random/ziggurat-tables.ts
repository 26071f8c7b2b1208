/** Layers of the normal distribution for the ziggurat method (nodes.md 13.6), computed rather than listed. */

/** Fraction bits of the fixed-point numbers below: enough that every entry rounds to the right double. */
const BITS = 128n;
const ONE = 1n << BITS;
const LAYERS = 128;

/** Right edge of the lowest layer, 3.4426198558966521214243, and the area of each, 0.00991256303533646107908. */
const EDGE = fixed(34426198558966521214243n, 22n);
const AREA = fixed(991256303533646107908n, 23n);

/** Edges `x[0..128]` of the layers and the density `y[i] = exp(-x[i]^2 / 2)` there, rounded to double. */
export interface ZigguratTables {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** Builds the tables; in doubles the recurrence would lose the last bits, and with them agreement with CNTK. */
export function buildZigguratTables(): ZigguratTables {
  const x = new Float64Array(LAYERS + 1);
  const y = new Float64Array(LAYERS + 1);
  x[0] = toDouble(divide(AREA, density(EDGE)));
  y[LAYERS] = 1;
  let edge = EDGE;
  for (let layer = 1; layer < LAYERS; layer++) {
    const height = density(edge);
    x[layer] = toDouble(edge);
    y[layer] = toDouble(height);
    // every layer has the same area: f(next) = f(edge) + area / edge
    edge = squareRoot(-2n * logarithm(divide(AREA, edge) + height));
  }
  return { x, y };
}

function fixed(digits: bigint, decimals: bigint): bigint {
  return (digits << BITS) / 10n ** decimals;
}

function multiply(one: bigint, other: bigint): bigint {
  return (one * other) >> BITS;
}

function divide(one: bigint, other: bigint): bigint {
  return (one << BITS) / other;
}

/** Rounded to nearest: the conversion of a bigint rounds, the scaling by a power of two is exact. */
function toDouble(value: bigint): number {
  return Number(value) / Number(ONE);
}

function density(x: bigint): bigint {
  return exponential(-multiply(x, x) / 2n);
}

/** exp by its series at value / 2^16, squared 16 times. */
function exponential(value: bigint): bigint {
  const halvings = 16;
  const small = value >> BigInt(halvings);
  let term = ONE;
  let sum = ONE;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    term = multiply(term, small) / n;
    sum += term;
  }
  for (let i = 0; i < halvings; i++) sum = multiply(sum, sum);
  return sum;
}

/** Natural logarithm: the double result, improved twice by Newton's method. */
function logarithm(value: bigint): bigint {
  let result = BigInt(Math.round(Math.log(toDouble(value)) * 2 ** 52)) << (BITS - 52n);
  for (let i = 0; i < 2; i++) result += multiply(value, exponential(-result)) - ONE;
  return result;
}

function squareRoot(value: bigint): bigint {
  const target = value << BITS;
  let root = BigInt(Math.round(Math.sqrt(toDouble(value)) * 2 ** 50)) << (BITS - 50n);
  for (let i = 0; i < 3; i++) root = (root + target / root) / 2n;
  return root;
}
