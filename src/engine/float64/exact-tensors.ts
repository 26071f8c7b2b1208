/**
 * TensorFlow.js's functions without their detour over single precision: whatever makes a tensor of numbers rounds them to
 * float32 first, also where an operation is given a plain number.
 */

import type { Tensor, TensorLike } from "@tensorflow/tfjs";
import type { tf as plain } from "../../operations/tensors.js";

type Functions = typeof plain;

/** Functions that take a number where a tensor may stand. */
const WITH_NUMBERS = [
  ...["add", "sub", "mul", "div", "maximum", "minimum", "where"],
  ...["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"],
] as const;

/** The same functions, exact in double. */
export function exactFunctions(functions: Functions): Functions {
  const make = (values: ArrayLike<number>, shape: readonly number[]): Tensor => {
    const doubles = values instanceof Float64Array ? values : Float64Array.from(values);
    // the type asks for single precision; the backend takes doubles
    return functions.engine().makeTensor(doubles as unknown as Float32Array, [...shape], "float32");
  };
  const exact = (argument: unknown) =>
    typeof argument === "number" ? make([argument], []) : argument;
  const calls = Object.fromEntries(
    WITH_NUMBERS.map((name) => {
      const call = functions[name] as (...args: unknown[]) => unknown;
      return [name, (...args: unknown[]) => call(...args.map(exact))];
    }),
  );
  /** Numbers of a tensor that is given flat with its shape, or nested. */
  const tensor = (values: TensorLike, shape?: number[], dtype?: "float32" | "int32" | "bool") => {
    if (dtype !== undefined && dtype !== "float32") return functions.tensor(values, shape, dtype);
    if (values instanceof Float64Array) return make(values, shape ?? [values.length]);
    const flat = numbersIn(values);
    const isFloat = !(values instanceof Int32Array || values instanceof Uint8Array);
    if (flat === undefined || !isFloat) return functions.tensor(values, shape, dtype);
    return make(flat, shape ?? shapeOf(values));
  };
  return {
    ...functions,
    ...calls,
    scalar: (value: number, dtype?: "float32" | "int32" | "bool") =>
      dtype === undefined || dtype === "float32"
        ? make([value], [])
        : functions.scalar(value, dtype),
    tensor,
    tensor1d: (values: TensorLike, dtype?: "float32" | "int32") => tensor(values, undefined, dtype),
    tensor2d: tensor,
    tensor3d: tensor,
  } as Functions;
}

/** All numbers of nested arrays in their order; undefined if there is something else. */
function numbersIn(values: unknown): ArrayLike<number> | undefined {
  if (values instanceof Float32Array || values instanceof Float64Array) return values;
  if (typeof values === "number") return [values];
  if (!Array.isArray(values)) return undefined;
  const parts: unknown[] = values;
  const flat = parts.map(numbersIn);
  if (flat.includes(undefined)) return undefined;
  return flat.flatMap((part) => Array.from(part ?? []));
}

function shapeOf(values: unknown): number[] {
  if (ArrayBuffer.isView(values) && "length" in values) return [Number(values.length)];
  if (!Array.isArray(values)) return [];
  const items: unknown[] = values;
  return [items.length, ...shapeOf(items[0])];
}
