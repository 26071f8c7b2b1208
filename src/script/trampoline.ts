/**
 * Evaluation on a stack of our own. BrainScript nests deeply (a network of 152 layers needs more than 11,000 nested
 * evaluations, brainscript.md 4.3), deeper than the stack of JavaScript, so every evaluation is a generator that yields
 * the evaluations it needs. What never ends, such as `f (x) = f (x)`, is stopped by count.
 */

import { CntkError } from "../../grammar/errors.js";
import type { Value } from "./value.js";

/** A computation that may need values on its way to a result of type T. */
export type Task<T> = Generator<Evaluation | Value, T, Value>;

/** A computation of a value. `const x = yield evaluate(...)` waits for another one, or gets at once what is there. */
export type Evaluation = Task<Value>;

/** Several times what ResNet-152 needs: 25,000 evaluations that wait for each other, 180,000 in all. */
const deepest = 120_000;
const mostEvaluations = 500_000;

/** Runs an evaluation to its end. An error is thrown into every waiting evaluation, innermost first. */
export function runToEnd(start: Evaluation | Value): Value {
  if (isValue(start)) return start;
  const waiting: Evaluation[] = [start];
  let begun = 1;
  let sent: Value | undefined;
  let failure: { readonly error: unknown } | undefined;
  for (;;) {
    const task = waiting.at(-1);
    if (task === undefined) throw new Error("an evaluation ended without a value");
    try {
      const step = failure === undefined ? resume(task, sent) : task.throw(failure.error);
      failure = undefined;
      if (isValue(step.value)) {
        sent = step.value;
        if (step.done === true) waiting.pop();
        if (waiting.length === 0) return sent;
        continue;
      }
      waiting.push(step.value);
      sent = undefined;
      failure = limitReached(waiting.length, ++begun);
    } catch (error) {
      waiting.pop();
      if (waiting.length === 0) throw error;
      failure = { error };
    }
  }
}

const isValue = (step: Evaluation | Value): step is Value => "kind" in step;

/** A generator ignores what its first `next` is given. */
function resume(task: Evaluation, value: Value | undefined) {
  return (task as Generator<Evaluation | Value, Value, Value | undefined>).next(value);
}

function limitReached(depth: number, begun: number) {
  if (depth <= deepest && begun <= mostEvaluations) return undefined;
  const isDeep = depth > deepest;
  const message = isDeep
    ? `the evaluation is too deep: more than ${deepest} evaluations wait for each other`
    : `the evaluation is too long: more than ${mostEvaluations} evaluations`;
  const hint = "a function that calls itself needs an 'if' with a branch that does not";
  const layers = isDeep ? "; a network may have about a thousand layers in a row" : "";
  return { error: new CntkError("evaluating", message, { hint: hint + layers }) };
}
