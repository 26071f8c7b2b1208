/** Values as the kind a consumer needs, with errors that say what was expected and found. */

import { CntkError } from "../../grammar/errors.js";
import type { SourceRange } from "../../grammar/source.js";
import type { Task } from "./trampoline.js";
import { describeValue, stringValue } from "./value.js";
import type { ArrayValue, RecordValue, StringValue, Value } from "./value.js";

/** A mistake found while evaluating, at a place. */
export function evaluationError(
  message: string,
  range: SourceRange | undefined,
  hint?: string,
): CntkError {
  return new CntkError("evaluating", message, { hint, ranges: range === undefined ? [] : [range] });
}

/** What is asked for: the words `what` begin the message, as in `argument 'outDim'`. */
export function wrongKind(what: string, expected: string, found: Value, hint?: string): CntkError {
  const complaint = `expected ${expected}, found ${describeValue(found)}`;
  return new CntkError("evaluating", `${what}: ${complaint}`, {
    hint: hint ?? hintForFunction(found),
    culprit: { value: found, complaint },
  });
}

/** The usual reason why a function stands where something else should: a layer was made and not applied. */
export function hintForFunction(found: Value): string | undefined {
  if (found.kind !== "function") return undefined;
  return "a layer or function is applied to its input: DenseLayer {10} (x), ReLU (x)";
}

export function asNumber(value: Value, what: string): number {
  if (value.kind !== "number") throw wrongKind(what, "a number", value);
  return value.value;
}

export function asInteger(value: Value, what: string): number {
  const number = asNumber(value, what);
  if (!Number.isInteger(number)) throw wrongKind(what, "an integer", value);
  return number;
}

/** A size: an integer that is not negative. */
export function asSize(value: Value, what: string): number {
  const size = asInteger(value, what);
  if (size < 0) throw wrongKind(what, "a size (0 or more)", value);
  return size;
}

export function asBool(value: Value, what: string): boolean {
  if (value.kind !== "bool") throw wrongKind(what, "true or false", value);
  return value.value;
}

export function asString(value: Value, what: string): string {
  if (value.kind !== "string") throw wrongKind(what, "a string", value);
  return value.value;
}

export function asRecord(value: Value, what: string): RecordValue {
  if (value.kind !== "record") throw wrongKind(what, "a record { ... }", value);
  return value;
}

function hintForArray(found: Value): string | undefined {
  if (found.kind !== "number") return undefined;
  return `elements stand in parentheses with ':' between them, such as (${found.value}:${found.value})`;
}

const longestText = 1_000_000;

/**
 * A string whose length is known before it is made: scripts can double one as often as they like.
 * @throws CntkError beyond a million characters
 */
export function boundedString(length: number, make: () => string): StringValue {
  if (length <= longestText) return stringValue(make());
  const message = `a string may have up to ${longestText} characters, found ${length}`;
  throw new CntkError("evaluating", message);
}

/** An array that is used as a plain vector: its first index must be 0. */
export function asVector(value: Value, what: string): ArrayValue {
  if (value.kind !== "array") throw wrongKind(what, "an array", value, hintForArray(value));
  if (value.first !== 0) {
    throw new CntkError(
      "evaluating",
      `${what}: the array must start at index 0, not ${value.first}`,
    );
  }
  return value;
}

/** Arrays that share elements can have more of them than fit anywhere. */
const mostFlattened = 20_000;

/** The elements of nested arrays as one list; a scalar counts as a one-element array. */
export function* flattened(value: Value): Task<Value[]> {
  if (value.kind !== "array") return [value];
  const result: Value[] = [];
  // A stack of our own: arrays made by Repeat nest as deeply as they are long.
  const waiting = value.elements.toReversed();
  let visited = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (++visited > mostFlattened) {
      const message = `nested arrays may have up to ${mostFlattened} elements in all`;
      throw new CntkError("evaluating", message);
    }
    const element = yield next.force();
    if (element.kind !== "array") result.push(element);
    else for (const inner of element.elements.toReversed()) waiting.push(inner);
  }
  return result;
}
