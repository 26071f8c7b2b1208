/**
 * Our compiled kernels inside the memory of TensorFlow.js's wasm backend: tensors are passed as offsets, working memory
 * comes from the backend's own allocator.
 */

import type { TensorInfo } from "@tensorflow/tfjs";
import { kernelTable, type KernelName } from "./table.js";

/** What we use of the backend's class, which does not export its type. */
export interface WasmBackend {
  readonly wasm: {
    readonly asm: { readonly memory?: WebAssembly.Memory };
    /** in the form with threads, which imports its memory instead of exporting it */
    readonly wasmMemory?: WebAssembly.Memory;
    _malloc(bytes: number): number;
    _free(offset: number): void;
  };
  readonly dataIdMap: { get(id: object): { readonly memoryOffset: number } };
  makeOutput(shape: readonly number[], type: "float32" | "int32"): TensorInfo;
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array;
  disposeData(id: object): boolean;
}

/** The kernels as functions over byte offsets and numbers, in the order of `kernelTable`. */
export type Kernels = Readonly<Record<KernelName, (...values: number[]) => number>>;

export interface KernelHost {
  readonly backend: WasmBackend;
  readonly kernels: Kernels;
  /** where the numbers of a tensor begin */
  offset(tensor: TensorInfo): number;
  output(shape: readonly number[], type?: "float32" | "int32"): TensorInfo;
  /** working memory until the next call */
  scratch(bytes: number): number;
}

/** The memory of the wasm backend; undefined for another backend. */
function memoryOf(backend: unknown): WebAssembly.Memory | undefined {
  const { wasm } = backend as { wasm?: Partial<WasmBackend["wasm"]> };
  return wasm?.wasmMemory ?? wasm?.asm?.memory;
}

/** True for the wasm backend in a form whose memory our module can use. */
export const isWasmBackend = (backend: unknown): backend is WasmBackend =>
  memoryOf(backend) !== undefined;

/**
 * Starts the module on the backend's memory.
 * @param module kernels.wasm, or kernels-shared.wasm for a memory that threads share
 * @returns undefined if the module is older than the table of kernels
 */
export function startKernels(
  module: WebAssembly.Module,
  backend: WasmBackend,
): KernelHost | undefined {
  const { wasm } = backend;
  const memory = memoryOf(backend);
  if (memory === undefined) throw new Error("the backend hides its memory");
  // The module has neither data nor a table, so its bases are never used.
  const base = () => new WebAssembly.Global({ value: "i32", mutable: false }, 0);
  const instance = new WebAssembly.Instance(module, {
    env: { memory, __memory_base: base(), __table_base: base() },
  });
  const kernels = collectKernels(instance);
  if (kernels === undefined) return undefined;
  let scratch = { offset: 0, bytes: 0 };
  return {
    backend,
    kernels,
    offset: (tensor) => backend.dataIdMap.get(tensor.dataId).memoryOffset,
    output: (shape, type = "float32") => backend.makeOutput(shape, type),
    scratch(bytes) {
      if (bytes <= scratch.bytes) return scratch.offset;
      if (scratch.offset !== 0) wasm._free(scratch.offset);
      const larger = Math.max(Math.ceil(bytes * 1.25), 1 << 16);
      // The allocator's result is an unsigned offset in a signed number.
      const offset = wasm._malloc(larger) >>> 0;
      if (offset === 0) throw new Error(`no ${larger} bytes of memory left for a kernel`);
      scratch = { offset, bytes: larger };
      return offset;
    },
  };
}

/** The kernels among the exports of a module. */
export function collectKernels(instance: WebAssembly.Instance): Kernels | undefined {
  const entries = Object.keys(kernelTable).map((name) => [name, instance.exports[name]] as const);
  if (entries.some(([, kernel]) => typeof kernel !== "function")) return undefined;
  // Every name of the table has just been found to be a function.
  return Object.fromEntries(entries) as Kernels;
}
