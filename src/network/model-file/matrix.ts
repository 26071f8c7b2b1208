/** The matrix record of model and checkpoint files (model-format.md 1.2). */

import type { FloatArray } from "../node.js";
import type { BinaryReader, ElementSize } from "./binary-reader.js";
import type { BinaryWriter } from "./binary-writer.js";

/** Elements of numbers in files and in a run; CNTK's `precision`. */
export type ElementType = "float" | "double";

/** Elements column by column. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: FloatArray;
}

export function sizeOf(precision: ElementType): ElementSize {
  return precision === "float" ? 4 : 8;
}

/** The same numbers in an array of the run's own element type. */
export function toPrecision(values: FloatArray, precision: ElementType): FloatArray {
  if (precision === "float") {
    return values instanceof Float32Array ? values : Float32Array.from(values);
  }
  return values instanceof Float64Array ? values : Float64Array.from(values);
}

/** @param owner whose matrix it is, for messages */
export function readMatrix(reader: BinaryReader, size: ElementSize, owner: string): Matrix {
  expectDenseKind(reader, owner);
  reader.marker("BMAT");
  const sizeAt = reader.offset;
  const stored = reader.u64(`${owner}: element size`);
  if (stored !== size) {
    throw reader.error(`${owner}: expected elements of ${size} bytes, found ${stored}`, sizeAt);
  }
  reader.wideString(`${owner}: matrix name`);
  const formatAt = reader.offset;
  const format = reader.i32(`${owner}: matrix format`);
  if (format !== 0) {
    throw reader.error(`${owner}: expected the dense format 0, found ${format}`, formatAt);
  }
  const rows = reader.u64(`${owner}: matrix rows`);
  const columns = reader.u64(`${owner}: matrix columns`);
  const values = reader.elements(rows, columns, size, `${owner}: matrix of ${rows} x ${columns}`);
  reader.marker("EMAT");
  return { rows, columns, values };
}

function expectDenseKind(reader: BinaryReader, owner: string): void {
  const at = reader.offset;
  const kind = reader.character(`${owner}: kind of matrix`);
  if (kind === "d") return;
  const found = kind === "s" ? '"s" (sparse), which is not supported' : JSON.stringify(kind);
  throw reader.error(`${owner}: expected a dense matrix "d", found ${found}`, at);
}

export function writeMatrix(writer: BinaryWriter, matrix: Matrix, size: ElementSize): void {
  writer.character("d");
  writer.marker("BMAT");
  writer.u64(size);
  writer.wideString("unnamed");
  writer.i32(0);
  writer.u64(matrix.rows);
  writer.u64(matrix.columns);
  writer.elements(matrix.values, size);
  writer.marker("EMAT");
}
