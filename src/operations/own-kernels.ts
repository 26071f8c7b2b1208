/**
 * Asks TensorFlow.js for the project's own kernels. They are registered under the names below for backends that have
 * them (src/kernels); everywhere else operations compute the same with TensorFlow.js's operations alone.
 */

import { splitChannels, type SplitGeometry } from "./window-tables.js";
import { tf, type Tensor } from "./tensors.js";
import type { Geometry, WindowAxis, WindowKind } from "./windows.js";

export type OwnKernelName =
  | "CntkConvolution"
  | "CntkConvolutionInputGradient"
  | "CntkConvolutionWeightGradient"
  | "CntkMaxPooling"
  | "CntkAveragePooling"
  | "CntkAveragePoolingGradient"
  | "CntkScatterToPositions"
  | "CntkAddToPositions"
  | "CntkGatherFromPositions";

/** Sizes of windows over planes of `height` rows and `width` cells, as the kernels take them. */
export interface PlanarSizes {
  readonly channels: number;
  readonly vertical: WindowAxis;
  readonly horizontal: WindowAxis;
}

const unitAxis: WindowAxis = { input: 1, windows: 1, kernel: 1, stride: 1, lower: 0 };

/** The geometry as planes, or undefined where it has more than two axes besides the channels. */
export function planarSizes({ axes, channels }: SplitGeometry): PlanarSizes | undefined {
  const isUnit = (axis: WindowAxis) => axis.input === 1 && axis.kernel === 1 && axis.windows === 1;
  const spatial = axes.filter((axis) => !(isUnit(axis) && axis.lower === 0));
  const [horizontal = unitAxis, vertical = unitAxis, ...more] = spatial;
  return more.length === 0 ? { channels, vertical, horizontal } : undefined;
}

/** What a node keeps about its windows for every minibatch. */
export interface PreparedWindows extends SplitGeometry {
  readonly geometry: Geometry;
  readonly planar: PlanarSizes | undefined;
}

export function prepareWindows(kind: WindowKind, geometry: Geometry): PreparedWindows {
  const split = splitChannels(kind, geometry);
  return { ...split, geometry, planar: planarSizes(split) };
}

/** True when the backend in use has the kernel. */
export function hasOwnKernel(name: OwnKernelName): boolean {
  return Boolean(tf.getKernel(name, tf.getBackend()));
}

/** Runs one of our kernels. The caller has made sure that the backend has it. */
export function runOwnKernel(
  name: OwnKernelName,
  inputs: Readonly<Record<string, Tensor>>,
  attributes: Readonly<Record<string, number | boolean | number[]>>,
): Tensor[] {
  const outputs: Tensor | Tensor[] = tf.engine().runKernel(name, { ...inputs }, { ...attributes });
  return Array.isArray(outputs) ? outputs : [outputs];
}

/** `[height, width, rows, columns, kernel height, kernel width, stride, stride, lower, lower]`, vertical first. */
export function planarArguments({ vertical, horizontal }: PlanarSizes): number[] {
  return [
    ...[vertical.input, horizontal.input, vertical.windows, horizontal.windows],
    ...[vertical.kernel, horizontal.kernel, vertical.stride, horizontal.stride],
    ...[vertical.lower, horizontal.lower],
  ];
}
