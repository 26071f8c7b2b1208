/** Ctrl-C while a network is trained: the first one ends the run after the minibatch, the second one at once. */

import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Interruption } from "../engine/interruption.js";

/** What the flag says that both threads see. */
const WATCHING = 0;
const REQUESTED = 1;
const OVER = 2;

/**
 * A minibatch may take long, and the thread that computes it hears of no signal before it ends. So another thread waits
 * for the first one, in a script that SIGINT interrupts, and tells the user at once. After that nobody listens any more,
 * and the system ends the program at the next.
 */
const WATCHER = `
const { workerData, parentPort } = require("node:worker_threads");
const { flag, message } = workerData;
globalThis.flag = flag;
const wait = new (require("node:vm").Script)("Atomics.wait(flag, 0, ${WATCHING})");
parentPort.postMessage("watching");
try {
  wait.runInThisContext({ breakOnSigint: true });
} catch (error) {
  if (error.code !== "ERR_SCRIPT_EXECUTION_INTERRUPTED") throw error;
  Atomics.store(flag, 0, ${REQUESTED});
  require("node:fs").writeSync(2, message);
}
`;

const MESSAGE = "Ctrl-C: the run ends after this minibatch. Once more ends it at once.\n";

export function ctrlC(): Interruption {
  const newFlag = () => new Int32Array(new SharedArrayBuffer(4));
  let flag = newFlag();
  return {
    watch: async () => {
      const watched = (flag = newFlag());
      // on a terminal there may be a progress line in front
      const message = process.stderr.isTTY ? `\n${MESSAGE}` : MESSAGE;
      const watcher = new Worker(WATCHER, { eval: true, workerData: { flag, message } });
      await once(watcher, "message");
      watcher.unref();
      return () => {
        Atomics.compareExchange(watched, 0, WATCHING, OVER);
        Atomics.notify(watched, 0);
      };
    },
    wasRequested: async () => {
      // A training never leaves its turn of the event loop by itself; what else waits there gets its turn.
      await setImmediate();
      return Atomics.load(flag, 0) === REQUESTED;
    },
  };
}
