/** Waits for a disk or network that does not answer for a moment, as CNTK's readers do (readers.md 1.4). */

import { systemReason } from "../config/system-error.js";

/** What may pass by itself; a missing file or a missing permission does not. */
const PASSING = [
  ...["EIO", "EAGAIN", "EBUSY", "ESTALE", "ETIMEDOUT", "EMFILE", "ENFILE"],
  ...["ENETDOWN", "ENETUNREACH", "EHOSTDOWN", "EHOSTUNREACH", "ENOTCONN", "EREMOTEIO"],
];

const ATTEMPTS = 5;
const PAUSE_MS = 1000;

/** Nothing else can be done meanwhile: reading is synchronous. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/**
 * Tries up to five times.
 * @param log takes a note for each time that it has to be tried again
 * @throws what the last attempt threw
 */
export function retried<T>(action: () => T, log: (line: string) => void, pause = sleep): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return action();
    } catch (error) {
      const reason = systemReason(error);
      const isPassing = PASSING.some((code) => reason.startsWith(`${code}:`));
      if (!isPassing || attempt === ATTEMPTS) throw error;
      log(`Retrying data access (attempt ${attempt + 1} of ${ATTEMPTS}) after ${reason}`);
      pause(PAUSE_MS);
    }
  }
}
