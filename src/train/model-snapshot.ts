/** The state of a model in memory, to go back to after a trial. */

import type { ComputationNetwork } from "../network/network.js";
import type { ParameterUpdates } from "./parameter-updates.js";

/** Remembers the values of all parameters, running statistics among them, and what the learner knows. @returns restores them */
export function takeSnapshot(network: ComputationNetwork, updates: ParameterUpdates): () => void {
  const restoreValues = rememberValues(network);
  const states = updates.states.map((state) => ({
    ...state,
    smoothedGradient: state.smoothedGradient.slice(),
  }));
  return () => {
    restoreValues();
    updates.resumeWith(
      states.map((state) => ({ ...state, smoothedGradient: state.smoothedGradient.slice() })),
    );
  };
}

/** Remembers the values of all parameters. @returns puts them back */
export function rememberValues({ nodes }: ComputationNetwork): () => void {
  const values = nodes.map(({ parameter }) => parameter?.value?.slice());
  return () => {
    for (const [i, { parameter }] of nodes.entries()) {
      const value = values[i];
      if (value !== undefined) parameter?.value?.set(value);
    }
  };
}
