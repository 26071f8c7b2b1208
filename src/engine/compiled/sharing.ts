/** How calls of kernels may be divided among ranks: along which dimension, and what a share of it is as a call. */

import type { KernelName } from "../../kernels/table.js";
import type { Call } from "./lowering.js";

/** A dimension along which the results of a call can be computed apart from each other. */
export interface Sharing {
  /** units of the dimension */
  readonly extent: number;
  /** units that stay together */
  readonly granule: number;
  /** by the position of a buffer among the arguments: how many floats a unit lies behind the one before; the others are read whole */
  readonly steps: readonly (readonly [position: number, floats: number])[];
  /** the argument that counts units, and how much one unit is there */
  readonly count: readonly [position: number, each: number];
  /** position of a result of which every share leaves a part of the sum */
  readonly sum?: number;
  /** nanoseconds that every share takes again, however small it is */
  readonly repeated: number;
}

/** First unit of a rank's share. */
export function borderOf({ extent, granule }: Sharing, rank: number, ranks: number): number {
  const granules = Math.ceil(extent / granule);
  return Math.min(extent, granule * Math.floor((granules * rank) / ranks));
}

/** @param samples of the minibatch: the units of tensors that can be divided anywhere, so that their shares meet */
type Sharer = (values: readonly number[], samples: number) => readonly Sharing[];

/** Rows of samples or the like, whose number and size are arguments. */
const rows =
  (count: number, size: number, buffers: readonly number[], sum?: number): Sharer =>
  (values) => {
    const floats = at(values, size);
    return [
      {
        extent: at(values, count),
        granule: 1,
        steps: buffers.map((position) => [position, floats] as const),
        count: [count, 1],
        ...(sum === undefined ? {} : { sum }),
        repeated: 0,
      },
    ];
  };

/** Elements of equally long buffers, or of buffers that go on by a step of their own. */
function elementsAlong(
  count: number,
  steps: Sharing["steps"],
  values: readonly number[],
  samples: number,
): Sharing {
  const elements = at(values, count);
  const extent = samples > 1 && elements % samples === 0 ? samples : elements;
  const each = elements / extent;
  return {
    extent,
    granule: 1,
    steps: steps.map(([position, floats]) => [position, floats * each] as const),
    count: [count, each],
    repeated: 0,
  };
}

const elements =
  (count: number, ...buffers: readonly number[]): Sharer =>
  (values, samples) => [
    elementsAlong(
      count,
      buffers.map((position) => [position, 1] as const),
      values,
      samples,
    ),
  ];

/** function, a, b, y, three sizes, the steps of a and b along them */
const binary: Sharer = (values, samples) => {
  const sizes = values.slice(4, 7);
  const axis = Math.max(
    sizes.findIndex((size) => size > 1),
    0,
  );
  const own = sizes.slice(axis + 1).reduce((product, size) => product * size, 1);
  const steps = [
    [1, at(values, 7 + axis)],
    [2, at(values, 10 + axis)],
    [3, own],
  ] as const;
  return [elementsAlong(4 + axis, steps, values, samples)];
};

/** x, y, outer, middle, inner, scale, accumulate: by what is kept, or parts of one sum */
const reduceSum: Sharer = (values, samples) => {
  const [, , outer = 1, middle = 1, inner = 1, , accumulate] = values;
  if (outer > 1) {
    const steps = [
      [0, middle * inner],
      [1, inner],
    ] as const;
    return [{ extent: outer, granule: 1, steps, count: [2, 1], repeated: 0 }];
  }
  if (inner > 1 || accumulate !== 0) return [];
  return [{ ...elementsAlong(3, [[0, 1]], values, samples), sum: 1 }];
};

/** a, b, y, rows, count, scale, accumulate */
const innerProducts: Sharer = (values, samples) => {
  const [, , , count = 1, size = 1, , accumulate] = values;
  if (count > 1) {
    const steps = [
      [0, size],
      [1, size],
      [2, 1],
    ] as const;
    return [{ extent: count, granule: 1, steps, count: [3, 1], repeated: 0 }];
  }
  if (accumulate !== 0) return [];
  const steps = [
    [0, 1],
    [1, 1],
  ] as const;
  return [{ ...elementsAlong(4, steps, values, samples), sum: 2 }];
};

/** Columns of a panel of packed numbers, or of two. */
const PANEL = 16;
/** Nanoseconds for packing a number. */
const PACKING = 0.3;

/** By rows, for which every share packs the right operand, or by columns, for which it packs the left one. */
const gemm: Sharer = (values) => {
  const [
    ,
    ,
    ,
    ,
    m = 1,
    n = 1,
    k = 1,
    aTransposed,
    bTransposed,
    aPitch = 1,
    bPitch = 1,
    cPitch = 1,
  ] = values;
  const ofRows = [
    [0, aTransposed === 0 ? aPitch : 1],
    [2, cPitch],
  ] as const;
  const ofColumns = [
    [1, bTransposed === 0 ? 1 : bPitch],
    [2, 1],
  ] as const;
  return [
    { extent: m, granule: 1, steps: ofRows, count: [4, 1], repeated: PACKING * n * k },
    { extent: n, granule: PANEL, steps: ofColumns, count: [5, 1], repeated: PACKING * m * k },
  ];
};

/** Where samples start, and samples. @param count position of their number, behind which stands their size */
function gathered(count: number, samples: readonly number[]): Sharer {
  return (values) => {
    const own = samples.map((position) => [position, at(values, count + 1)] as const);
    const steps = [[2, 1] as const, ...own];
    return [{ extent: at(values, count), granule: 1, steps, count: [count, 1], repeated: 0 }];
  };
}

/** Kernels that are not here are run by one rank. Buffers are 0 where a sharer sees the values. */
const SHARERS: Readonly<Partial<Record<KernelName, Sharer>>> = {
  gather_samples: gathered(4, [3]),
  gather_scaled_samples: gathered(6, [3, 5]),
  unary: elements(3, 1, 2),
  unary_gradient: elements(5, 1, 2, 3, 4),
  binary,
  fill_with: elements(1, 0),
  reduce_sum: reduceSum,
  inner_products: innerProducts,
  gemm,
  softmax_cross_entropy: rows(4, 5, [0, 1, 3], 2),
  softmax_cross_entropy_gradient: elements(4, 1, 2, 3),
  classification_error: rows(3, 4, [0, 1], 2),
  top_errors: rows(4, 5, [0, 1], 3),
  softmax: rows(2, 3, [0, 1]),
  softmax_gradient: rows(3, 4, [0, 1, 2]),
  log_softmax: rows(2, 3, [0, 1]),
  log_softmax_gradient: rows(3, 4, [0, 1, 2]),
  hardmax: rows(2, 3, [0, 1]),
};

const at = (values: readonly number[], position: number) => values[position] ?? NaN;

/** All ways in which a call can be divided. */
export function sharingsOf({ kernel, values }: Call, samples: number): readonly Sharing[] {
  const numbers = values.map((value) => (typeof value === "number" ? value : 0));
  return (SHARERS[kernel]?.(numbers, samples) ?? []).filter(
    ({ extent, granule }) => extent > granule,
  );
}

const FLOAT = 4;

/**
 * The share of a call that a rank has.
 * @param numbers the arguments of the whole call, buffers as byte offsets
 * @returns undefined for an empty share
 */
export function shareOf(
  { values }: Call,
  numbers: readonly number[],
  sharing: Sharing,
  [rank, ranks]: readonly [rank: number, ranks: number],
): number[] | undefined {
  const begin = borderOf(sharing, rank, ranks);
  const size = borderOf(sharing, rank + 1, ranks) - begin;
  if (size === 0) return undefined;
  const share = [...numbers];
  for (const [position, floats] of sharing.steps) {
    share[position] = at(share, position) + begin * floats * FLOAT;
  }
  const [position, each] = sharing.count;
  share[position] = size * each;
  const sum = values[sharing.sum ?? -1];
  if (typeof sum === "object" && sharing.sum !== undefined) {
    share[sharing.sum] = at(share, sharing.sum) + rank * sum.floats * FLOAT;
  }
  return share;
}

/** Products of a core in a nanosecond, and numbers that it reads or writes. */
const PRODUCTS = 35;
const NUMBERS = 2;

/** Rough nanoseconds that a call takes one rank. */
export function durationOf({ kernel, values }: Call): number {
  const numbers = values.map((value) => (typeof value === "number" ? value : 1));
  const product = (from: number, to?: number) =>
    numbers.slice(from, to).reduce((all, size) => all * size, 1);
  if (kernel === "gemm") {
    const [m, n, k] = [at(numbers, 4), at(numbers, 5), at(numbers, 6)];
    return (m * n * k) / PRODUCTS + PACKING * k * (m + n);
  }
  // samples, channels, maps, height, width, rows, columns, kernel height, kernel width, strides, padding
  if (kernel.includes("convolution")) return (product(-13, -10) * product(-8, -4)) / PRODUCTS;
  const floats = values.map((value) => (typeof value === "number" ? 0 : value.floats));
  return Math.max(0, ...floats) / NUMBERS;
}
