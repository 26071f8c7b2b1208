/** Asks between two minibatches whether training is to stop. */

import type { Interruption } from "../engine/interruption.js";

/** Asking takes a turn of the event loop; so often is quick enough for a person who waits. */
const INTERVAL_MS = 50;

export class StopRequests {
  readonly #interruption: Interruption | undefined;
  #nextTime = 0;

  constructor(interruption: Interruption | undefined) {
    this.#interruption = interruption;
  }

  async hasOne(): Promise<boolean> {
    const now = performance.now();
    if (this.#interruption === undefined || now < this.#nextTime) return false;
    this.#nextTime = now + INTERVAL_MS;
    return this.#interruption.wasRequested();
  }
}
