/** Values per epoch: `0.1*5:0.05` (training.md 2). */

import { expandElements, parseElements } from "../../grammar/config/parser.js";
import { CntkError } from "../../grammar/errors.js";
import type { SourceText } from "../../grammar/source.js";
import { readInteger, readReal, type TypedText, unexpected } from "./values.js";

/** A value for every epoch; the last one holds for ever. */
export interface Schedule {
  /** @param epoch counted from 0 */
  at(epoch: number): number;
  /** the values as written, repetitions expanded */
  readonly values: readonly number[];
}

/** A schedule of values that are numbers already; there is at least one. */
export function scheduleOf(values: readonly number[]): Schedule {
  return { values, at: (epoch) => values[Math.min(epoch, values.length - 1)] ?? NaN };
}

/**
 * Reads a schedule.
 * @param whole the text as a whole, for messages
 * @throws CntkError "configuring" for an element of another type, a repeat factor below 1, or no element at all
 */
export function readSchedule(
  text: SourceText,
  element: "real" | "integer",
  whole: Omit<TypedText, "text">,
): Schedule {
  const elements = parseElements(text);
  if (elements.length === 0) throw unexpected({ ...whole, text: "" }, "at least one value");
  const read = element === "real" ? readReal : readInteger;
  const numbers = elements.map(({ value, range, repeat, repeatRange }) => {
    if (repeat < 1) {
      const message = `${whole.name}: expected a repeat factor of at least 1, found ${repeat}`;
      throw new CntkError("configuring", message, { ranges: [repeatRange ?? range] });
    }
    return { value: read({ name: whole.name, text: value.text, range }), range, repeat };
  });
  return scheduleOf(expandElements(numbers));
}
