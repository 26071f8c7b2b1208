/** What later releases do in one node over several axes, as a chain of nodes over one axis or two. */

import type { CntkError } from "../../../grammar/errors.js";
import type { Settings } from "../../operations/settings.js";

type Fail = (message: string) => CntkError;

/** Reductions of which one after the other over several axes is the same as all at once. */
const REPEATABLE = ["Sum", "LogSum", "Mean", "Max", "Min", "Prod"];

/** Settings of ReduceElements for each axis. @param axes numbers from 1 on, or a single special one */
export function axisSteps(axes: readonly number[], reductionOp: string, fail: Fail): Settings[] {
  if (axes.length === 0) throw fail("expected an axis to reduce, found none");
  if (axes.length > 1 && (!REPEATABLE.includes(reductionOp) || axes.some((axis) => axis < 1))) {
    throw fail(`${reductionOp} over the axes ${axes.join(", ")} together is not supported`);
  }
  return axes.map((axis) => ({ axis, reductionOp }));
}

/** Settings of TransposeDimensions for each exchange that it takes. @param order source of each axis, from 0 on */
export function permutationSteps(order: readonly number[], fail: Fail): Settings[] {
  const present = order.map((_, axis) => axis);
  const steps: Settings[] = [];
  for (const [axis, source] of order.entries()) {
    const found = present.indexOf(source, axis);
    if (found < 0) throw fail(`expected a permutation of axes, found ${order.join(", ")}`);
    if (found === axis) continue;
    present[found] = present[axis] ?? 0;
    present[axis] = source;
    steps.push({ axis1: axis + 1, axis2: found + 1 });
  }
  // Nothing to exchange is still a node.
  return steps.length === 0 ? [{ axis1: 1, axis2: 1 }] : steps;
}
