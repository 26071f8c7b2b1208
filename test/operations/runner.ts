/** The rows of the tables of cases, and how one of them is run: as the network and the engine do it. */

import type {
  ComputeContext,
  Operation,
  ShapeContext,
  SparseSamples,
} from "../../src/operations/operation.js";
import type { Settings } from "../../src/operations/settings.js";
import { elementCount, isKnown, type Shape } from "../../src/operations/shape.js";
import { sumToShape } from "../../src/operations/broadcast.js";
import { tf, type Tensor } from "../../src/operations/tensors.js";
import { MersenneTwister } from "../../src/random/mersenne-twister.js";

/** An operation as a family file exports it. */
export type Entry = Omit<Operation, "name">;

/** One input: its sample shape (0 for a dimension to be inferred) and its values in memory order, sample after sample. */
export interface CaseInput {
  readonly shape: Shape;
  readonly values: readonly number[];
  /** true for an input without dynamic axis; parameters with unknown dimensions are of this kind */
  readonly isConstant?: boolean;
}

/** One row of a table. */
export interface Case {
  readonly operation: string;
  /** what is special about this row */
  readonly note?: string;
  readonly inputs: readonly CaseInput[];
  readonly settings?: Settings;
  /** expected sample shape */
  readonly shape?: Shape;
  /** shapes of inputs after inference, by index */
  readonly inferred?: Readonly<Record<number, Shape>>;
  /** expected error of the final validation pass, in place of everything else */
  readonly error?: string;
  /** expected value, sample after sample; a row without one is about shapes only */
  readonly value?: readonly number[];
  /** gradient of the result; a fixed pattern if left out */
  readonly gradient?: readonly number[];
  /** expected gradients in input order, where the row knows them */
  readonly gradients?: readonly (readonly number[] | null)[];
  /** why CNTK's gradients are not the derivative; `gradients` must then give them all */
  readonly unlikeDerivative?: string;
  /** inputs for which asking for a gradient is an error */
  readonly refused?: readonly number[];
  /** expected new values of parameters, by index of the input */
  readonly assigned?: Readonly<Record<number, readonly number[]>>;
  /** false for test and evaluation; default true */
  readonly isTraining?: boolean;
  readonly dropoutRate?: number;
  /** of the node's random generator; default 0 */
  readonly seed?: number;
  /** allowed difference, relative to numbers above 1; default 1e-5 */
  readonly tolerance?: number;
}

export interface InferredShapes {
  readonly inputShapes: readonly Shape[];
  readonly shape: Shape;
}

/** A validation pass that is not final, then the final one; inference of parameters as in nodes.md 3.4. */
export function inferShapes(entry: Entry, row: Case): InferredShapes {
  const shapes = row.inputs.map((input) => input.shape);
  const pass = (isFinal: boolean): Shape => {
    const context: ShapeContext<string, Settings> = {
      settings: settingsOf(entry, row),
      shapes: byName(entry, shapes),
      all: shapes,
      names: row.inputs.map((_, index) => `input${index}`),
      declared: [],
      isFinal,
      hasDynamicAxis: row.inputs.map((input) => input.isConstant !== true),
      infer(index, offered) {
        const declared = shapes[index] ?? [];
        if (row.inputs[index]?.isConstant === true && !isKnown(declared)) {
          shapes[index] = completed(declared, offered);
        }
        return shapes[index] ?? [];
      },
      relabel: (index, shape) => (shapes[index] = shape),
      constant: (index) =>
        row.inputs[index]?.isConstant === true ? row.inputs[index].values[0] : undefined,
      offsets: () => [],
      settle: () => undefined,
    };
    return entry.shape(context);
  };
  pass(false);
  const shape = pass(true);
  return { inputShapes: shapes, shape };
}

function completed(declared: Shape, offered: Shape): Shape {
  if (declared.every((size) => size === 0)) return offered;
  if (declared.length > offered.length) return declared;
  return offered.map((size, axis) => (declared[axis] === 0 ? size : (declared[axis] ?? size)));
}

function settingsOf(entry: Entry, row: Case): Settings {
  const defaults = Object.entries(entry.settings).map(([key, { default: value }]) => [key, value]);
  const unknown = Object.keys(row.settings ?? {}).filter((key) => !(key in entry.settings));
  if (unknown.length > 0) throw new Error(`${row.operation} has no setting ${unknown.join()}`);
  return { ...(Object.fromEntries(defaults) as Settings), ...row.settings };
}

export const plainName = (name: string) => name.replace(/(\?|\.\.\.)$/, "");

/** Input names as the engine maps them: a last name ending in `...` stands for the first of any number. */
function byName<T>(entry: Entry, items: readonly T[]): Record<string, T> {
  return Object.fromEntries(
    entry.inputs.slice(0, items.length).map((name, index) => [plainName(name), items[index] as T]),
  );
}

/** Runs one operation as the engine does. */
export class Runner {
  readonly entry: Entry;
  readonly row: Case;
  readonly tensors: readonly Tensor[];
  readonly assigned = new Map<number, Tensor>();
  readonly #static: Pick<
    ComputeContext<string, Settings, unknown>,
    "settings" | "shapes" | "all" | "shape"
  >;
  readonly #prepared: unknown;
  #kept = new Map<string, Tensor>();

  constructor(entry: Entry, row: Case, inputShapes: readonly Shape[], shape: Shape) {
    this.entry = entry;
    this.row = row;
    this.tensors = row.inputs.map(({ values }, index) => {
      const size = inputShapes[index] ?? [];
      const columns = values.length / elementCount(size);
      return tf.tensor([...values], [columns, ...[...size].reverse()], "float32");
    });
    const shapes = byName(entry, inputShapes);
    this.#static = { settings: settingsOf(entry, row), shapes, all: inputShapes, shape };
    this.#prepared = entry.prepare?.(this.#static);
  }

  forward(tensors: readonly Tensor[]): Tensor {
    if (this.entry.forward === undefined) throw new Error("the operation does not compute");
    this.#kept = new Map();
    this.assigned.clear();
    return this.entry.forward(byName(this.entry, tensors), this.#context(tensors, undefined));
  }

  /** The gradient of one input, summed to its shape; undefined if it receives none. */
  backward(index: number, gradient: Tensor, value: Tensor): Tensor | undefined {
    const names = this.entry.inputs.map(plainName);
    const rule = this.entry.backward?.[names[index] ?? names.at(-1) ?? ""];
    const input = this.tensors[index];
    if (rule === undefined || input === undefined) return undefined;
    this.forward(this.tensors);
    const inputs = byName(this.entry, this.tensors);
    const found = rule(gradient, inputs, this.#context(this.tensors, value), index);
    return sumToShape(found, input.shape);
  }

  /** The input that the operation takes sparse, if the row has it as samples. */
  sparseInput(): SparseSamples | undefined {
    const { sparse, inputs } = this.entry;
    const position = inputs.findIndex((name) => plainName(name) === sparse?.input);
    const input = this.row.inputs[position];
    const hasDynamicAxis = this.row.inputs.map(({ isConstant }) => isConstant !== true);
    if (sparse?.accepts({ hasDynamicAxis }) !== true || input === undefined) return undefined;
    return input.isConstant === true ? undefined : sparsely(input);
  }

  forwardSparse(samples: SparseSamples): Tensor {
    const { sparse } = this.entry;
    if (sparse === undefined) throw new Error("the operation takes no sparse input");
    const inputs = byName(this.entry, this.tensors);
    return sparse.forward(samples, inputs, this.#context(this.tensors, undefined));
  }

  backwardSparse(index: number, gradient: Tensor, samples: SparseSamples): Tensor | undefined {
    const rule = this.entry.sparse?.backward[plainName(this.entry.inputs[index] ?? "")];
    const inputs = byName(this.entry, this.tensors);
    return rule?.(gradient, samples, inputs, this.#context(this.tensors, undefined));
  }

  #context(
    tensors: readonly Tensor[],
    value: Tensor | undefined,
  ): ComputeContext<string, Settings, unknown> {
    const { row } = this;
    const kept = this.#kept;
    const assigned = this.assigned;
    return {
      ...this.#static,
      prepared: this.#prepared,
      names: row.inputs.map((_, index) => `input${index}`),
      tensors,
      hasDynamicAxis: row.inputs.map((input) => input.isConstant !== true),
      columns: Math.max(1, ...tensors.map((tensor) => tensor.shape[0])),
      isTraining: row.isTraining ?? true,
      dropoutRate: row.dropoutRate ?? 0,
      generator: new MersenneTwister(row.seed ?? 0),
      get value() {
        if (value === undefined) throw new Error("forward has no value yet");
        return value;
      },
      keep: (name, tensor) => void kept.set(name, tensor),
      kept(name) {
        const tensor = kept.get(name);
        if (tensor === undefined) throw new Error(`nothing kept as ${name}`);
        return tensor;
      },
      assign: (index, tensor) => void assigned.set(index, tensor),
      hasSequences: false,
      pass: 0,
      memory: new Map(),
      log: () => undefined,
    };
  }
}

/** Without its zeros. */
function sparsely({ shape, values }: CaseInput): SparseSamples {
  const dimension = elementCount(shape);
  const kept = values.flatMap((value, at) => (value === 0 ? [] : [{ value, at }]));
  const starts = Array.from(
    { length: values.length / dimension + 1 },
    (_, sample) => kept.filter(({ at }) => at < sample * dimension).length,
  );
  return {
    kind: "sparse",
    dimension,
    values: Float32Array.from(kept, ({ value }) => value),
    indices: Int32Array.from(kept, ({ at }) => at % dimension),
    starts: Int32Array.from(starts),
  };
}
