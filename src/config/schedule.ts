/** Values per epoch: `0.1*5:0.05` (training.md 2). */

/** A value for every epoch; the last one holds for ever. */
export interface Schedule {
  /** @param epoch counted from 0 */
  at(epoch: number): number;
  /** the values as written, repetitions expanded */
  readonly values: readonly number[];
}
