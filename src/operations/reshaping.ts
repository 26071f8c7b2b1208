/** Operations that move, cut, join or relabel the elements of samples (nodes.md 9). CNTK: ReshapingNodes.h. */

import { expandTo } from "./broadcast.js";
import { axisRange, invalid, isAxis } from "./expect.js";
import { operation } from "./operation.js";
import { setting } from "./settings.js";
import { elementCount, printShape, type Shape } from "./shape.js";
import { stackedShape } from "./stack-shape.js";
import { tf, type Tensor } from "./tensors.js";

/** Where CNTK's axis (1 = first, fastest) is in a tensor of this rank. */
const axisIn = (rank: number, axis: number) => rank - axis;

/** Sizes of a tensor with this many columns and samples of this shape. */
const tensorShape = (columns: number | undefined, shape: Shape) => [
  columns ?? 1,
  ...[...shape].reverse(),
];

const columnsOf = (tensor: Tensor) => tensor.shape[0];

/**
 * Other sizes for the same elements: axes beginAxis .. endAxis - 1 (from 1; 0: from the first, to the last) become
 * `shape`, in which one 0 stands for what is left. Shapes: x -> the same number of elements. CNTK: ReshapeNode.
 */
export const Reshape = operation({
  inputs: ["x"],
  settings: {
    beginAxis: setting.i32({ default: 0 }),
    endAxis: setting.i32({ default: 0 }),
    shape: setting.shape(),
  },
  shape({ settings, shapes: { x }, isFinal }) {
    const begin = settings.beginAxis === 0 ? 0 : settings.beginAxis - 1;
    const end = settings.endAxis === 0 ? x.length : settings.endAxis - 1;
    if (begin < 0 || begin > end || end > x.length) {
      if (!isFinal) return [];
      throw invalid(
        `Reshape: axes ${settings.beginAxis} to ${settings.endAxis} are not axes of [${printShape(x)}]`,
      );
    }
    const replaced = replaceSizes(x.slice(begin, end), settings.shape, isFinal);
    return [...x.slice(0, begin), ...replaced, ...x.slice(end)];
  },
  forward: ({ x }, { shape }) => x.reshape(tensorShape(columnsOf(x), shape)),
  backward: { x: (gradient, { x }) => gradient.reshape(x.shape) },
});

/** The wanted sizes with their one 0 filled in. */
function replaceSizes(present: Shape, wanted: Shape, isFinal: boolean): Shape {
  const elements = elementCount(present);
  const others = elementCount(wanted.filter((size) => size !== 0));
  const inferred = Number.isInteger(elements / others) ? elements / others : 0;
  const replaced = wanted.map((size) => (size === 0 ? inferred : size));
  if (!isFinal) return replaced;
  if (wanted.filter((size) => size === 0).length > 1) {
    throw invalid(
      `More than one dimension was specified as zero in the target (sub-)shape [${wanted.join(" x ")}].`,
    );
  }
  if (elementCount(replaced) !== elements) {
    throw invalid(
      `Input (sub-)dimensions [${printShape(present)}] incompatible with desired (sub-)dimensions [${printShape(wanted)}].`,
      `${elements} elements cannot become ${elementCount(replaced) || others}`,
    );
  }
  return replaced;
}

/**
 * Elements beginIndex .. endIndex - 1 of one axis, counted from 0; negative ones count from the end, endIndex 0 is the
 * end. Shapes: the axis gets the size endIndex - beginIndex. CNTK: SliceNode.
 */
export const Slice = operation({
  inputs: ["x"],
  // the file has beginIndex, then endIndex - beginIndex; from version 22 on a list of axes: the model file knows
  settings: {
    beginIndex: setting.i64(),
    endIndex: setting.i64(),
    axis: setting.i32({ default: 1, since: 3, absent: 1 }),
  },
  shape({ settings, shapes: { x }, isFinal }) {
    const { axis } = settings;
    const size = x[axis - 1];
    if (size === undefined) {
      if (!isFinal) return x;
      throw invalid(
        `Slice: expected an axis from 1 to ${x.length}, found ${axis}`,
        `the input is [${printShape(x)}]`,
      );
    }
    const { begin, end } = rangeOf(settings, size);
    if (isFinal && (begin < 0 || end > size || begin >= end)) {
      throw invalid(
        `Slice: index range [${settings.beginIndex},${settings.endIndex}) is invalid for axis ${axis} of [${printShape(x)}]`,
      );
    }
    return x.map((other, index) => (index === axis - 1 ? Math.max(0, end - begin) : other));
  },
  forward({ x }, { settings, shapes }) {
    const { begin, end } = rangeOf(settings, shapes.x[settings.axis - 1] ?? 0);
    return sliceAxis(x, axisIn(x.rank, settings.axis), begin, end - begin);
  },
  backward: {
    x(gradient, { x }, { settings, shapes }) {
      const size = shapes.x[settings.axis - 1] ?? 0;
      const { begin, end } = rangeOf(settings, size);
      const position = axisIn(x.rank, settings.axis);
      const around = x.shape.map((_, axis): [number, number] =>
        axis === position ? [begin, size - end] : [0, 0],
      );
      return tf.pad(gradient, around);
    },
  },
});

function rangeOf(
  { beginIndex, endIndex }: { readonly beginIndex: number; readonly endIndex: number },
  size: number,
) {
  return {
    begin: beginIndex < 0 ? beginIndex + size : beginIndex,
    end: endIndex <= 0 ? endIndex + size : endIndex,
  };
}

function sliceAxis(x: Tensor, axis: number, begin: number, size: number): Tensor {
  const begins = x.shape.map((_, other) => (other === axis ? begin : 0));
  const sizes = x.shape.map((whole, other) => (other === axis ? size : whole));
  return tf.slice(x, begins, sizes);
}

/**
 * Inputs one behind the other along `axis`, which may be one beyond their rank; on other axes size 1 is repeated.
 * Shapes: sizes along `axis` add up. CNTK: RowStackNode.
 */
export const RowStack = operation({
  inputs: ["inputs..."],
  settings: { axis: setting.i32({ default: 1, since: 3, absent: 1 }) },
  shape: (context) => stackedShape(context, context.settings.axis),
  forward(_, { tensors, shape, settings: { axis } }) {
    const columns = Math.max(...tensors.map((tensor) => tensor.shape[0]));
    const position = axisIn(shape.length + 1, axis);
    const expanded = tensors.map((tensor) => {
      const target = tensorShape(columns, shape);
      target[position] = sizeAlong(tensor, axis);
      return expandTo(tensor, target);
    });
    return tf.concat(expanded, position);
  },
  backward: {
    inputs(gradient, _, { tensors, settings: { axis } }, inputIndex) {
      const sizes = tensors.map((tensor) => sizeAlong(tensor, axis));
      const begin = sizes.slice(0, inputIndex).reduce((sum, size) => sum + size, 0);
      return sliceAxis(gradient, axisIn(gradient.rank, axis), begin, sizes[inputIndex] ?? 1);
    },
  },
});

/** Size of a tensor along CNTK's axis; 1 beyond its rank. */
function sizeAlong(tensor: Tensor, axis: number): number {
  return axis < tensor.rank ? (tensor.shape[axisIn(tensor.rank, axis)] ?? 1) : 1;
}

/** Each sample numRepeats times in a row. Shapes: the last axis times numRepeats. CNTK: RowRepeatNode. */
export const RowRepeat = operation({
  inputs: ["x"],
  settings: { numRepeats: setting.u64() },
  shape: ({ settings, shapes: { x } }) =>
    x.map((size, axis) => (axis === x.length - 1 ? size * settings.numRepeats : size)),
  forward: ({ x }, { settings }) =>
    tf.tile(
      x,
      x.shape.map((_, axis) => (axis === 1 ? settings.numRepeats : 1)),
    ),
  backward: {
    x: (gradient, { x }, { settings }) =>
      tf.sum(gradient.reshape([x.shape[0], settings.numRepeats, -1]), 1).reshape(x.shape),
  },
});

/** Two axes exchanged; missing ones count as size 1. Shapes: [m x n] -> [n x m]. CNTK: TransposeDimensionsNode. */
export const TransposeDimensions = operation({
  inputs: ["x"],
  // from version 25 on axis1 = axis2 = 0 announces a permutation: the model file knows
  settings: {
    axis1: setting.i32({ default: 1, since: 3, absent: 1 }),
    axis2: setting.i32({ default: 2, since: 3, absent: 2 }),
  },
  shape({ settings: { axis1, axis2 }, shapes: { x }, isFinal }) {
    if (!isAxis(axis1) || !isAxis(axis2)) {
      if (!isFinal) return [];
      const range = axisRange([axis1, axis2]);
      throw invalid(`TransposeDimensions: expected axes ${range}, found ${axis1} and ${axis2}`);
    }
    if (x.length === 0) return [];
    const padded = padRank(x, axis1, axis2);
    const order = exchanged(padded.length, axis1 - 1, axis2 - 1);
    return order.map((axis) => padded[axis] ?? 1);
  },
  forward: ({ x }, { shapes, settings: { axis1, axis2 } }) =>
    exchangeAxes(x, padRank(shapes.x, axis1, axis2), axis1, axis2),
  backward: {
    x: (gradient, { x }, { shape, settings: { axis1, axis2 } }) =>
      exchangeAxes(gradient, shape, axis1, axis2).reshape(x.shape),
  },
});

function padRank(shape: Shape, axis1: number, axis2: number): Shape {
  const rank = Math.max(shape.length, axis1, axis2);
  return Array.from({ length: rank }, (_, axis) => shape[axis] ?? 1);
}

/** 0, 1, .. rank - 1 with two of them exchanged. */
function exchanged(rank: number, one: number, other: number): number[] {
  return Array.from({ length: rank }, (_, axis) =>
    axis === one ? other : axis === other ? one : axis,
  );
}

function exchangeAxes(x: Tensor, shape: Shape, axis1: number, axis2: number): Tensor {
  const rank = shape.length + 1;
  const order = exchanged(rank, axisIn(rank, axis1), axisIn(rank, axis2));
  return tf.transpose(x.reshape(tensorShape(columnsOf(x), shape)), order);
}

/** What stands for an offset that CNTK finds from the network: the largest double. */
const AUTOMATIC = Number.MAX_VALUE;

/**
 * Cuts the first two axes of x to those of `reference`, from the offset on. Without offsets, elements of both that come
 * from the same place of the image they were made of lie above each other.
 * Shapes: x [W x H x ..], reference [w x h x ..] -> [w x h x ..]. CNTK: CropNode.
 */
export const Crop = operation({
  inputs: ["x", "reference", "xAncestor?", "referenceAncestor?"],
  settings: {
    xOffset: setting.f64({ default: AUTOMATIC }),
    yOffset: setting.f64({ default: AUTOMATIC }),
  },
  shape(context) {
    const { settings, isFinal, all } = context;
    const { x, reference } = context.shapes;
    const cut = [reference[0] ?? 0, reference[1] ?? 0];
    if (!isFinal) return [...cut, ...x.slice(2)];
    let offsets: readonly number[] = [settings.xOffset, settings.yOffset];
    if (offsets.includes(AUTOMATIC)) {
      offsets = context.offsets(0, 1, all.length === 4 ? [2, 3] : undefined);
      context.settle({ xOffset: offsets[0] ?? 0, yOffset: offsets[1] ?? 0 });
    }
    checkCrop(x, cut, offsets);
    return [...cut, ...x.slice(2)];
  },
  forward({ x }, { settings, shape }) {
    const { rank } = x;
    const [width = 1, height = 1] = shape;
    const rows = sliceAxis(x, axisIn(rank, 2), settings.yOffset, height);
    return sliceAxis(rows, axisIn(rank, 1), settings.xOffset, width);
  },
  backward: {
    x(gradient, { x }, { settings, shapes, shape }) {
      const offsets = [settings.xOffset, settings.yOffset];
      const around = x.shape.map((_, position): [number, number] => {
        const axis = x.rank - position - 1;
        const offset = offsets[axis];
        if (offset === undefined || position === 0) return [0, 0];
        return [offset, (shapes.x[axis] ?? 0) - offset - (shape[axis] ?? 0)];
      });
      return tf.pad(gradient, around);
    },
  },
});

/** @throws CntkError "validating" */
function checkCrop(x: Shape, cut: readonly number[], offsets: readonly number[]): void {
  cut.forEach((size, axis) => {
    const offset = offsets[axis] ?? 0;
    if (Number.isInteger(offset) && offset >= 0 && offset + size <= (x[axis] ?? 0)) return;
    throw invalid(
      `Input is small to be cropped along axis ${axis + 1} in crop node: ${size} elements from ${offset} on do not fit in [${printShape(x)}]`,
    );
  });
}
