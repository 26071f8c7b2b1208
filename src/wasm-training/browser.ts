/**
 * `import "tscntk/wasm-training"` in a browser: TensorFlow.js's wasm backend, with the kernels it lacks for training.
 * The import is complete when they are there. Bundlers copy the two files that are named by URL below. A page without a
 * bundler loads TensorFlow.js and its wasm backend as scripts, which set the global `tf`, and then this file as a module.
 */

import type * as TensorFlow from "@tensorflow/tfjs";
import { installTrainingKernels } from "./install.js";

const FILES = {
  alone: new URL("../kernels/kernels.wasm", import.meta.url),
  threads: new URL("../kernels/kernels-shared.wasm", import.meta.url),
};

/** TensorFlow.js with the wasm backend registered. */
async function loadTensorFlow(): Promise<typeof TensorFlow> {
  const { tf: ofScripts } = globalThis as { tf?: typeof TensorFlow };
  const tf = ofScripts ?? (await import("@tensorflow/tfjs"));
  if (!("wasm" in tf.engine().registryFactory)) await import("@tensorflow/tfjs-backend-wasm");
  return tf;
}

async function loadModule(tf: typeof TensorFlow): Promise<WebAssembly.Module> {
  // by the same flag the backend chooses its own file
  const hasThreads = await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT");
  const file = hasThreads ? FILES.threads : FILES.alone;
  const response = await fetch(file);
  if (!response.ok) throw new Error(`${file.href} cannot be loaded: ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

const tensorFlow = await loadTensorFlow();

/** Names of the kernels that the backend lacked. */
export const addedKernels: readonly string[] = installTrainingKernels(
  tensorFlow,
  await loadModule(tensorFlow),
);
