/** The numeric gradient check before every minibatch: `gradientcheck`, `sigFigs` (training.md 3.3); CNTK: SGD::GradientCheck. */

import assert from "node:assert/strict";
import { CntkError } from "../../grammar/errors.js";
import type { Program, RunOptions } from "../engine/engine.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode, FloatArray } from "../network/node.js";
import { evaluationOrder } from "../network/order.js";
import type { Minibatch } from "../readers/reader.js";
import { printf } from "../script/printf.js";
import { rememberValues } from "./model-snapshot.js";

export interface GradientCheck {
  readonly network: ComputationNetwork;
  readonly criterion: ComputationNode;
  readonly parameters: readonly ComputationNode[];
  /** digits that have to agree */
  readonly significantDigits: number;
}

const STEP = 1e-5;
/** A tensor of more elements is probed at that many, evenly spread. */
const MOST_PROBES = 50;
const SHOWN_FAILURES = 5;

/**
 * Compares the gradients of one minibatch with central differences of the criterion; parameters and running statistics
 * are afterwards as they were.
 * @throws CntkError "running" where they differ, with the elements
 */
export function checkGradients(
  { network, criterion, parameters, significantDigits }: GradientCheck,
  program: Program,
  minibatch: Minibatch,
  options: RunOptions,
): void {
  expectSteadyMasks(criterion, options);
  const restore = rememberValues(network);
  program.run(minibatch, options);
  const gradients = parameters.map(({ parameter }) => parameter?.gradient?.slice());
  restore();
  const criterionNow = () => {
    program.run(minibatch, options);
    let sum = 0;
    for (const value of program.value(criterion)) sum += value;
    return sum;
  };
  const failures: string[] = [];
  for (const [i, node] of parameters.entries()) {
    const value = node.parameter?.value;
    const gradient = gradients[i];
    assert(value !== undefined && gradient !== undefined);
    for (const at of probes(value.length)) {
      const element = value[at] ?? 0;
      const criterionAt = (moved: number) => {
        value[at] = moved;
        const result = criterionNow();
        restore();
        return result;
      };
      const numeric = (criterionAt(element + STEP) - criterionAt(element - STEP)) / (2 * STEP);
      if (!agree(numeric, gradient[at] ?? 0, significantDigits)) {
        failures.push(describeFailure(node, at, numeric, gradient));
      }
    }
  }
  if (failures.length > 0) throw gradientError(failures);
}

/** Differences between runs with different dropout masks say nothing. */
function expectSteadyMasks(criterion: ComputationNode, { dropoutRate }: RunOptions): void {
  const random = evaluationOrder([criterion]).find(
    ({ operation }) =>
      operation.isRandom === true && (operation.name !== "Dropout" || dropoutRate > 0),
  );
  if (random === undefined) return;
  throw new CntkError(
    "running",
    `gradientcheck: '${random.name}' = ${random.operation.name} draws new random numbers at every evaluation, so the criterion cannot be differentiated numerically`,
    { ranges: random.ranges, hint: "check gradients with dropoutRate = 0" },
  );
}

function probes(size: number): number[] {
  const count = Math.min(size, MOST_PROBES);
  return Array.from({ length: count }, (_, probe) => Math.floor((probe * size) / count));
}

/** The allowed difference grows with the smaller of the two, from 1 on. */
function agree(numeric: number, computed: number, digits: number): boolean {
  const smaller = Math.min(Math.abs(numeric), Math.abs(computed));
  const magnitude = smaller === 0 ? 0 : Math.max(0, Math.ceil(Math.log10(smaller)));
  return Math.abs(numeric - computed) <= 10 ** (magnitude - digits);
}

function describeFailure(
  { name }: ComputationNode,
  at: number,
  numeric: number,
  gradient: FloatArray,
): string {
  return printf(
    "'%s' element %d: numeric gradient %e, computed %e",
    name,
    at,
    numeric,
    gradient[at] ?? 0,
  );
}

function gradientError(failures: readonly string[]): CntkError {
  const shown = failures.slice(0, SHOWN_FAILURES).join("; ");
  const more =
    failures.length > SHOWN_FAILURES ? `; and ${failures.length - SHOWN_FAILURES} more` : "";
  return new CntkError("running", `cannot pass gradient checker: ${shown}${more}`, {
    hint: "some operations differ from the mathematical gradient on purpose, as CNTK's do; sigFigs sets how many digits must agree",
  });
}
