/** Singular value decomposition by rotations of pairs of columns (one-sided Jacobi, after Hestenes). */

/** A = U diag(s) V^T, columns in falling order of their singular values. */
export interface Decomposition {
  readonly singularValues: readonly number[];
  /** columns of U; zero where the singular value is */
  readonly left: Columns;
  /** columns of V; zero where the singular value is */
  readonly right: Columns;
}

/** A matrix as its columns, all of the same length. */
export type Columns = readonly Float64Array[];

/** Two columns whose cosine is less are orthogonal: enough for parameters in single precision. */
const PRECISION = 1e-13;
/** Share of the largest squared length. */
const NEGLIGIBLE = 1e-28;
/** Ten are usual, even for thousands of columns. */
const MOST_SWEEPS = 60;

/**
 * The decomposition with as many columns as the smaller side of the matrix. Every rotation makes two columns of A V
 * orthogonal; when all are, they are U diag(s).
 */
export function singularValueDecomposition(columns: Columns): Decomposition {
  const rows = columns[0]?.length ?? 0;
  if (columns.length > rows) {
    const { left, right, singularValues } = singularValueDecomposition(transposed(columns));
    return { left: right, right: left, singularValues };
  }
  const rotated = columns.map((column) => column.slice());
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    if (!rotateAllPairs(rotated)) break;
  }
  const vectors = rotated.map((column) => {
    const length = Math.sqrt(product(column, column));
    return { length, direction: scaled(column, length) };
  });
  vectors.sort((one, other) => other.length - one.length);
  return {
    singularValues: vectors.map(({ length }) => length),
    left: vectors.map(({ direction }) => direction),
    // V^T = diag(1 / s) U^T A
    right: vectors.map(({ length, direction }) =>
      scaled(
        Float64Array.from(columns, (column) => product(column, direction)),
        length,
      ),
    ),
  };
}

/** @returns false if all columns were orthogonal already */
function rotateAllPairs(columns: Columns): boolean {
  let hasRotated = false;
  // rotations keep them up to date; from sweep to sweep rounding would add up
  const squares = Float64Array.from(columns, (column) => product(column, column));
  const negligible = NEGLIGIBLE * squares.reduce((most, square) => Math.max(most, square), 0);
  columns.forEach((one, p) => {
    for (let q = p + 1; q < columns.length; q++) {
      const other = columns[q];
      if (other !== undefined && orthogonalize(one, other, { squares, negligible, p, q }))
        hasRotated = true;
    }
  });
  return hasRotated;
}

interface Pair {
  /** squared lengths of all columns */
  readonly squares: Float64Array;
  /** squared length of a column that is only rounding */
  readonly negligible: number;
  readonly p: number;
  readonly q: number;
}

/** Rotates by the smaller of the two angles that make the columns orthogonal. @returns false if they are */
function orthogonalize(
  one: Float64Array,
  other: Float64Array,
  { squares, negligible, p, q }: Pair,
): boolean {
  const common = product(one, other);
  const [oneSquared, otherSquared] = [squares[p] ?? 0, squares[q] ?? 0];
  if (Math.min(oneSquared, otherSquared) <= negligible) return false;
  if (Math.abs(common) <= PRECISION * Math.sqrt(oneSquared * otherSquared)) return false;
  const cotangentOfDouble = (otherSquared - oneSquared) / (2 * common);
  const tangent =
    (cotangentOfDouble < 0 ? -1 : 1) /
    (Math.abs(cotangentOfDouble) + Math.hypot(1, cotangentOfDouble));
  const cosine = 1 / Math.hypot(1, tangent);
  const sine = cosine * tangent;
  for (let i = 0; i < one.length; i++) {
    const a = one[i] ?? 0;
    const b = other[i] ?? 0;
    one[i] = cosine * a - sine * b;
    other[i] = sine * a + cosine * b;
  }
  squares[p] = Math.max(0, oneSquared - tangent * common);
  squares[q] = otherSquared + tangent * common;
  return true;
}

function product(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i] ?? 0) * (other[i] ?? 0);
  return sum;
}

const scaled = (vector: Float64Array, divisor: number) =>
  vector.map((value) => (divisor === 0 ? 0 : value / divisor));

const transposed = (columns: Columns): Columns =>
  Array.from(columns[0] ?? [], (_, row) =>
    Float64Array.from(columns, (column) => column[row] ?? 0),
  );
