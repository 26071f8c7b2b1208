/** Keeps the memory that the process takes near what it uses, over any number of epochs. */

import v8 from "node:v8";
import vm from "node:vm";

/**
 * V8 doubles the space for new objects, up to 32 MB, whenever enough of them have survived, which in a long run is only a
 * matter of time; and it lets what became garbage double the rest. Minibatches need neither: their numbers are outside of
 * V8's heap. A thread that is started sets the first back, so this is to be called after the last one.
 */
export function keepHeapSteady(): void {
  v8.setFlagsFromString("--semi-space-growth-factor=1");
  v8.setFlagsFromString("--heap-growing-percent=25");
  // what the heap may grow to is set by a full collection: until the first one it is what V8 begins with, near 50 MB
  collectGarbage();
}

/** A few milliseconds; V8 gives its collector only to contexts made after the flag was set. */
function collectGarbage(): void {
  v8.setFlagsFromString("--expose-gc");
  const collect: unknown = vm.runInNewContext("globalThis.gc");
  v8.setFlagsFromString("--no-expose-gc");
  if (typeof collect === "function") Reflect.apply(collect, undefined, []);
}
