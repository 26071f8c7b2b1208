/** Recurrent loops of a network: what the log says about them, and which ones cannot be computed (nodes.md 14.2). */

import { CntkError } from "../../grammar/errors.js";
import type { ComputationNode } from "./node.js";
import { findUndelayedLoop } from "./undelayed-loop.js";

/** Lines for the log: the loop's name, after the node it was entered by, and its nodes, three a line. */
export function describeLoop(loop: readonly ComputationNode[], index: number): string {
  const names = loop.map(({ name }, position) => `${position % 3 === 0 ? "\n" : ""}\t${name}`);
  return `\nLoop[${index}] --> Loop_${loop.at(-1)?.name ?? ""} -> ${loop.length} nodes\n${names.join("")}`;
}

/**
 * Checks that a loop can be computed step by step, in one direction.
 * @throws CntkError "validating"
 */
export function checkLoop(loop: readonly ComputationNode[]): void {
  const undelayed = findUndelayedLoop(loop);
  if (undelayed !== undefined) {
    throw loopError(
      undelayed,
      `${undelayed.operation.name} '${undelayed.name}' needs its own value of the same step, in the recurrent loop of ${listed(loop)}`,
      "a recurrence must pass through PastValue or FutureValue",
    );
  }
  const forward = loop.find(({ operation }) => operation.loopDirection === "forward");
  const backward = loop.find(({ operation }) => operation.loopDirection === "backward");
  if (forward !== undefined && backward !== undefined) {
    throw loopError(
      backward,
      `the recurrent loop of ${listed(loop)} contains both ${forward.operation.name} '${forward.name}' and ${backward.operation.name} '${backward.name}'`,
      "a loop is computed in one direction of time: make two of it, the second on the result of the first",
    );
  }
  const whole = loop.find((node) => needsAllSteps(node));
  if (whole !== undefined) {
    throw loopError(
      whole,
      `${whole.operation.name} '${whole.name}' needs all steps of its sequence at once, but is inside the recurrent loop of ${listed(loop)}`,
      "a loop is computed step by step: move the operation in front of the loop or behind it",
    );
  }
}

function needsAllSteps({ operation, settings }: ComputationNode): boolean {
  const { needsAllSteps: always, reducesMinibatch: reduces } = operation;
  return always === true || (typeof reduces === "function" ? reduces(settings) : reduces === true);
}

function listed(loop: readonly ComputationNode[]): string {
  const shown = loop.slice(0, 4).map(({ name }) => `'${name}'`);
  const others = loop.length - shown.length;
  return others === 0 ? shown.join(", ") : `${shown.join(", ")} and ${others} more`;
}

const loopError = ({ ranges }: ComputationNode, message: string, hint: string) =>
  new CntkError("validating", message, { hint }).traced(ranges);
