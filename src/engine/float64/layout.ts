/** Kernels that make, move, repeat and convert elements without computing. */

import type { DataType, TensorInfo } from "@tensorflow/tfjs";
import { expectInput, listed, newValues, sizeOf, type Kernel, type Values } from "./backend.js";

const numbers = (attribute: unknown): number[] =>
  Array.isArray(attribute) ? attribute.filter((item) => typeof item === "number") : [];

const number = (attribute: unknown, otherwise = 0): number =>
  typeof attribute === "number" ? attribute : otherwise;

const dtypeOf = (attribute: unknown): DataType =>
  attribute === "int32" || attribute === "bool" ? attribute : "float32";

/** Elements between two neighbours along each axis. */
const stridesOf = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/** Elements of another tensor at the places that a function gives for the coordinates in the new one. */
function arranged(
  shape: readonly number[],
  dtype: DataType,
  values: Values,
  placeOf: (coordinates: readonly number[]) => number | undefined,
  otherwise = 0,
): Values {
  const result = newValues(dtype, sizeOf(shape));
  const coordinates = shape.map(() => 0);
  for (let i = 0; i < result.length; i++) {
    const place = placeOf(coordinates);
    result[i] = place === undefined ? otherwise : (values[place] ?? 0);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (coordinates[axis] ?? 0) + 1;
      coordinates[axis] = next < (shape[axis] ?? 1) ? next : 0;
      if (next < (shape[axis] ?? 1)) break;
    }
  }
  return result;
}

const dot = (one: readonly number[], other: readonly number[]): number =>
  one.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0);

const cast: Kernel = (inputs, attributes, store) => {
  const x = expectInput(inputs, "x");
  const dtype = dtypeOf(attributes.dtype);
  if (x.dtype === dtype) return store.share(x, x.shape);
  const values = store.valuesOf(x);
  const result = newValues(dtype, values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    result[i] = dtype === "bool" ? Number(value !== 0) : value;
  }
  return store.make(x.shape, dtype, result);
};

const reshape: Kernel = (inputs, attributes, store) => {
  const x = expectInput(inputs, "x");
  const shape = numbers(attributes.shape);
  const known = sizeOf(shape.filter((size) => size !== -1));
  return store.share(
    x,
    shape.map((size) => (size === -1 ? sizeOf(x.shape) / known : size)),
  );
};

const expandDims: Kernel = (inputs, attributes, store) => {
  const input = expectInput(inputs, "input");
  const dim = number(attributes.dim);
  const shape = [...input.shape];
  shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
  return store.share(input, shape);
};

const transpose: Kernel = (inputs, attributes, store) => {
  const x = expectInput(inputs, "x");
  const perm = numbers(attributes.perm);
  const shape = perm.map((axis) => x.shape[axis] ?? 1);
  const strides = stridesOf(x.shape);
  const moved = perm.map((axis) => strides[axis] ?? 0);
  const result = arranged(shape, x.dtype, store.valuesOf(x), (coordinates) =>
    dot(coordinates, moved),
  );
  return store.make(shape, x.dtype, result);
};

const slice: Kernel = (inputs, attributes, store) => {
  const x = expectInput(inputs, "x");
  const given = attributes.begin;
  const begin = typeof given === "number" ? [given] : numbers(given);
  const sizes = typeof attributes.size === "number" ? [attributes.size] : numbers(attributes.size);
  const shape = x.shape.map((size, axis) => {
    const wanted = sizes[axis] ?? -1;
    return wanted < 0 ? size - (begin[axis] ?? 0) : wanted;
  });
  const strides = stridesOf(x.shape);
  const start = dot(begin, strides);
  const result = arranged(
    shape,
    x.dtype,
    store.valuesOf(x),
    (coordinates) => start + dot(coordinates, strides),
  );
  return store.make(shape, x.dtype, result);
};

const concat: Kernel = (inputs, attributes, store) => {
  const parts = listed(inputs);
  const [first] = parts;
  const rank = first?.shape.length ?? 1;
  const given = number(attributes.axis);
  const axis = given < 0 ? given + rank : given;
  const shape = [...(first?.shape ?? [])];
  shape[axis] = parts.reduce((sum, part) => sum + (part.shape[axis] ?? 0), 0);
  const dtype = first?.dtype ?? "float32";
  return store.make(
    shape,
    dtype,
    joined(
      parts.map((part) => [part, store.valuesOf(part)]),
      axis,
      newValues(dtype, sizeOf(shape)),
    ),
  );
};

/** Rows of all parts in turn, a row being what lies behind the axis. */
function joined(
  parts: readonly (readonly [TensorInfo, Values])[],
  axis: number,
  result: Values,
): Values {
  const total = parts.reduce((sum, [{ shape }]) => sum + sizeOf(shape.slice(axis)), 0);
  let offset = 0;
  for (const [{ shape }, values] of parts) {
    const row = sizeOf(shape.slice(axis));
    for (let i = 0; i * row < values.length; i++) {
      result.set(values.subarray(i * row, (i + 1) * row), i * total + offset);
    }
    offset += row;
  }
  return result;
}

const pack: Kernel = (inputs, attributes, store) => {
  const parts = listed(inputs).map((part) => {
    const shape = [...part.shape];
    shape.splice(number(attributes.axis), 0, 1);
    return { ...part, shape };
  });
  return concat(Object.fromEntries(parts.entries()), attributes, store);
};

const unpack: Kernel = (inputs, attributes, store) => {
  const value = expectInput(inputs, "value");
  const given = number(attributes.axis);
  const axis = given < 0 ? given + value.shape.length : given;
  const shape = value.shape.filter((_, other) => other !== axis);
  const strides = stridesOf(value.shape);
  const [step = 0] = strides.splice(axis, 1);
  return Array.from({ length: value.shape[axis] ?? 0 }, (_, part) =>
    store.make(
      shape,
      value.dtype,
      arranged(
        shape,
        value.dtype,
        store.valuesOf(value),
        (coordinates) => part * step + dot(coordinates, strides),
      ),
    ),
  );
};

const tile: Kernel = (inputs, attributes, store) => {
  const x = expectInput(inputs, "x");
  const reps = numbers(attributes.reps);
  const shape = x.shape.map((size, axis) => size * (reps[axis] ?? 1));
  const strides = stridesOf(x.shape);
  const result = arranged(shape, x.dtype, store.valuesOf(x), (coordinates) =>
    coordinates.reduce(
      (sum, c, axis) => sum + (c % (x.shape[axis] ?? 1)) * (strides[axis] ?? 0),
      0,
    ),
  );
  return store.make(shape, x.dtype, result);
};

const pad: Kernel = (inputs, attributes, store) => {
  const x = expectInput(inputs, "x");
  const given: unknown[] = Array.isArray(attributes.paddings) ? attributes.paddings : [];
  const paddings = given.map(numbers);
  const shape = x.shape.map(
    (size, axis) => size + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0),
  );
  const strides = stridesOf(x.shape);
  const placeOf = (coordinates: readonly number[]) => {
    const inner = coordinates.map((c, axis) => c - (paddings[axis]?.[0] ?? 0));
    return inner.every((c, axis) => c >= 0 && c < (x.shape[axis] ?? 1))
      ? dot(inner, strides)
      : undefined;
  };
  const values = arranged(
    shape,
    x.dtype,
    store.valuesOf(x),
    placeOf,
    number(attributes.constantValue),
  );
  return store.make(shape, x.dtype, values);
};

const gather: Kernel = (inputs, attributes, store) => {
  const x = expectInput(inputs, "x");
  const indices = expectInput(inputs, "indices");
  const axis = number(attributes.axis);
  const places = store.valuesOf(indices);
  const values = store.valuesOf(x);
  const row = sizeOf(x.shape.slice(axis + 1));
  const length = x.shape[axis] ?? 1;
  const outer = sizeOf(x.shape.slice(0, axis));
  const result = newValues(x.dtype, outer * places.length * row);
  for (let i = 0; i < outer; i++) {
    for (let k = 0; k < places.length; k++) {
      const from = (i * length + (places[k] ?? 0)) * row;
      result.set(values.subarray(from, from + row), (i * places.length + k) * row);
    }
  }
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return store.make(shape, x.dtype, result);
};

const oneHot: Kernel = (inputs, attributes, store) => {
  const indices = expectInput(inputs, "indices");
  const depth = number(attributes.depth);
  const dtype = dtypeOf(attributes.dtype);
  const result = newValues(dtype, sizeOf(indices.shape) * depth).fill(number(attributes.offValue));
  store.valuesOf(indices).forEach((index, i) => {
    if (index >= 0 && index < depth) result[i * depth + index] = number(attributes.onValue, 1);
  });
  return store.make([...indices.shape, depth], dtype, result);
};

const fill: Kernel = (_inputs, attributes, store) => {
  const shape = numbers(attributes.shape);
  const dtype = dtypeOf(attributes.dtype);
  return store.make(shape, dtype, newValues(dtype, sizeOf(shape)).fill(number(attributes.value)));
};

const range: Kernel = (_inputs, attributes, store) => {
  const [start, stop] = [number(attributes.start), number(attributes.stop)];
  const step = number(attributes.step, 1) * (stop < start && attributes.step === 1 ? -1 : 1);
  const count = Math.max(0, Math.ceil((stop - start) / step));
  const dtype = dtypeOf(attributes.dtype);
  const result = newValues(dtype, count);
  for (let i = 0; i < count; i++) result[i] = start + i * step;
  return store.make([count], dtype, result);
};

export const LAYOUT: Readonly<Record<string, Kernel>> = {
  Cast: cast,
  Identity: (inputs, _attributes, store) => {
    const x = expectInput(inputs, "x");
    return store.share(x, x.shape);
  },
  Reshape: reshape,
  ExpandDims: expandDims,
  Transpose: transpose,
  Slice: slice,
  Concat: concat,
  Pack: pack,
  Unpack: unpack,
  Tile: tile,
  PadV2: pad,
  GatherV2: gather,
  OneHot: oneHot,
  Fill: fill,
  Range: range,
  ZerosLike: (inputs, _attributes, store) => {
    const { shape, dtype } = expectInput(inputs, "x");
    return store.make(shape, dtype, newValues(dtype, sizeOf(shape)));
  },
};
