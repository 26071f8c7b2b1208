/** Adds the kernels for training to TensorFlow.js's wasm backend, whether that has started already or not. */

import { isWasmBackend, startKernels, type KernelHost } from "../kernels/host.js";
import { registerKernels, type KernelRegistry } from "./registration.js";
import { trainingKernels } from "./training-kernels.js";

/**
 * @param module of kernels, for the kind of memory that the backend has
 * @returns names of the kernels that the backend lacked
 */
export function installTrainingKernels(
  registry: KernelRegistry,
  module: WebAssembly.Module,
): readonly string[] {
  let host: KernelHost | undefined;
  const hostOf = (backend: unknown): KernelHost => {
    if (host !== undefined && host.backend === backend) return host;
    if (!isWasmBackend(backend)) throw new Error("this wasm backend does not share its memory");
    host = startKernels(module, backend);
    if (host === undefined) throw new Error("kernels.wasm is outdated: build tscntk again");
    return host;
  };
  return registerKernels(registry, trainingKernels(registry), hostOf);
}
