/**
 * Checks operations against a table of cases on every TensorFlow.js backend that is present: shape rule, value, and every
 * gradient against the expected numbers and against central differences of the value.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { CntkError } from "../../grammar/errors.js";
import { sumToShape } from "../../src/operations/broadcast.js";
import type { ComputeContext, Operation, ShapeContext } from "../../src/operations/operation.js";
import type { Settings } from "../../src/operations/settings.js";
import { elementCount, isKnown, type Shape } from "../../src/operations/shape.js";
import { loadTensors, tf, type Tensor } from "../../src/operations/tensors.js";
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

/** What a peer computed for a row. */
export type PeerNumbers = Pick<Case, "inputs" | "value" | "gradient" | "gradients" | "assigned">;

/** Reads the numbers of a peer from a JSON file next to the test: by name, with "NaN" and "Infinity" as strings. */
export function readPeerNumbers(file: string): (name: string) => PeerNumbers {
  const isSpecial = (value: unknown): value is string =>
    value === "NaN" || value === "Infinity" || value === "-Infinity";
  const text = readFileSync(path.join(import.meta.dirname, file), "utf8");
  const all = JSON.parse(text, (_, value: unknown) =>
    isSpecial(value) ? Number(value) : value,
  ) as Record<string, PeerNumbers>;
  return (name) => {
    const numbers = all[name];
    if (numbers === undefined) throw new Error(`${file} has no numbers for "${name}"`);
    return numbers;
  };
}

/** Names of the backends that can be used here. */
export async function findBackends(): Promise<readonly string[]> {
  await loadTensors();
  // without its advice to install the native backend
  tf.env().set("IS_TEST", true);
  const require = createRequire(import.meta.url);
  const folder = path.dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  setWasmPaths(path.join(folder, "dist", path.sep));
  try {
    await import("@tensorflow/tfjs-node");
    return ["cpu", "wasm", "tensorflow"];
  } catch {
    return ["cpu", "wasm"];
  }
}

/** Registers the tests of all rows, and one that every computing operation has a row with a value. */
export function checkCases(
  operations: Readonly<Record<string, Entry>>,
  cases: readonly Case[],
  backends: readonly string[],
): void {
  describe.each(backends)("operations on %s", (backend) => {
    let tensorsBefore = 0;
    beforeAll(async () => {
      await tf.setBackend(backend);
      await tf.ready();
      tensorsBefore = tf.memory().numTensors;
    });
    afterAll(() => expect(tf.memory().numTensors).toBe(tensorsBefore));
    cases.forEach((row, index) => {
      const name = `${index + 1} ${row.operation}${row.note === undefined ? "" : `: ${row.note}`}`;
      it(name, () => tf.tidy(() => checkCase(operations, row)));
    });
  });
  it("has a row for every operation that computes", () => {
    const rows = new Set(cases.filter(({ value }) => value).map(({ operation }) => operation));
    const computing = Object.entries(operations).filter(([, entry]) => entry.forward);
    expect(computing.map(([name]) => name).filter((name) => !rows.has(name))).toEqual([]);
  });
}

function checkCase(operations: Readonly<Record<string, Entry>>, row: Case): void {
  const entry = operations[row.operation];
  if (entry === undefined) throw new Error(`there is no operation ${row.operation}`);
  if (row.error !== undefined) {
    const message = row.error;
    expect(() => computeAll(entry, row)).toThrow(CntkError);
    expect(() => computeAll(entry, row)).toThrow(message);
    return;
  }
  const { inputShapes, shape } = inferShapes(entry, row);
  for (const [index, inferred] of Object.entries(row.inferred ?? {})) {
    expect(inputShapes[Number(index)]).toEqual(inferred);
  }
  if (row.shape !== undefined) expect(shape).toEqual(row.shape);
  if (row.value === undefined) return;
  const run = new Runner(entry, row, inputShapes, shape);
  const value = run.forward(run.tensors);
  expect(value.shape.slice(1)).toEqual([...shape].reverse());
  expectClose(valuesOf(value), row.value, row.tolerance ?? 1e-5, "value");
  checkAssigned(run, row);
  checkGradients(run, value);
}

/** Validates and computes; for rows that expect an error. */
function computeAll(entry: Entry, row: Case): void {
  const { inputShapes, shape } = inferShapes(entry, row);
  const run = new Runner(entry, row, inputShapes, shape);
  const value = run.forward(run.tensors);
  for (const index of row.inputs.keys()) run.backward(index, value, value);
}

function checkAssigned(run: Runner, row: Case): void {
  const expected = Object.entries(row.assigned ?? {});
  expect([...run.assigned.keys()].map(String).sort()).toEqual(expected.map(([key]) => key).sort());
  for (const [index, values] of expected) {
    const found = run.assigned.get(Number(index));
    expect(found?.shape).toEqual(run.tensors[Number(index)]?.shape);
    expectClose(found === undefined ? [] : valuesOf(found), values, 1e-5, `input ${index}`);
  }
}

function checkGradients(run: Runner, value: Tensor): void {
  const { row } = run;
  const count = value.size;
  const root = row.gradient ?? Array.from({ length: count }, (_, i) => PATTERN[i % 5] ?? 0);
  expect(root.length).toBe(count);
  const gradient = tf.tensor([...root], value.shape);
  row.inputs.forEach((_, index) => {
    if (row.refused?.includes(index) === true) {
      expect(() => run.backward(index, gradient, value)).toThrow(CntkError);
      return;
    }
    const found = run.backward(index, gradient, value);
    const expected = row.gradients?.[index] ?? undefined;
    const what = `gradient of input ${index}`;
    if (found === undefined) {
      if (expected?.some((number) => number !== 0) === true) throw new Error(`no ${what}`);
      return;
    }
    if (row.unlikeDerivative !== undefined && expected === undefined) {
      throw new Error(`the row must give the ${what}`);
    }
    if (expected !== undefined) {
      expectClose(valuesOf(found), expected, row.tolerance ?? 1e-5, what);
    }
    if (row.unlikeDerivative === undefined) {
      const differences = differencesOnce(run, index, root);
      expectClose(valuesOf(found), differences, 4e-3, `${what} by differences`);
    }
  });
}

const PATTERN = [1, -0.5, 2, 0.75, -1.25];
const STEP = 1 / 128;

/** Differences of the first backend serve the others too, whose values have been found to be the same. */
const knownDifferences = new Map<Case, Map<number, readonly number[]>>();

function differencesOnce(run: Runner, index: number, root: readonly number[]): readonly number[] {
  const ofRow = knownDifferences.get(run.row) ?? new Map<number, readonly number[]>();
  knownDifferences.set(run.row, ofRow);
  const differences = ofRow.get(index) ?? centralDifferences(run, index, root);
  ofRow.set(index, differences);
  return differences;
}

function centralDifferences(run: Runner, index: number, root: readonly number[]): number[] {
  const original = run.tensors[index];
  if (original === undefined) return [];
  const values = valuesOf(original);
  const weighted = (changed: readonly number[]) => {
    const tensors = [...run.tensors];
    tensors[index] = tf.tensor([...changed], original.shape);
    const result = valuesOf(run.forward(tensors));
    return result.reduce((sum, number, i) => sum + number * (root[i] ?? 0), 0);
  };
  return values.map((value, i) => {
    const above = weighted(values.with(i, value + STEP));
    const below = weighted(values.with(i, value - STEP));
    return (above - below) / (2 * STEP);
  });
}

const valuesOf = (tensor: Tensor): number[] => Array.from(tensor.dataSync());

function expectClose(
  found: readonly number[],
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  const isClose = (one: number, other: number) =>
    Object.is(one, other) ||
    one === other ||
    Math.abs(one - other) <= tolerance * Math.max(1, Math.abs(other));
  const isSame =
    found.length === expected.length &&
    found.every((number, i) => isClose(number, expected[i] ?? NaN));
  if (!isSame) expect({ what, numbers: found }).toEqual({ what, numbers: expected });
}

interface InferredShapes {
  readonly inputShapes: readonly Shape[];
  readonly shape: Shape;
}

/** A validation pass that is not final, then the final one; inference of parameters as in nodes.md 3.4. */
function inferShapes(entry: Entry, row: Case): InferredShapes {
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

const plainName = (name: string) => name.replace(/(\?|\.\.\.)$/, "");

/** Input names as the engine maps them: a last name ending in `...` stands for the first of any number. */
function byName<T>(entry: Entry, items: readonly T[]): Record<string, T> {
  return Object.fromEntries(
    entry.inputs.slice(0, items.length).map((name, index) => [plainName(name), items[index] as T]),
  );
}

/** Runs one operation as the engine does. */
class Runner {
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
