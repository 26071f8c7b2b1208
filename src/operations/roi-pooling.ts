/** Max pooling of regions of interest to one size (nodes.md 7.5). CNTK: ROIPoolingNode, ConvolutionalNodes.h. */

import { CntkError } from "../../grammar/errors.js";
import { operation } from "./operation.js";
import { setting, type SettingsOf } from "./settings.js";
import { elementCount, isKnown, printShape, type Shape } from "./shape.js";
import { tf, type Tensor } from "./tensors.js";

const settings = {
  roiOutputShape: setting.shape(),
  // Only later versions store the rest; the regions are then corners in pixels of an image, times the scale.
  pool: setting.choice(["none", "max", "average"], { default: "max", since: 26, fileOnly: true }),
  spatialScale: setting.f64({ default: 0, since: 26, absent: 0, fileOnly: true }),
};

type RoiSettings = SettingsOf<typeof settings>;

function pooledShape(settings: RoiSettings, input: Shape, rois: Shape, names: readonly string[]) {
  const fail = (message: string, hint?: string): never => {
    throw new CntkError("validating", `ROIPooling: ${message}`, { hint });
  };
  const { roiOutputShape: output } = settings;
  if (settings.pool !== "max") fail(`pool '${settings.pool}' is not supported`);
  if (output.length !== 2 || !isKnown(output))
    fail(`roiOutputShape: expected [width x height], found [${printShape(output)}]`);
  if (input.length !== 3) fail(`expected an image [W x H x C], found [${printShape(input)}]`);
  const numbers = elementCount(rois);
  if (rois.length > 2 || numbers % 4 !== 0 || (rois.length === 2 && rois[0] !== 4))
    fail(
      `expected regions [4 x R], found [${printShape(rois)}] in ${names[1] ?? ""}`,
      "a region is x, y, width and height, as parts of the image's size",
    );
  return [...output, input[2] ?? 1, numbers / 4];
}

/** Like C's round: halves away from zero. Places are never negative. */
const rounded = (values: Tensor) => tf.floor(tf.add(values, 0.5));

/** First cells and sizes of the regions along one axis, `[samples, R]`. */
function extents(settings: RoiSettings, rois: Tensor, axis: 0 | 1, size: number) {
  const [samples, regions] = [rois.shape[0], rois.size / rois.shape[0] / 4];
  const numbers = tf.reshape(rois, [samples, regions, 4]);
  const pick = (index: number) =>
    tf.reshape(tf.slice(numbers, [0, 0, index], [samples, regions, 1]), [samples, regions]);
  const scale = settings.spatialScale === 0 ? size : settings.spatialScale;
  const first = rounded(tf.mul(pick(axis), scale));
  const second = rounded(tf.mul(pick(axis + 2), scale));
  const length = settings.spatialScale === 0 ? second : tf.add(tf.sub(second, first), 1);
  return { first, length: tf.maximum(length, 1) };
}

/** Which cells of an axis belong to which bin of which region: `[samples, R, bins, size]`. */
function binCells(settings: RoiSettings, rois: Tensor, axis: 0 | 1, size: number): Tensor {
  const bins = settings.roiOutputShape[axis] ?? 1;
  const { first, length } = extents(settings, rois, axis, size);
  const [begin, whole] = [tf.expandDims(first, 2), tf.expandDims(length, 2)];
  const index = tf.range(0, bins, 1, "float32");
  const share = (parts: Tensor) => tf.div(tf.mul(parts, whole), bins);
  const from = tf.expandDims(tf.add(tf.floor(share(index)), begin), 3);
  const to = tf.expandDims(tf.add(tf.ceil(share(tf.add(index, 1))), begin), 3);
  const cell = tf.range(0, size, 1, "float32");
  return tf.logicalAnd(tf.greaterEqual(cell, from), tf.less(cell, to));
}

/** 1 at the place, 0 elsewhere, along a new last axis. */
const oneHot = (places: Tensor, size: number) =>
  tf.cast(
    tf.equal(tf.expandDims(tf.cast(places, "float32"), -1), tf.range(0, size, 1, "float32")),
    "float32",
  );

/** The bins of one sample: their maxima and where these are, `[R, C, PH, PW]`, and whether they have cells at all. */
interface Bins {
  readonly maximum: Tensor;
  readonly row: Tensor;
  readonly column: Tensor;
  readonly hasCells: Tensor;
}

/** Columns first, then rows, so that of equal cells the first in memory order is found. */
function poolSample(image: Tensor, columnCells: Tensor, rowCells: Tensor): Bins {
  const [channels, height, width] = image.shape as [number, number, number];
  const [regions, columns] = columnCells.shape as [number, number];
  const rows = rowCells.shape[1] ?? 1;
  const none = tf.scalar(-Infinity);
  const numbers = tf.where(tf.equal(image, image), image, none);
  // [R, C, H, PW, W]
  const inColumns = tf.where(
    tf.reshape(columnCells, [regions, 1, 1, columns, width]),
    tf.reshape(numbers, [1, channels, height, 1, width]),
    none,
  );
  const ofRows = tf.max(inColumns, -1);
  const columnOfRows = tf.argMax(inColumns, -1);
  // [R, C, PH, PW, H]
  const turned = tf.reshape(tf.transpose(ofRows, [0, 1, 3, 2]), [
    regions,
    channels,
    1,
    columns,
    height,
  ]);
  const inRows = tf.where(tf.reshape(rowCells, [regions, 1, rows, 1, height]), turned, none);
  const row = tf.argMax(inRows, -1);
  const isRow = oneHot(row, height);
  const columnsTurned = tf.reshape(tf.transpose(columnOfRows, [0, 1, 3, 2]), [
    ...[regions, channels, 1, columns, height],
  ]);
  const column = tf.sum(tf.mul(isRow, tf.cast(columnsTurned, "float32")), -1);
  const any = (cells: Tensor) => tf.max(tf.cast(cells, "float32"), -1);
  const hasCells = tf.greater(
    tf.mul(
      tf.reshape(any(rowCells), [regions, 1, rows, 1]),
      tf.reshape(any(columnCells), [regions, 1, 1, columns]),
    ),
    0,
  );
  return { maximum: tf.max(inRows, -1), row, column, hasCells };
}

/** Calls `compute` with each sample's image and bins. */
function perSample(
  settings: RoiSettings,
  input: Tensor,
  rois: Tensor,
  compute: (bins: Bins, image: Tensor, sample: number) => Tensor,
): Tensor {
  const [samples, channels, height, width] = input.shape as [number, number, number, number];
  const columnCells = binCells(settings, rois, 0, width);
  const rowCells = binCells(settings, rois, 1, height);
  const images = tf.unstack(tf.reshape(input, [samples, channels, height, width]));
  const [columns, rows] = [tf.unstack(columnCells), tf.unstack(rowCells)];
  const results = images.map((image, sample) =>
    tf.tidy(() =>
      compute(
        poolSample(image, columns[sample] ?? columnCells, rows[sample] ?? rowCells),
        image,
        sample,
      ),
    ),
  );
  return tf.stack(results);
}

/**
 * Maximum of each bin of a grid laid over each region of an image; 0 for bins without cells.
 *
 * Shapes: input [W x H x C x *], rois [4 x R x *] -> [PW x PH x C x R x *]. A region is x, y, width, height as parts of
 * the image's size. The gradient of a bin goes to its maximum; regions get none.
 */
export const ROIPooling = operation({
  inputs: ["input", "rois"],
  settings,
  shape(context) {
    const { settings, shapes, names, hasDynamicAxis } = context;
    if (context.isFinal && hasDynamicAxis[0] !== hasDynamicAxis[1])
      throw new CntkError("validating", "ROIPooling: expected regions for every image", {
        hint: `only one of ${names.join(" and ")} has a dynamic axis`,
      });
    if (context.isFinal || (isKnown(shapes.input) && isKnown(shapes.rois)))
      return pooledShape(settings, shapes.input, shapes.rois, names);
    return [0, 0, 0, 0];
  },
  forward: ({ input, rois }, { settings }) =>
    perSample(settings, input, rois, ({ maximum, hasCells }) =>
      tf.where(hasCells, maximum, tf.scalar(0)),
    ),
  backward: {
    input: (gradient, { input, rois }, { settings }) => {
      const gradients = tf.unstack(gradient);
      return perSample(settings, input, rois, (bins, image, sample) => {
        const [channels, height, width] = image.shape as [number, number, number];
        const count = bins.row.size / channels;
        const perChannel = (values: Tensor) =>
          tf.reshape(tf.transpose(values, [1, 0, 2, 3]), [channels, count]);
        const g = gradients[sample] ?? gradient;
        const used = tf.mul(g, tf.cast(bins.hasCells, "float32"));
        const rows = tf.mul(
          oneHot(perChannel(bins.row), height),
          tf.expandDims(perChannel(used), 2),
        );
        return tf.matMul(rows, oneHot(perChannel(bins.column), width), true);
      });
    },
  },
});
