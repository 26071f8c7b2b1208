/** Products of a dense matrix with samples of which most elements are 0, by touching only what is not (nodes.md 5.2). */

import type { FloatArray } from "../readers/float-array.js";
import type { SparseSamples } from "./operation.js";
import { newFloats, tensorOf, tf, type Tensor } from "./tensors.js";

/** Where the matrix has the contracted axis: its rows, or its columns. */
export type ContractedAxis = 0 | 1;

/** Elements that are not 0: element i stands in row `rows[i]` of the result and takes line `lines[i]` of the matrix. */
interface Entries {
  readonly rows: Int32Array;
  readonly lines: Int32Array;
  readonly values: FloatArray;
  /** of the result */
  readonly rowCount: number;
}

/** A sample of several times `contracted` elements makes several rows. */
function entriesOf(
  { dimension, indices, values, starts }: SparseSamples,
  contracted: number,
): Entries {
  const parts = dimension / contracted;
  const samples = starts.length - 1;
  const first = starts[0] ?? 0;
  const count = (starts[samples] ?? 0) - first;
  const rows = new Int32Array(count);
  const lines = new Int32Array(count);
  for (let sample = 0; sample < samples; sample++) {
    const end = (starts[sample + 1] ?? 0) - first;
    for (let i = (starts[sample] ?? 0) - first; i < end; i++) {
      const index = indices[first + i] ?? 0;
      rows[i] = sample * parts + Math.floor(index / contracted);
      lines[i] = index % contracted;
    }
  }
  return { rows, lines, values: values.subarray(first, first + count), rowCount: samples * parts };
}

/** One element of 1 in each row. */
const isOneHot = ({ rows, values, rowCount }: Entries) =>
  rows.length === rowCount &&
  rows.every((row, i) => row === i) &&
  values.every((value) => value === 1);

/**
 * The samples times the matrix.
 * @param matrix [contracted x outputs], or transposed
 * @returns [rows x outputs]
 */
export function multiplySparse(
  samples: SparseSamples,
  matrix: Tensor,
  contractedAxis: ContractedAxis,
): Tensor {
  const entries = entriesOf(samples, matrix.shape[contractedAxis] ?? 1);
  const outputs = matrix.shape[1 - contractedAxis] ?? 1;
  const { rows, lines, values, rowCount } = entries;
  if (rows.length === 0) return tf.zeros([rowCount, outputs]);
  const gathered = tf.gather(matrix, tf.tensor1d(lines, "int32"), contractedAxis);
  const taken = contractedAxis === 0 ? gathered : tf.transpose(gathered);
  if (isOneHot(entries)) return taken;
  const numbers = taken.dataSync();
  const product = newFloats(rowCount * outputs);
  rows.forEach((row, i) => {
    const value = values[i] ?? 0;
    for (let output = 0; output < outputs; output++) {
      const at = row * outputs + output;
      product[at] = (product[at] ?? 0) + value * (numbers[i * outputs + output] ?? 0);
    }
  });
  return tensorOf(product, [rowCount, outputs]);
}

/**
 * The transposed samples times the rows of a gradient: 0 but in the lines that the samples touch.
 * @param gradient [rows x outputs]
 * @returns [contracted x outputs], or transposed
 */
export function multiplyTransposedSparse(
  samples: SparseSamples,
  gradient: Tensor,
  contracted: number,
  contractedAxis: ContractedAxis,
): Tensor {
  const { rows, lines, values } = entriesOf(samples, contracted);
  const outputs = gradient.shape[1] ?? 1;
  const numbers = gradient.dataSync();
  const product = newFloats(contracted * outputs);
  const [lineStep, outputStep] = contractedAxis === 0 ? [outputs, 1] : [1, contracted];
  rows.forEach((row, i) => {
    const begin = (lines[i] ?? 0) * lineStep;
    const value = values[i] ?? 0;
    for (let output = 0; output < outputs; output++) {
      const at = begin + output * outputStep;
      product[at] = (product[at] ?? 0) + value * (numbers[row * outputs + output] ?? 0);
    }
  });
  return tensorOf(product, contractedAxis === 0 ? [contracted, outputs] : [outputs, contracted]);
}
