/**
 * The kernels that TensorFlow.js's wasm backend lacks for training, under TensorFlow.js's names and with its attributes:
 * gradients of convolutions and of looking up rows.
 *
 * TensorFlow.js has images as [N, H, W, C] and filters as [kH, kW, C, K]; our kernels take planes. A convolution here is
 * one of groups: a standard one is a single group, a depthwise one has a group for every channel.
 */

import type { NamedAttrMap, TensorInfo } from "@tensorflow/tfjs";
import type { KernelHost } from "../kernels/host.js";
import { input, onlyOutput, type KernelRegistry, type RegisteredKernel } from "./registration.js";

export const trainingKernels = (
  registry: KernelRegistry,
): Readonly<Record<string, RegisteredKernel>> => ({
  Conv2DBackpropFilter: filterGradient(registry, "standard"),
  DepthwiseConv2dNativeBackpropFilter: filterGradient(registry, "depthwise"),
  DepthwiseConv2dNativeBackpropInput: depthwiseInputGradient(registry),
  UnsortedSegmentSum: segmentSum,
});

type ConvolutionKind = "standard" | "depthwise";

/** How a tensor of five axes, the channels of groups apart, is laid as planes, and laid back. */
const IMAGE_TO_PLANES = [3, 0, 4, 1, 2]; // [N, H, W, G, C] -> [G, N, C, H, W]
const PLANES_TO_IMAGE = [1, 3, 4, 0, 2];
const FILTER_TO_PLANES = [2, 4, 3, 0, 1]; // [kH, kW, G, C, K] -> [G, K, C, kH, kW]
const PLANES_TO_FILTER = [3, 4, 0, 2, 1];

/** Gradient with respect to the filter, from images `x` and the gradient `dy` of the result. */
const filterGradient =
  (registry: KernelRegistry, kind: ConvolutionKind): RegisteredKernel =>
  (host, inputs, attributes) => {
    const [x, dy] = [input(inputs, "x"), input(inputs, "dy")];
    const filterShape = shapeIn(attributes, "filterShape");
    const shapes = groupShapes(registry, kind, x.shape, filterShape, attributes);
    const images = transpose(registry, host, x, shapes.input, IMAGE_TO_PLANES);
    const gradients = transpose(registry, host, dy, shapes.output, IMAGE_TO_PLANES);
    const weights = host.output(permuted(shapes.filter, FILTER_TO_PLANES));
    const scratch = host.scratch(host.kernels.convolution_weight_scratch(...shapes.sizes));
    forGroups(host, [images, gradients, weights], shapes.groups, (image, gradient, weight) =>
      host.kernels.convolution_weight_gradient(image, gradient, weight, scratch, ...shapes.sizes),
    );
    const result = transpose(registry, host, weights, weights.shape, PLANES_TO_FILTER);
    release(host, images, gradients, weights);
    return { ...result, shape: filterShape };
  };

/** Gradient with respect to the images, from the `filter` and the gradient `dy` of the result. */
const depthwiseInputGradient =
  (registry: KernelRegistry): RegisteredKernel =>
  (host, inputs, attributes) => {
    const [dy, filter] = [input(inputs, "dy"), input(inputs, "filter")];
    const inputShape = shapeIn(attributes, "inputShape");
    const shapes = groupShapes(registry, "depthwise", inputShape, filter.shape, attributes);
    const gradients = transpose(registry, host, dy, shapes.output, IMAGE_TO_PLANES);
    const weights = transpose(registry, host, filter, shapes.filter, FILTER_TO_PLANES);
    const images = host.output(permuted(shapes.input, IMAGE_TO_PLANES));
    const scratch = host.scratch(host.kernels.convolution_scratch(1, ...shapes.sizes));
    forGroups(host, [gradients, weights, images], shapes.groups, (gradient, weight, image) =>
      host.kernels.convolution_input_gradient(gradient, weight, image, scratch, ...shapes.sizes),
    );
    const result = transpose(registry, host, images, images.shape, PLANES_TO_IMAGE);
    release(host, gradients, weights, images);
    return { ...result, shape: inputShape };
  };

/** result [segments, ...] = sum of the rows of `x` whose segment it is; other segments are left out. */
const segmentSum: RegisteredKernel = (host, inputs, attributes) => {
  const [x, segmentIds] = [input(inputs, "x"), input(inputs, "segmentIds")];
  const segments = Number(attributes.numSegments);
  const rowShape = x.shape.slice(segmentIds.shape.length);
  const result = host.output([segments, ...rowShape], x.dtype === "int32" ? "int32" : "float32");
  // views of the memory, which may have grown for the result
  const from = host.backend.typedArrayFromHeap(x);
  const to = host.backend.typedArrayFromHeap(result).fill(0);
  const width = elements(rowShape);
  host.backend.typedArrayFromHeap(segmentIds).forEach((segment, row) => {
    if (segment < 0 || segment >= segments) return;
    for (let i = 0; i < width; i++) {
      const place = segment * width + i;
      to[place] = (to[place] ?? 0) + (from[row * width + i] ?? 0);
    }
  });
  return result;
};

const elements = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

const permuted = (shape: readonly number[], axes: readonly number[]) =>
  axes.map((axis) => shape[axis] ?? 1);

function shapeIn(attributes: NamedAttrMap, name: string): number[] {
  const shape = attributes[name];
  if (!Array.isArray(shape)) throw new Error(`a kernel was called without ${name}`);
  return shape.map(Number);
}

/**
 * Shapes with an axis for the groups, and the sizes of one group's convolution, as our kernels take them.
 * @param filterShape [kH, kW, C, K]; for a depthwise one K is the number of maps for every channel
 */
function groupShapes(
  registry: KernelRegistry,
  kind: ConvolutionKind,
  inputShape: readonly number[],
  filterShape: readonly number[],
  attributes: NamedAttrMap,
) {
  // TensorFlow.js has checked these before it calls a kernel; its own type for them is not exported.
  const { strides, pad, dilations, dimRoundingMode, dataFormat } = attributes as unknown as {
    strides: number | [number, number];
    pad: "same" | "valid" | number;
    dilations?: number | [number, number];
    dimRoundingMode?: "floor" | "round" | "ceil";
    dataFormat?: "NHWC" | "NCHW";
  };
  if (dataFormat === "NCHW")
    throw new Error("the wasm backend has convolutions of images in the order NHWC only");
  if ([dilations ?? 1].flat().some((rate) => rate !== 1))
    throw new Error("gradients of convolutions are for dilations of 1");
  const info = registry.backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    ...([strides, 1, pad, dimRoundingMode, kind === "depthwise"] as const),
  );
  const { batchSize, inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth } = info;
  const groups = kind === "depthwise" ? info.inChannels : 1;
  const [channels, maps] = [info.inChannels / groups, info.outChannels / groups];
  return {
    groups,
    input: [batchSize, inHeight, inWidth, groups, channels],
    output: [batchSize, outHeight, outWidth, groups, maps],
    filter: [filterHeight, filterWidth, groups, channels, maps],
    sizes: [
      ...[batchSize, channels, maps, inHeight, inWidth, outHeight, outWidth],
      ...[filterHeight, filterWidth, info.strideHeight, info.strideWidth],
      ...[info.padInfo.top, info.padInfo.left],
    ],
  };
}

/** Calls a kernel for every group with where the group begins in each tensor. */
function forGroups(
  host: KernelHost,
  tensors: readonly [TensorInfo, TensorInfo, TensorInfo],
  groups: number,
  call: (first: number, second: number, third: number) => void,
): void {
  for (let group = 0; group < groups; group++) {
    const [first = 0, second = 0, third = 0] = tensors.map(
      (tensor) => host.offset(tensor) + (group * elements(tensor.shape) * 4) / groups,
    );
    call(first, second, third);
  }
}

/** A tensor taken to have `shape`, with its axes in another order; perhaps the same memory where that changes nothing. */
function transpose(
  registry: KernelRegistry,
  host: KernelHost,
  tensor: TensorInfo,
  shape: readonly number[],
  axes: readonly number[],
): TensorInfo {
  const { kernelFunc } = registry.getKernel("Transpose", "wasm");
  const x = { ...tensor, shape: [...shape] };
  return onlyOutput(
    kernelFunc({ inputs: { x }, backend: host.backend, attrs: { perm: [...axes] } }),
  );
}

const release = (host: KernelHost, ...tensors: readonly TensorInfo[]): void =>
  tensors.forEach(({ dataId }) => host.backend.disposeData(dataId));
