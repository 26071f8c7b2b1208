/** How rows of the tables are written. */

import { readPeerNumbers, type Case, type CaseInput } from "./harness.js";

const peerNumbers = readPeerNumbers("expected.json");

/** A row with CNTK's numbers; its name begins with the operation. */
export function peer(name: string, more: Partial<Case> = {}): Case {
  const [operation = name] = name.split(/[ ,]/);
  return {
    operation,
    ...(name === operation ? {} : { note: name }),
    ...peerNumbers(name),
    ...more,
  };
}

/** An input with dynamic axis. */
export const samples = (shape: readonly number[], ...values: number[]): CaseInput => ({
  shape,
  values,
});

/** An input without dynamic axis. */
export const constant = (shape: readonly number[], ...values: number[]): CaseInput => ({
  shape,
  values,
  isConstant: true,
});
