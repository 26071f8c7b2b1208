/** Which TensorFlow.js backend computes; the only file that names backends. */

import { createRequire } from "node:module";
import path from "node:path";
import util from "node:util";
import { CntkError, nearestName, reasonOf } from "../../grammar/errors.js";
import { loadTensors, tf } from "../operations/tensors.js";

export interface Backend {
  readonly name: string;
  /** why this one, for the log */
  readonly why: string;
}

/** Makes the backend ready. @returns what there is to say about it. @throws anything if it cannot be had here */
type Start = () => Promise<string>;

/** Backends by name, best first: `auto` takes the first one that starts. */
const BACKENDS: Readonly<Record<string, Start>> = {
  tensorflow: startTensorFlow,
  wasm: startWasm,
  cpu: startCpu,
};

/**
 * Makes a backend the current one.
 * @param requested `auto` or a backend's name
 * @throws CntkError "configuring" if the name is unknown or that backend cannot start here
 */
export async function selectBackend(requested: string): Promise<Backend> {
  await loadTensors();
  // otherwise TensorFlow.js advertises its packages on the console
  tf.enableProdMode();
  if (requested !== "auto") return startRequested(requested);
  const failures: string[] = [];
  for (const [name, start] of Object.entries(BACKENDS)) {
    try {
      const remark = await start();
      return { name, why: [remark, ...failures].join("; ") };
    } catch (error) {
      failures.push(`${name} is not available: ${firstLine(error)}`);
    }
  }
  throw new CntkError("configuring", `no TensorFlow.js backend starts: ${failures.join("; ")}`);
}

async function startRequested(name: string): Promise<Backend> {
  const start = BACKENDS[name];
  const known = ["auto", ...Object.keys(BACKENDS)];
  if (start === undefined) {
    const nearest = nearestName(name, known);
    throw new CntkError("configuring", `unknown backend "${name}": expected ${known.join(", ")}`, {
      hint: nearest === undefined ? undefined : `did you mean "${nearest}"?`,
    });
  }
  try {
    return { name, why: `as requested; ${await start()}` };
  } catch (error) {
    throw new CntkError("configuring", `backend "${name}" cannot start: ${firstLine(error)}`, {
      hint: 'backend "auto" takes the best one that starts',
    });
  }
}

function firstLine(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND") {
    return "its package is not installed";
  }
  const message = reasonOf(error);
  // the binding's own message is a page about downloading it
  if (message.includes("tfjs_binding.node")) return "its native library is missing";
  return message.split("\n")[0]?.trim() ?? "";
}

async function activate(name: string): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error("its initialization failed");
  await tf.ready();
}

/**
 * The native library. Its package is optional: it may be missing, or present without its binary, and both only show as
 * an error of the import.
 */
async function startTensorFlow(): Promise<string> {
  // the package calls a function that Node 23 removed
  if (!("isNullOrUndefined" in util)) {
    Object.assign(util, { isNullOrUndefined: (value: unknown) => value == null });
  }
  // unlike an import, this finds a binding that was built elsewhere, by NODE_PATH
  createRequire(import.meta.url)("@tensorflow/tfjs-node");
  await activate("tensorflow");
  return "native library of TensorFlow";
}

async function startWasm(): Promise<string> {
  // a package that is registered has started before: its path can no longer be set, nor need it be
  if (!("wasm" in tf.engine().registryFactory)) {
    const wasm = await import("@tensorflow/tfjs-backend-wasm");
    const require = createRequire(import.meta.url);
    const main = require.resolve("@tensorflow/tfjs-backend-wasm");
    // In Node the package itself chooses the file without threads.
    wasm.setWasmPaths(path.dirname(main) + path.sep);
  }
  await activate("wasm");
  return `WebAssembly; ${await installOwnKernels()}`;
}

/** Our kernels replace and complete those of the wasm backend, which cannot train convolutions by itself. */
async function installOwnKernels(): Promise<string> {
  try {
    const { installKernels } = await import("./tensorflow-kernels.js");
    const { installed, reason } = await installKernels();
    return `${installed ? "own" : "no own"} kernels: ${reason}`;
  } catch (error) {
    // the backend is as usable as it comes; the log says what is missing
    return `no own kernels: ${firstLine(error)}`;
  }
}

async function startCpu(): Promise<string> {
  await activate("cpu");
  return "plain JavaScript";
}
