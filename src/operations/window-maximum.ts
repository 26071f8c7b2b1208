/**
 * Maxima and averages over windows, where in a window the maximum is, and what travels along those positions
 * (nodes.md 7). The operations of pooling.ts are put together from these.
 *
 * A selection is an int32 tensor `[planes, windows]`, a plane being one channel of one sample: the element of the window
 * that holds the maximum (portable form) or the cell of the plane (our kernels), -1 for none. It is only ever handed
 * from one function of this file to another.
 */

import {
  hasOwnKernel,
  planarArguments,
  prepareWindows,
  runOwnKernel,
  type OwnKernelName,
  type PreparedWindows,
} from "./own-kernels.js";
import { tf, type Tensor } from "./tensors.js";
import {
  coverCells,
  lazily,
  tabulateWindows,
  type CoverTable,
  type WindowTable,
} from "./window-tables.js";
import type { Geometry } from "./windows.js";

export interface Pooling extends PreparedWindows {
  /** the table with the elements of a window next to each other, `[window * elements + e]` */
  readonly byWindow: () => Int32Array;
  readonly table: () => WindowTable;
  readonly cover: () => CoverTable;
  /** average pooling: the divisor of each window */
  readonly divisors: () => Float32Array;
}

/** @param includePad average pooling divides by the whole window, the part outside the input included */
export function preparePooling(geometry: Geometry, includePad: boolean): Pooling {
  const windows = prepareWindows("pooling", geometry);
  const table = lazily(() => tabulateWindows(windows.axes));
  return {
    ...windows,
    table,
    cover: lazily(() => coverCells(table())),
    byWindow: lazily(() => elementsTogether(table())),
    divisors: lazily(() => countCells(table(), includePad)),
  };
}

function elementsTogether({ windows, elements, cellAt }: WindowTable): Int32Array {
  return cellAt.map((_, at) => cellAt[(at % elements) * windows + Math.floor(at / elements)] ?? 0);
}

function countCells({ cells, windows, elements, cellAt }: WindowTable, includePad: boolean) {
  const counts = new Float32Array(windows).fill(includePad ? elements : 0);
  if (includePad) return counts;
  for (const [at, cell] of cellAt.entries())
    if (cell < cells) counts[at % windows] = (counts[at % windows] ?? 0) + 1;
  return counts;
}

/** Rows `[planes, n]` and behind each one more value, which index n then stands for. */
const withExtra = (rows: Tensor, value: number) =>
  tf.concat([rows, tf.fill([rows.shape[0], 1], value, rows.dtype as "float32" | "int32")], 1);

/** Cells of every window `[planes, windows, elements]`; `outside` stands for those outside the input. */
function cellsOfWindows(pooling: Pooling, planes: Tensor, outside: number): Tensor {
  const { windows, elements } = pooling.table();
  const index = tf.tensor2d(pooling.byWindow(), [windows, elements], "int32");
  return tf.gather(withExtra(planes, outside), index, 1);
}

/** A value of each window, at the cells the window covers: `[planes, cells, depth]`; `none` where there is no window. */
function atCells(pooling: Pooling, values: Tensor, none: number): Tensor {
  const { depth, window } = pooling.cover();
  const index = tf.tensor2d(window, [pooling.table().cells, depth], "int32");
  return tf.gather(withExtra(values, none), index, 1);
}

/** True where the selected element of a window lies on the cell: `[planes, cells, depth]`. */
function isSelected(pooling: Pooling, selection: Tensor): Tensor {
  const { depth, element } = pooling.cover();
  const own = tf.tensor3d(element, [1, pooling.table().cells, depth], "int32");
  // -1 stands for "no window" in the table, so "nothing selected" must be another number.
  return tf.equal(atCells(pooling, notFound(selection), -2), own);
}

const notFound = (selection: Tensor) =>
  tf.where(tf.less(selection, tf.scalar(0, "int32")), tf.scalar(-2, "int32"), selection);

const asRows = (tensor: Tensor, size: number) => tf.reshape(tensor, [tensor.size / size, size]);
const cellsIn = (pooling: Pooling) => product(pooling.axes.map(({ input }) => input));
const windowsIn = (pooling: Pooling) => product(pooling.axes.map(({ windows }) => windows));
const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);

/** Replaces NaN, which never is a maximum. */
const withoutNaN = (values: Tensor) =>
  tf.where(tf.equal(values, values), values, tf.scalar(-Infinity));

/** Maximum over each window: `[planes, windows]`; -infinity for windows without a number. */
export function maximum(pooling: Pooling, x: Tensor): Tensor {
  return maximumAndSelection(pooling, x, "number").value();
}

/** Which cell counts as the maximum where the first cell of a window is NaN: CNTK pools past it, but unpools into it. */
export type FirstNaN = "number" | "first";

/**
 * Maximum over each window, and the first cell in memory order that holds it.
 * Functions, because our kernels make both at once and the portable form only what is asked for.
 */
export function maximumAndSelection(
  pooling: Pooling,
  x: Tensor,
  firstNaN: FirstNaN,
): { readonly value: () => Tensor; readonly selection: () => Tensor } {
  const own = runPlanar("CntkMaxPooling", pooling, { x }, { keepsFirst: firstNaN === "first" });
  const [value, selection] = own ?? [];
  if (value !== undefined && selection !== undefined)
    return { value: () => value, selection: () => selection };
  const candidates = lazily(() => cellsOfWindows(pooling, asRows(x, cellsIn(pooling)), NaN));
  const largest = lazily(() => tf.max(withoutNaN(candidates()), -1, true));
  return {
    value: () => tf.squeeze(largest(), [2]),
    selection: () => select(pooling, candidates(), largest(), firstNaN),
  };
}

function select(pooling: Pooling, candidates: Tensor, largest: Tensor, firstNaN: FirstNaN): Tensor {
  const isLargest = tf.cast(tf.greaterEqual(candidates, largest), "float32");
  const none = tf.scalar(-1, "int32");
  const found = tf.where(
    tf.greater(tf.max(isLargest, -1), 0),
    tf.cast(tf.argMax(isLargest, -1), "int32"),
    none,
  );
  if (firstNaN === "number") return found;
  // The first element of each window that lies inside the input.
  const { cells, windows, elements } = pooling.table();
  const byWindow = pooling.byWindow();
  const firsts = Int32Array.from({ length: windows }, (_, window) =>
    byWindow.subarray(window * elements, (window + 1) * elements).findIndex((c) => c < cells),
  );
  const first = tf.tensor2d(firsts, [1, windows], "int32");
  // An equality instead of tf.oneHot, whose numbers are wrong on the wasm backend.
  const isFirst = tf.equal(tf.expandDims(first, -1), tf.range(0, elements, 1, "int32"));
  const isNaN = tf.notEqual(candidates, candidates);
  const stays = tf.greater(tf.max(tf.cast(tf.logicalAnd(isFirst, isNaN), "float32"), -1), 0);
  return tf.where(stays, tf.add(tf.zerosLike(found), first), found);
}

/** Adds a value per window to the selected cells: `[planes, cells]`. Gradient of max pooling. */
export function addToSelected(pooling: Pooling, values: Tensor, selection: Tensor): Tensor {
  const own = runPlanar("CntkAddToPositions", pooling, { values, selection });
  if (own?.[0] !== undefined) return own[0];
  const rows = asRows(values, windowsIn(pooling));
  const spread = atCells(pooling, rows, 0);
  return tf.sum(tf.where(isSelected(pooling, selection), spread, tf.zerosLike(spread)), -1);
}

/** For every cell the last window that selected it, as a place in the cover table; -1 for none. */
function lastSelecting(pooling: Pooling, selection: Tensor): Tensor {
  const { depth } = pooling.cover();
  const rank = tf.range(1, depth + 1, 1, "int32");
  const marks = tf.mul(tf.cast(isSelected(pooling, selection), "int32"), rank);
  return tf.sub(tf.max(marks, -1, true), tf.scalar(1, "int32"));
}

/** Writes a value per window into the selected cells, zero elsewhere; later windows overwrite: `[planes, cells]`. */
export function writeToSelected(pooling: Pooling, values: Tensor, selection: Tensor): Tensor {
  const own = runPlanar("CntkScatterToPositions", pooling, { values, selection });
  if (own?.[0] !== undefined) return own[0];
  const { depth } = pooling.cover();
  const rows = asRows(values, windowsIn(pooling));
  const spread = atCells(pooling, rows, 0);
  const isLast = tf.equal(lastSelecting(pooling, selection), tf.range(0, depth, 1, "int32"));
  return tf.sum(tf.where(isLast, spread, tf.zerosLike(spread)), -1);
}

/** The reverse of `writeToSelected`: for every window the selected cell, zero if another window overwrote it. */
export function readFromSelected(pooling: Pooling, gradient: Tensor, selection: Tensor): Tensor {
  const own = runPlanar("CntkGatherFromPositions", pooling, { gradient, selection });
  if (own?.[0] !== undefined) return own[0];
  const { elements, windows } = pooling.table();
  const { depth, window } = pooling.cover();
  const numbers = tf.tensor3d(window, [1, cellsIn(pooling), depth], "int32");
  const isLast = tf.equal(lastSelecting(pooling, selection), tf.range(0, depth, 1, "int32"));
  const noWindow: Tensor = tf.scalar(-1, "int32");
  const winners = tf.max(tf.where(isLast, numbers as Tensor, noWindow), -1);
  const ownNumber = tf.reshape(tf.range(0, windows, 1, "int32"), [1, windows, 1]);
  const isWinner = tf.equal(cellsOfWindows(pooling, winners, -1), ownNumber);
  const chosen = tf.equal(tf.expandDims(selection, -1), tf.range(0, elements, 1, "int32"));
  const candidates = cellsOfWindows(pooling, asRows(gradient, cellsIn(pooling)), 0);
  const isRead = tf.logicalAnd(chosen, isWinner);
  return tf.sum(tf.where(isRead, candidates, tf.zerosLike(candidates)), -1);
}

/** Average of each window's cells inside the input: `[planes, windows]`. */
export function average(pooling: Pooling, x: Tensor, includePad: boolean): Tensor {
  const own = runPlanar("CntkAveragePooling", pooling, { x }, { includePad });
  if (own?.[0] !== undefined) return own[0];
  const cells = cellsOfWindows(pooling, asRows(x, cellsIn(pooling)), 0);
  return tf.div(tf.sum(cells, -1), tf.tensor1d(pooling.divisors()));
}

/** Gradient of `average`: every cell gets its share of each window's gradient. */
export function spreadAverage(pooling: Pooling, gradient: Tensor, includePad: boolean): Tensor {
  const own = runPlanar("CntkAveragePoolingGradient", pooling, { gradient }, { includePad });
  if (own?.[0] !== undefined) return own[0];
  const rows = asRows(gradient, windowsIn(pooling));
  const shares = tf.div(rows, tf.tensor1d(pooling.divisors()));
  return tf.sum(atCells(pooling, shares, 0), -1);
}

/** The same by our kernel, if the backend has one and the geometry is planar. */
function runPlanar(
  name: OwnKernelName,
  pooling: Pooling,
  inputs: Readonly<Record<string, Tensor>>,
  attributes: Readonly<Record<string, boolean>> = {},
): Tensor[] | undefined {
  if (pooling.planar === undefined || !hasOwnKernel(name)) return undefined;
  return runOwnKernel(name, inputs, { ...attributes, sizes: planarArguments(pooling.planar) });
}
