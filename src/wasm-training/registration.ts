/** Registers kernels with TensorFlow.js's wasm backend that compute with ours, inside the backend's memory. */

import type * as TensorFlow from "@tensorflow/tfjs";
import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from "@tensorflow/tfjs";
import type { KernelHost } from "../kernels/host.js";

/** What we use of TensorFlow.js, which a program may have loaded in one of several ways. */
export type KernelRegistry = Pick<
  typeof TensorFlow,
  "backend_util" | "getKernel" | "registerKernel"
>;

export type Inputs = Readonly<Record<string, TensorInfo>>;

/** A kernel as it is registered: inputs by name and attributes to outputs. */
export type RegisteredKernel = (
  host: KernelHost,
  inputs: Inputs,
  attributes: NamedAttrMap,
) => TensorInfo | TensorInfo[];

/**
 * Registers the kernels that the wasm backend does not have yet.
 * @param hostOf our kernels in the memory of a backend, which may start only after this
 * @returns names of what was registered
 */
export function registerKernels(
  registry: KernelRegistry,
  kernels: Readonly<Record<string, RegisteredKernel>>,
  hostOf: (backend: unknown) => KernelHost,
): readonly string[] {
  const missing = Object.entries(kernels).filter(
    ([kernelName]) => !isRegistered(registry, kernelName),
  );
  for (const [kernelName, compute] of missing)
    registry.registerKernel({
      kernelName,
      backendName: "wasm",
      kernelFunc: ({ inputs, backend, attrs }) =>
        compute(hostOf(backend), present(inputs), attrs ?? {}),
    });
  return missing.map(([kernelName]) => kernelName);
}

export const isRegistered = (registry: KernelRegistry, kernelName: string): boolean =>
  // undefined for an unknown kernel, whatever its type says
  Boolean(registry.getKernel(kernelName, "wasm"));

/** Inputs without the ones left out, which our kernels do not have. */
const present = (inputs: NamedTensorInfoMap): Inputs =>
  Object.fromEntries(
    Object.entries(inputs).flatMap(([name, tensor]) =>
      tensor === undefined ? [] : [[name, tensor]],
    ),
  );

export function input(inputs: Inputs, name: string): TensorInfo {
  const tensor = inputs[name];
  if (tensor === undefined) throw new Error(`a kernel was called without ${name}`);
  return tensor;
}

/** The only output of a kernel. */
export function onlyOutput(outputs: TensorInfo | TensorInfo[]): TensorInfo {
  const first = Array.isArray(outputs) ? outputs[0] : outputs;
  if (first === undefined) throw new Error("a kernel had no output");
  return first;
}
