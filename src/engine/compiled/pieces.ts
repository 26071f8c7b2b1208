/** How a minibatch is divided: among threads, and for each thread into blocks whose values stay in the processor's cache. */

import type { ComputationNode } from "../../network/node.js";

/** Columns of a minibatch that a thread computes at once. */
export interface Block {
  readonly first: number;
  readonly columns: number;
  /** true for the first one of its thread */
  readonly isFirst: boolean;
}

export interface Division {
  /** blocks by rank */
  readonly ranks: readonly (readonly Block[])[];
}

/** Fewer are not worth a thread. */
const LEAST_COLUMNS = 4;

/**
 * @param threads that there are
 * @param columnsOfBlock most columns of a block
 */
export function divide(columns: number, threads: number, columnsOfBlock: number): Division {
  const count = Math.max(1, Math.min(threads, Math.floor(columns / LEAST_COLUMNS)));
  const shares = split(0, columns, count);
  return {
    ranks: shares.map(({ first, columns: size }) =>
      split(first, size, Math.max(1, Math.ceil(size / columnsOfBlock))),
    ),
  };
}

function split(first: number, columns: number, count: number): Block[] {
  const border = (part: number) => first + Math.floor((columns * part) / count);
  return Array.from({ length: count }, (_, part) => ({
    first: border(part),
    columns: border(part + 1) - border(part),
    isFirst: part === 0,
  }));
}

/** True for a node whose value joins the samples of the minibatch. */
export function joinsSamples({ dynamicAxis, inputs, operation }: ComputationNode): boolean {
  if (operation.precompute !== undefined) return false;
  return dynamicAxis === undefined && inputs.some((input) => input.dynamicAxis !== undefined);
}

/**
 * True if pieces of a minibatch can be computed by themselves, so that adding up their gradients and their sums over samples
 * gives those of the minibatch: nothing may be computed from a value that joins samples, and what is trained must belong to
 * samples.
 */
export function isDivisible(
  nodes: readonly ComputationNode[],
  criterion: ComputationNode | undefined,
): boolean {
  const joined = new Set(nodes.filter(joinsSamples));
  const isOfSamples =
    criterion === undefined || criterion.dynamicAxis !== undefined || joined.has(criterion);
  return isOfSamples && !nodes.some(({ inputs }) => inputs.some((input) => joined.has(input)));
}
