/** Ctrl-C while a network is trained: the first one ends the run after the minibatch, the second one at once. */

import { setImmediate } from "node:timers/promises";
import type { Interruption } from "../engine/interruption.js";

/** Exit code of a program that Ctrl-C ended: 128 + SIGINT. */
export const INTERRUPTED_EXIT_CODE = 130;

/** @param log takes what the user should know when the first Ctrl-C arrives */
export function ctrlC(log: (line: string) => void): Interruption {
  let isRequested = false;
  const onSignal = () => {
    isRequested = true;
    log("Ctrl-C: the run ends after this minibatch. Once more ends it at once.");
  };
  return {
    watch: () => {
      // After one signal nobody listens any more, and the system ends the program at the next.
      process.once("SIGINT", onSignal);
      return () => process.off("SIGINT", onSignal);
    },
    wasRequested: async () => {
      // Signals are delivered between two turns of the event loop, which a training never leaves by itself.
      await setImmediate();
      return isRequested;
    },
  };
}
