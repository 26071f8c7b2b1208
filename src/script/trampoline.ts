/**
 * Evaluation on a stack of our own. BrainScript nests deeply (a network of 152 layers needs more than 11,000 nested
 * evaluations, brainscript.md 4.3), deeper than the stack of JavaScript, so every evaluation is a generator that yields
 * the evaluations it needs.
 */

import type { Value } from "./value.js";

/** A computation that may need values on its way to a result of type T. */
export type Task<T> = Generator<Evaluation, T, Value>;

/** A computation of a value. `const x = yield evaluate(...)` waits for another one. */
export type Evaluation = Task<Value>;

/** Runs an evaluation to its end. An error is thrown into every waiting evaluation, innermost first. */
export function runToEnd(start: Evaluation): Value {
  const waiting: Evaluation[] = [start];
  let resume: (task: Evaluation) => IteratorResult<Evaluation, Value> = (task) => {
    // A generator ignores what its first `next` is given.
    return (task as Generator<Evaluation, Value, Value | undefined>).next(undefined);
  };
  const first = resume;
  for (;;) {
    const task = waiting.at(-1);
    if (task === undefined) throw new Error("an evaluation ended without a value");
    try {
      const step = resume(task);
      if (step.done !== true) {
        waiting.push(step.value);
        resume = first;
        continue;
      }
      waiting.pop();
      const value = step.value;
      if (waiting.length === 0) return value;
      resume = (next) => next.next(value);
    } catch (error) {
      waiting.pop();
      if (waiting.length === 0) throw error;
      resume = (next) => next.throw(error);
    }
  }
}
