/**
 * Our kernels over a memory that threads share: the same list of calls runs as native code or as WebAssembly, with byte
 * offsets into one WebAssembly.Memory.
 */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { findModule } from "./built-files.js";
import { kernelTable, tableHash, type AskingKernel, type KernelName } from "./table.js";

/** How the kernels run. `auto` takes native code where there is a form for this machine. */
export type KernelForm = "auto" | "native" | "wasm";

/** The kernels as one thread calls them. */
export interface Kernels {
  /** runs the list of `count` calls that stands at the byte offset, encoded by `encodeCall` */
  readonly run: (offset: number, count: number) => void;
  /** kernels that only return a number: how much working memory their family needs */
  readonly ask: Readonly<Record<AskingKernel, (...values: number[]) => number>>;
}

export interface KernelLibrary extends Kernels {
  readonly memory: WebAssembly.Memory;
  /** `avx512`, `avx2`, `neon` or `wasm` */
  readonly form: string;
  /** why it is this form, for the log */
  readonly reason: string;
  /** what a thread needs to load the same kernels */
  readonly file: string;
}

/** Features that a form of native code needs, as /proc/cpuinfo names them. */
const NATIVE_FORMS: readonly (readonly [string, readonly string[]])[] = [
  ["avx512", ["avx512f", "avx512bw", "avx512dq", "avx512vl"]],
  ["avx2", ["avx2", "fma"]],
];

const PAGE = 65536;
/** Of addresses, not of memory: all that 32 bits reach. */
const MOST_PAGES = 65536;

/**
 * Loads the kernels.
 * @param bytes memory to begin with; untouched memory costs nothing
 * @returns undefined if they have not been built
 */
export function loadKernelLibrary(form: KernelForm, bytes: number): KernelLibrary | undefined {
  const module = findModule();
  if (module === undefined) return undefined;
  const folder = path.dirname(module);
  const memory = new WebAssembly.Memory({
    initial: Math.ceil(bytes / PAGE),
    maximum: MOST_PAGES,
    shared: true,
  });
  const candidates = form === "wasm" ? [] : nativeForms(folder);
  for (const [name, file] of candidates) {
    const kernels = openKernels(file, memory);
    if (kernels === undefined) continue;
    return { ...kernels, memory, form: name, reason: "compiled for this machine", file };
  }
  if (form === "native") return undefined;
  const file = path.join(folder, "kernels-shared.wasm");
  const kernels = existsSync(file) ? openKernels(file, memory) : undefined;
  const reason = form === "wasm" ? "as asked for" : "no native form was built for this machine";
  return kernels && { ...kernels, memory, form: "wasm", reason, file };
}

/** The kernels in a file over a memory; undefined if the file is older than the table of kernels. */
export function openKernels(file: string, memory: WebAssembly.Memory): Kernels | undefined {
  return file.endsWith(".node") ? openNative(file, memory) : openWasm(file, memory);
}

/** A call as `run` reads it: the number of the kernel and its arguments. */
export function encodeCall(kernel: KernelName, values: readonly number[]): number[] {
  return [kernelNumber(kernel), ...values];
}

/** By which `run` knows a kernel: its position in the table. */
export const kernelNumber = (kernel: KernelName): number => kernelNumbers.get(kernel) ?? NaN;

/** Bytes of the longest call. */
export const CALL_BYTES = 256;

/**
 * Every kernel as a function of its arguments, for measurements and tests.
 * @param offset of `CALL_BYTES` bytes in the memory for the call that runs
 */
export function singleKernels(
  { memory, run, ask }: KernelLibrary,
  offset: number,
): Readonly<Record<KernelName, (...values: number[]) => number>> {
  const space = new Float64Array(memory.buffer, offset, CALL_BYTES / 8);
  const single = (kernel: KernelName) =>
    isAsking(kernel)
      ? ask[kernel]
      : (...values: number[]) => {
          space.set(encodeCall(kernel, values));
          run(offset, 1);
          return 0;
        };
  // every name of the table becomes a function
  return Object.fromEntries(kernelNames.map((kernel) => [kernel, single(kernel)])) as Record<
    KernelName,
    (...values: number[]) => number
  >;
}

// the keys of an object of constants are its names
const kernelNames = Object.keys(kernelTable) as KernelName[];

const isAsking = (kernel: KernelName): kernel is AskingKernel =>
  "returnsNumber" in kernelTable[kernel];

const kernelNumbers = new Map(Object.keys(kernelTable).map((name, number) => [name, number]));

function openWasm(file: string, memory: WebAssembly.Memory): Kernels | undefined {
  // The module has neither data nor a table, so its bases are never used.
  const base = () => new WebAssembly.Global({ value: "i32", mutable: false }, 0);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), {
    env: { memory, __memory_base: base(), __table_base: base() },
  });
  const { run_calls: run } = exports;
  if (!isFunction(run) || !isCurrent(exports)) return undefined;
  return { run: (offset, count) => void run(0, offset, count), ask: exports };
}

function openNative(file: string, memory: WebAssembly.Memory): Kernels | undefined {
  const module: unknown = createRequire(import.meta.url)(file);
  if (typeof module !== "object" || module === null || !("run" in module)) return undefined;
  const { run } = module;
  if (!isFunction(run) || !isCurrent(module)) return undefined;
  // shared memory stays where it is when it grows
  const view = new Uint8Array(memory.buffer);
  if ("prefer_large_pages" in module && isFunction(module.prefer_large_pages)) {
    module.prefer_large_pages(view, MOST_PAGES * PAGE);
  }
  return { run: (offset, count) => void run(view, offset, count), ask: module };
}

type AnyFunction = (...values: unknown[]) => unknown;

const isFunction = (value: unknown): value is AnyFunction => typeof value === "function";

/** True for a module built from this table of kernels, so that it has all of them. */
function isCurrent(module: object): module is Kernels["ask"] {
  if (!("table_hash" in module) || !isFunction(module.table_hash)) return false;
  return module.table_hash() === tableHash();
}

/** Names and files of the native forms that were built and that this machine can run, best first. */
function nativeForms(folder: string): [string, string][] {
  const features = processorFeatures();
  return NATIVE_FORMS.filter(([, needed]) => needed.every((feature) => features.has(feature)))
    .map(([form]): [string, string] => [form, path.join(folder, `kernels-${form}.node`)])
    .filter(([, file]) => existsSync(file));
}

function processorFeatures(): ReadonlySet<string> {
  const file = "/proc/cpuinfo";
  const info = existsSync(file) ? readFileSync(file, "utf8") : "";
  return new Set(/^flags\s*:(.*)$/m.exec(info)?.[1]?.split(" "));
}
