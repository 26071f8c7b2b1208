/** Shares of calls: whatever can be divided among ranks gives what one call gives. */

import { describe, expect, it } from "@jest/globals";
import type { Buffer } from "../../../src/engine/compiled/buffers.js";
import { shareOf, sharingsOf, type Sharing } from "../../../src/engine/compiled/sharing.js";
import { encodeCall, type KernelLibrary } from "../../../src/kernels/library.js";
import { kernelTable, type KernelName } from "../../../src/kernels/table.js";
import { withKernels } from "../../kernels/built-kernels.js";

const SAMPLES = 12;

interface Row {
  readonly kernel: KernelName;
  readonly note?: string;
  /** numbers, and floats of buffers */
  readonly values: readonly (number | readonly [floats: number])[];
  /** whole numbers in a buffer instead of random ones, by its position */
  readonly contents?: Readonly<Record<number, readonly number[]>>;
  /** ways to divide it */
  readonly ways?: number;
}

const scratch = [1 << 18] as const;
/** m, n, k, transposed, pitches of matrices that are not parts of others */
const product = (m: number, n: number, k: number, left: 0 | 1, right: 0 | 1): Row => ({
  kernel: "gemm",
  note: `${m} x ${n}, depth ${k}, transposed ${left} ${right}`,
  values: [
    ...([[m * k], [k * n], [m * n], scratch, m, n, k, left, right] as const),
    ...[left ? m : k, right ? k : n, n, 1],
  ],
  ways: 2,
});

const CALL = 512;

const ROWS: readonly Row[] = [
  {
    kernel: "gather_samples",
    note: "out of the places where they begin",
    values: [0, [1], [12], [60], 12, 5],
    contents: { 1: [1], 2: Array.from({ length: 12 }, (_, i) => CALL + 4 + 4 * (i % 7)) },
  },
  {
    kernel: "gather_scaled_samples",
    note: "out of the places where they begin",
    values: [0, [1], [12], [60], [1], [60], 12, 5],
    contents: { 1: [1], 2: Array.from({ length: 12 }, (_, i) => CALL + 4 + 4 * (i % 7)) },
  },
  {
    kernel: "gather_scaled_samples",
    note: "that the host has written",
    values: [0, [1], [12], [60], [1], [60], 12, 5],
    contents: { 1: [0], 2: Array.from({ length: 12 }, () => 0) },
  },
  product(12, 70, 33, 0, 0),
  product(13, 100, 9, 0, 1),
  product(65, 33, 12, 1, 0),
  product(40, 17, 300, 1, 1),
  { kernel: "unary", values: [7, [60], [60], 60] },
  { kernel: "unary", note: "of a parameter", values: [9, [35], [35], 35] },
  { kernel: "unary_gradient", values: [9, [60], [60], [60], [60], 60, 1] },
  {
    kernel: "binary",
    note: "with a bias",
    values: [0, [60], [5], [60], 1, 12, 5, 0, 5, 1, 0, 0, 1, 0.5, 1],
  },
  {
    kernel: "binary",
    note: "of equal tensors",
    values: [2, [60], [60], [60], 1, 1, 60, 0, 0, 1, 0, 0, 1, 2, 0],
  },
  {
    kernel: "binary",
    note: "with a number",
    values: [1, [60], [1], [60], 1, 1, 60, 0, 0, 1, 0, 0, 0, 1, 0],
  },
  {
    kernel: "binary",
    note: "on three axes",
    values: [2, [60], [12], [120], 3, 2, 20, 20, 0, 1, 4, 2, 0, 1, 0],
  },
  { kernel: "fill_with", values: [[60], 60, 0.25] },
  { kernel: "reduce_sum", note: "of rows", values: [[60], [12], 12, 5, 1, 0.5, 1] },
  { kernel: "reduce_sum", note: "in the middle", values: [[120], [40], 4, 3, 10, 1, 0] },
  { kernel: "reduce_sum", note: "of everything", values: [[60], [1], 1, 60, 1, 0.5, 0] },
  { kernel: "inner_products", values: [[60], [60], [12], 12, 5, 0.5, 1] },
  { kernel: "inner_products", note: "of everything", values: [[60], [60], [1], 1, 60, -1, 0] },
  { kernel: "softmax_cross_entropy", values: [[60], [60], [1], [60], 12, 5] },
  { kernel: "softmax_cross_entropy_gradient", values: [[1], [60], [60], [60], 60, 1] },
  { kernel: "classification_error", values: [[60], [60], [1], 12, 5] },
  { kernel: "top_errors", values: [[60], [60], [1], [1], 12, 5] },
  { kernel: "softmax", values: [[60], [60], 12, 5] },
  { kernel: "softmax_gradient", values: [[60], [60], [60], 12, 5, 1] },
  { kernel: "log_softmax", values: [[60], [60], 12, 5] },
  { kernel: "log_softmax_gradient", values: [[60], [60], [60], 12, 5, 0] },
  { kernel: "hardmax", values: [[60], [60], 12, 5] },
];

/** What stands in the memory behind the calls when some of them have run; all buffers lie there one after the other. */
function afterCalls(
  library: KernelLibrary,
  { kernel, values, contents }: Row,
  sharing: Sharing | undefined,
  ranks: number,
): Record<number, number[]> {
  const kinds = kernelTable[kernel].arguments;
  let end = CALL;
  const buffers = values.map((value, position): number | Buffer => {
    if (typeof value === "number") return value;
    const offset = end;
    const [floats] = value;
    // parts of a sum lie one behind the other
    const parts = position === sharing?.sum ? ranks : 1;
    end += floats * parts * 4;
    const drawn = Float32Array.from({ length: floats }, (_, i) => Math.sin(7 * position + 13 * i));
    new Float32Array(library.memory.buffer, offset, floats * parts).fill(0).set(drawn);
    const own = contents?.[position];
    if (own !== undefined) new Int32Array(library.memory.buffer, offset, floats).set(own);
    return { floats, locate: () => offset };
  });
  const places = buffers.map((buffer) =>
    typeof buffer === "number"
      ? buffer
      : (buffer.locate?.({ rank: 0, index: 0, first: 0, working: 0 }) ?? NaN),
  );
  for (let rank = 0; rank < ranks; rank++) {
    const whole = { kernel, values: buffers };
    const share = sharing === undefined ? places : shareOf(whole, places, sharing, [rank, ranks]);
    if (share === undefined) continue;
    const encoded = encodeCall(kernel, share);
    new Float64Array(library.memory.buffer, 0, encoded.length).set(encoded);
    library.run(0, 1);
  }
  const found: Record<number, number[]> = {};
  buffers.forEach((buffer, position) => {
    if (typeof buffer === "number" || kinds[position] !== "output") return;
    const parts = position === sharing?.sum ? ranks : 1;
    const all = new Float32Array(library.memory.buffer, places[position], parts * buffer.floats);
    found[position] = Array.from({ length: buffer.floats }, (_, i) => {
      let sum = 0;
      for (let part = 0; part < parts; part++) sum += all[part * buffer.floats + i] ?? NaN;
      return sum;
    });
  });
  return found;
}

describe.each(["wasm", "native"] as const)("shares of calls", (form) => {
  withKernels(form, 1 << 22, `as ${form}`, (library) => {
    const titled = ROWS.map((row) => ({ ...row, title: `${row.kernel} ${row.note ?? ""}` }));
    it.each(titled)("$title", (row) => {
      const call = {
        kernel: row.kernel,
        values: row.values.map((value) =>
          typeof value === "number" ? value : { floats: value[0] },
        ),
      };
      const whole = afterCalls(library, row, undefined, 1);
      const sharings = sharingsOf(call, SAMPLES);
      expect(sharings).toHaveLength(row.ways ?? 1);
      for (const sharing of sharings) {
        for (const ranks of [2, 3]) {
          const shared = afterCalls(library, row, sharing, ranks);
          for (const [position, numbers] of Object.entries(whole)) {
            const isSum = Number(position) === sharing.sum;
            const found = shared[Number(position)] ?? [];
            // only what is added up in another order may differ
            if (isSum) numbers.forEach((number, i) => expect(found[i]).toBeCloseTo(number, 5));
            else expect(found).toEqual(numbers);
          }
        }
      }
    });
  });
});
