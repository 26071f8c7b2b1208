/**
 * Our kernels over a memory of their own: the same functions whether they run as native code or as WebAssembly, all over
 * byte offsets in one WebAssembly.Memory.
 */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { collectKernels, findModule, type Kernels } from "./host.js";
import { kernelTable } from "./table.js";

/** How the kernels run. `auto` takes native code where there is a form for this machine. */
export type KernelForm = "auto" | "native" | "wasm";

export interface KernelLibrary {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  /** `avx512`, `avx2`, `neon` or `wasm` */
  readonly form: string;
  /** why it is this form, for the log */
  readonly reason: string;
  /** tells native code where the memory is; to be called after the memory has grown */
  attach(): void;
}

/** Features that a form of native code needs, as /proc/cpuinfo names them. */
const NATIVE_FORMS: readonly (readonly [string, readonly string[]])[] = [
  ["avx512", ["avx512f", "avx512bw", "avx512dq", "avx512vl"]],
  ["avx2", ["avx2", "fma"]],
];

const PAGE = 65536;

/**
 * Loads the kernels.
 * @param bytes memory to begin with; untouched memory costs nothing
 * @returns undefined if they have not been built
 */
export function loadKernelLibrary(form: KernelForm, bytes: number): KernelLibrary | undefined {
  const file = findModule();
  if (file === undefined) return undefined;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
  const native = form === "wasm" ? undefined : loadNative(path.dirname(file), memory);
  if (native !== undefined) return { memory, ...native };
  if (form === "native") return undefined;
  const base = () => new WebAssembly.Global({ value: "i32", mutable: false }, 0);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), {
    env: { memory, __memory_base: base(), __table_base: base() },
  });
  const kernels = collectKernels(instance);
  if (kernels === undefined) return undefined;
  const reason = form === "wasm" ? "as asked for" : "no native form was built for this machine";
  return { memory, kernels, form: "wasm", reason, attach: () => undefined };
}

function loadNative(folder: string, memory: WebAssembly.Memory) {
  const features = processorFeatures();
  for (const [form, needed] of NATIVE_FORMS) {
    const file = path.join(folder, `kernels-${form}.node`);
    if (!existsSync(file) || !needed.every((feature) => features.has(feature))) continue;
    const module: unknown = createRequire(import.meta.url)(file);
    if (!isNativeModule(module)) continue;
    const attach = () => module.attach(memory.buffer);
    attach();
    return { kernels: module, form, reason: "compiled for this machine", attach };
  }
  return undefined;
}

type NativeModule = Kernels & { attach(memory: ArrayBufferLike): void };

/** True if the module has every kernel of the table: one built from older sources has not. */
function isNativeModule(module: unknown): module is NativeModule {
  const names = ["attach", ...Object.keys(kernelTable)];
  return typeof module === "object" && module !== null && names.every((name) => name in module);
}

function processorFeatures(): ReadonlySet<string> {
  const file = "/proc/cpuinfo";
  const info = existsSync(file) ? readFileSync(file, "utf8") : "";
  return new Set(/^flags\s*:(.*)$/m.exec(info)?.[1]?.split(" "));
}
