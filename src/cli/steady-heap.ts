/** Keeps the memory that the process takes near what it uses, over any number of epochs. */

import v8 from "node:v8";

/**
 * V8 doubles the space for new objects, up to 32 MB, whenever enough of them have survived, which in a long run is only a
 * matter of time; and it lets what became garbage double the rest. Minibatches need neither: their numbers are outside of
 * V8's heap. A thread that is started sets the first back, so this is to be called after the last one.
 */
export function keepHeapSteady(): void {
  v8.setFlagsFromString("--semi-space-growth-factor=1");
  v8.setFlagsFromString("--heap-growing-percent=25");
}
