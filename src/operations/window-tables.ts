/** Index tables for windows: which cell lies under which element of which window, and the reverse. */

import type { Geometry, WindowAxis, WindowKind } from "./windows.js";

/** Cells, windows and kernel elements are numbered in memory order, the first axis fastest. */
export interface WindowTable {
  readonly cells: number;
  readonly windows: number;
  readonly elements: number;
  /** cell under element e of window w, at [e * windows + w]; `cells` stands for a place outside the input */
  readonly cellAt: Int32Array;
  /** true if some element lies outside */
  readonly hasOutside: boolean;
}

/** For every cell the windows that cover it, by rising number. */
export interface CoverTable {
  /** most windows that cover one cell */
  readonly depth: number;
  /** at [cell * depth + i] the i-th window, or the number of windows where there is none */
  readonly window: Int32Array;
  /** at the same place the element of the window that lies on the cell; -1 where there is no window */
  readonly element: Int32Array;
}

/** Window axes, and the channels behind them for which everything repeats. */
export interface SplitGeometry {
  readonly axes: readonly WindowAxis[];
  readonly channels: number;
}

/**
 * Splits off the trailing axes that windows treat alike: axes that a convolution's kernel covers as a whole, axes on
 * which pooling does nothing. What is left is what tables and kernels have to go over.
 */
export function splitChannels(kind: WindowKind, geometry: Geometry): SplitGeometry {
  const isChannel = (axis: WindowAxis) =>
    axis.lower === 0 &&
    (kind === "convolution"
      ? axis.windows === 1 && axis.kernel === axis.input
      : axis.kernel === 1 && axis.windows === axis.input);
  const axes = [...geometry.axes];
  let channels = 1;
  for (let last = axes.at(-1); last !== undefined && isChannel(last); last = axes.at(-1)) {
    channels *= last.input;
    axes.pop();
  }
  return { axes, channels };
}

/** The table of all windows; axes are multiplied in one after the other. */
export function tabulateWindows(axes: readonly WindowAxis[]): WindowTable {
  let table = { cells: 1, windows: 1, elements: 1, cellAt: Int32Array.of(0) };
  let hasOutside = false;
  for (const axis of axes) {
    const { cells, windows, elements, cellAt } = table;
    const grown = {
      cells: cells * axis.input,
      windows: windows * axis.windows,
      elements: elements * axis.kernel,
      cellAt: new Int32Array(cellAt.length * axis.windows * axis.kernel),
    };
    let at = 0;
    for (let k = 0; k < axis.kernel; k++)
      for (let element = 0; element < elements; element++)
        for (let o = 0; o < axis.windows; o++) {
          const place = o * axis.stride - axis.lower + k;
          const isOutside = place < 0 || place >= axis.input;
          hasOutside ||= isOutside;
          for (let window = 0; window < windows; window++) {
            const cell = cellAt[element * windows + window] ?? cells;
            grown.cellAt[at++] = isOutside || cell === cells ? grown.cells : place * cells + cell;
          }
        }
    table = grown;
  }
  return { ...table, hasOutside };
}

/** The reverse of a table. */
export function coverCells({ cells, windows, elements, cellAt }: WindowTable): CoverTable {
  const counts = new Int32Array(cells + 1);
  for (const cell of cellAt) counts[cell] = (counts[cell] ?? 0) + 1;
  const depth = counts.subarray(0, cells).reduce((most, count) => Math.max(most, count), 1);
  const window = new Int32Array(cells * depth).fill(windows);
  const element = new Int32Array(cells * depth).fill(-1);
  const filled = new Int32Array(cells);
  for (let w = 0; w < windows; w++)
    for (let e = 0; e < elements; e++) {
      const cell = cellAt[e * windows + w] ?? cells;
      if (cell === cells) continue;
      const at = cell * depth + (filled[cell] ?? 0);
      filled[cell] = (filled[cell] ?? 0) + 1;
      window[at] = w;
      element[at] = e;
    }
  return { depth, window, element };
}

/** A value computed when first asked for. */
export function lazily<T>(compute: () => T): () => T {
  let value: { readonly it: T } | undefined;
  return () => (value ??= { it: compute() }).it;
}
