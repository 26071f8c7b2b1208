/**
 * `import "tscntk/wasm-training"` in Node: TensorFlow.js's wasm backend, with the kernels it lacks for training.
 *
 *     import * as tf from "@tensorflow/tfjs";
 *     import "tscntk/wasm-training";
 *     await tf.setBackend("wasm");
 */

import * as tf from "@tensorflow/tfjs";
// registers the backend
import "@tensorflow/tfjs-backend-wasm";
import { readModule } from "../kernels/built-files.js";
import { installTrainingKernels } from "./install.js";

const module = readModule();
if (module === undefined) throw new Error("kernels.wasm has not been built (npm run build)");

/** Names of the kernels that the backend lacked. */
export const addedKernels: readonly string[] = installTrainingKernels(tf, module);
