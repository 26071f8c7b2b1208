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
import { loadTensors, tf, type Tensor } from "../../src/operations/tensors.js";
import { inferShapes, Runner, type Case, type Entry } from "./runner.js";

export type { Case, CaseInput, Entry } from "./runner.js";

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
    // by a name that is no literal: the package is optional, and its types are missing with it
    const optionalPackage = { name: "@tensorflow/tfjs-node" };
    await import(optionalPackage.name);
    return ["cpu", "wasm", "tensorflow"];
  } catch {
    console.warn(
      "SKIPPED: operations on backend tensorflow, for @tensorflow/tfjs-node does not load",
    );
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
  checkSparse(run, value);
}

/** An operation that takes an input sparse computes the same with it as with the dense one. */
function checkSparse(run: Runner, value: Tensor): void {
  const sparse = run.sparseInput();
  if (sparse === undefined) return;
  expectClose(valuesOf(run.forwardSparse(sparse)), valuesOf(value), 1e-5, "value, sparse");
  const gradient = rootGradient(run, value);
  run.row.inputs.forEach((_, index) => {
    const found = run.backwardSparse(index, gradient, sparse);
    const expected = found && run.backward(index, gradient, value);
    if (found === undefined || expected === undefined) return;
    expectClose(valuesOf(found), valuesOf(expected), 1e-5, `gradient of input ${index}, sparse`);
  });
}

function rootGradient({ row }: Runner, value: Tensor): Tensor {
  const root = row.gradient ?? Array.from({ length: value.size }, (_, i) => PATTERN[i % 5] ?? 0);
  expect(root.length).toBe(value.size);
  return tf.tensor([...root], value.shape);
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
  const gradient = rootGradient(run, value);
  const root = valuesOf(gradient);
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
