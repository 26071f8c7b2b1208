/**
 * A TensorFlow.js backend whose "float32" tensors hold doubles, for precision=double. TensorFlow.js has no such type; its
 * operations never look at the numbers, though, and leave them to the kernels of the backend: plain loops here.
 */

import assert from "node:assert/strict";
import type { BackendValues, DataId, DataType, KernelConfig, TensorInfo } from "@tensorflow/tfjs";
import { tf } from "../../operations/tensors.js";

/** What tensors of the types float32, int32 and bool hold. */
export type Values = Float64Array | Int32Array | Uint8Array;

/** Keeps the numbers of tensors. */
export interface Store {
  valuesOf(tensor: TensorInfo): Values;
  /** a new tensor */
  make(shape: readonly number[], dtype: DataType, values: Values): TensorInfo;
  /** another tensor with the same numbers */
  share(tensor: TensorInfo, shape: readonly number[]): TensorInfo;
}

/** A kernel: inputs by name, attributes by name. */
export type Kernel = (
  inputs: Readonly<Record<string, TensorInfo>>,
  attributes: Readonly<Record<string, unknown>>,
  store: Store,
) => TensorInfo | TensorInfo[];

/** An input that TensorFlow.js always passes. */
export function expectInput(
  inputs: Readonly<Record<string, TensorInfo>>,
  name: string,
): TensorInfo {
  const input = inputs[name];
  assert(input !== undefined, `a kernel lacks its input '${name}'`);
  return input;
}

/** Inputs of a kernel that takes a list of them. */
export const listed = (inputs: Readonly<Record<string, TensorInfo>>): TensorInfo[] =>
  Object.keys(inputs)
    .sort((one, other) => Number(one) - Number(other))
    .map((key) => expectInput(inputs, key));

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export function newValues(dtype: DataType, size: number): Values {
  if (dtype === "int32") return new Int32Array(size);
  return dtype === "bool" ? new Uint8Array(size) : new Float64Array(size);
}

interface Entry {
  readonly values: Values;
  references: number;
}

const NAME = "float64";

/** Registers the backend, once, and makes it the current one. */
export async function activateFloat64(kernels: Readonly<Record<string, Kernel>>): Promise<void> {
  if (!(NAME in tf.engine().registryFactory)) {
    // priority 0: nobody gets it without asking
    tf.registerBackend(NAME, () => makeBackend(), 0);
    for (const [kernelName, kernel] of Object.entries(kernels)) {
      tf.registerKernel(kernelConfig(kernelName, kernel));
    }
  }
  assert(await tf.setBackend(NAME), "the backend for double precision does not start");
}

function kernelConfig(kernelName: string, kernel: Kernel): KernelConfig {
  return {
    kernelName,
    backendName: NAME,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const present: Record<string, TensorInfo> = {};
      for (const [name, input] of Object.entries(inputs)) {
        if (input !== undefined && !Array.isArray(input)) present[name] = input;
      }
      return kernel(present, { ...attrs }, storeOf(backend));
    },
  };
}

const stores = new WeakMap<object, Store>();

function storeOf(backend: unknown): Store {
  const store = typeof backend === "object" && backend !== null ? stores.get(backend) : undefined;
  assert(store !== undefined);
  return store;
}

/** The numbers behind tensors; several tensors may share them. */
class Entries {
  readonly #entries = new Map<DataId, Entry>();

  add(dataId: DataId, values: Values, references = 1): DataId {
    this.#entries.set(dataId, { values, references });
    return dataId;
  }

  get(dataId: DataId): Entry {
    const entry = this.#entries.get(dataId);
    assert(entry !== undefined, "a tensor was used after it was disposed of");
    return entry;
  }

  /** @returns true if nobody needs the numbers any more */
  release(dataId: DataId, isForced: boolean): boolean {
    const entry = this.#entries.get(dataId);
    if (entry === undefined) return true;
    entry.references--;
    if (entry.references > 0 && !isForced) return false;
    this.#entries.delete(dataId);
    return true;
  }

  referencesOf(dataId: DataId): number {
    return this.#entries.get(dataId)?.references ?? 0;
  }

  get size(): number {
    return this.#entries.size;
  }

  clear(): void {
    this.#entries.clear();
  }
}

function makeBackend() {
  const entries = new Entries();
  const backend = new (backendClass(entries))();
  stores.set(backend, {
    valuesOf: ({ dataId }) => entries.get(dataId).values,
    make: (shape, dtype, values) => ({ dataId: entries.add({}, values), shape: [...shape], dtype }),
    share: ({ dataId, dtype }, shape) => {
      entries.get(dataId).references++;
      return { dataId, shape: [...shape], dtype };
    },
  });
  return backend;
}

/** Made late, because TensorFlow.js, whose class it extends, is loaded late. */
function backendClass(entries: Entries) {
  return class Float64Backend extends tf.KernelBackend {
    override write(values: BackendValues, _shape: number[], dtype: DataType): DataId {
      return entries.add({}, converted(values, dtype));
    }

    override move(
      dataId: DataId,
      values: BackendValues,
      _shape: number[],
      dtype: DataType,
      references: number,
    ): void {
      entries.add(dataId, converted(values, dtype), references);
    }

    override readSync(dataId: DataId): BackendValues {
      // whoever reads a float32 tensor of this backend knows that it has doubles
      return entries.get(dataId).values as BackendValues;
    }

    override read(dataId: DataId): Promise<BackendValues> {
      return Promise.resolve(this.readSync(dataId));
    }

    override disposeData(dataId: DataId, isForced = false): boolean {
      return entries.release(dataId, isForced);
    }

    override incRef(dataId: DataId): void {
      entries.get(dataId).references++;
    }

    override refCount(dataId: DataId): number {
      return entries.referencesOf(dataId);
    }

    override numDataIds(): number {
      return entries.size;
    }

    override memory(): { unreliable: boolean } {
      return { unreliable: false };
    }

    override timerAvailable(): boolean {
      return false;
    }

    override floatPrecision(): 16 | 32 {
      return 32;
    }

    override dispose(): void {
      entries.clear();
    }
  };
}

/** TensorFlow.js types texts, too, which no operation here has. Doubles come from where the type was passed by. */
function converted(values: BackendValues | Values, dtype: DataType): Values {
  assert(!Array.isArray(values));
  if (dtype === "int32") return values instanceof Int32Array ? values : Int32Array.from(values);
  if (dtype === "bool") return values instanceof Uint8Array ? values : Uint8Array.from(values);
  return values instanceof Float64Array ? values : Float64Array.from(values);
}
