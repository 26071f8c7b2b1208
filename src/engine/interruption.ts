/** How a training is stopped from outside: by Ctrl-C, between two minibatches. */

/** What training asks; the command line answers. */
export interface Interruption {
  /**
   * From now on a request to stop is remembered and not obeyed at once.
   * @returns obeys such requests at once again
   */
  readonly watch: () => Promise<() => void>;
  /** Lets a request that has come in be noticed; true if there was one. */
  readonly wasRequested: () => Promise<boolean>;
}

/** Thrown where a run ends because it was asked to; the message says how to go on. */
export class Interrupted extends Error {}
