/** Registers our kernels with TensorFlow.js's wasm backend, under the names that operations ask for. */

import type { NamedAttrMap, TensorInfo } from "@tensorflow/tfjs";
import type { OwnKernelName } from "../operations/own-kernels.js";
import { loadTensors, tf } from "../operations/tensors.js";
import { readModule } from "../kernels/built-files.js";
import { isWasmBackend, startKernels } from "../kernels/host.js";
import {
  input,
  isRegistered,
  registerKernels,
  type RegisteredKernel,
} from "../wasm-training/registration.js";
import { trainingKernels } from "../wasm-training/training-kernels.js";

/**
 * Makes our kernels available on the wasm backend, which must be the one in use. Calling it again changes nothing.
 * @returns whether they are there, and what to tell the user about it
 */
export async function installKernels(): Promise<{ installed: boolean; reason: string }> {
  await loadTensors();
  if (tf.getBackend() !== "wasm")
    return { installed: false, reason: `they need the wasm backend, not ${tf.getBackend()}` };
  if (isRegistered(tf, "CntkConvolution"))
    return { installed: true, reason: "WebAssembly with vectors" };
  const module = readModule();
  if (module === undefined)
    return { installed: false, reason: "kernels.wasm has not been built (npm run build)" };
  const backend: unknown = tf.backend();
  if (!isWasmBackend(backend))
    return { installed: false, reason: "this form of the wasm backend does not share its memory" };
  const host = startKernels(module, backend);
  if (host === undefined)
    return { installed: false, reason: "kernels.wasm is outdated (npm run build)" };
  registerKernels(tf, { ...ownKernels, ...trainingKernels(tf) }, () => host);
  return { installed: true, reason: "WebAssembly with vectors" };
}

function sizesIn(attributes: NamedAttrMap): number[] {
  const { sizes } = attributes;
  if (!Array.isArray(sizes)) throw new Error("a kernel was called without sizes");
  return sizes.map(Number);
}

const elements = ({ shape }: TensorInfo) => shape.reduce((product, size) => product * size, 1);

/** Sizes of a convolution by name, from the attribute `sizes`. */
function convolutionSizes(attributes: NamedAttrMap) {
  const sizes = sizesIn(attributes);
  const [samples = 0, channels = 0, maps = 0, height = 0, width = 0, rows = 0, columns = 0] = sizes;
  const [kernelHeight = 0, kernelWidth = 0] = sizes.slice(7);
  return {
    sizes,
    input: [samples, channels, height * width],
    output: [samples, maps, rows * columns],
    weights: [maps, channels, kernelHeight * kernelWidth],
  };
}

/** The three passes of a convolution: two tensors in, one out, whose scratch memory the kernel itself knows. */
function convolutionPass(
  pass: 0 | 1 | 2,
  names: readonly [string, string],
  kernel: "convolution" | "convolution_input_gradient" | "convolution_weight_gradient",
): RegisteredKernel {
  const result = (["output", "input", "weights"] as const)[pass];
  return (host, inputs, attributes) => {
    const shapes = convolutionSizes(attributes);
    const { sizes } = shapes;
    const output = host.output(shapes[result]);
    const [one, other] = names.map((name) => host.offset(input(inputs, name)));
    const bytes =
      pass === 2
        ? host.kernels.convolution_weight_scratch(...sizes)
        : host.kernels.convolution_scratch(pass, ...sizes);
    const scratch = host.scratch(bytes);
    host.kernels[kernel](one ?? 0, other ?? 0, host.offset(output), scratch, ...sizes);
    return output;
  };
}

/** Sizes of pooling; the planes are as many as the tensor has, cells or windows of them. */
function planarSizes(attributes: NamedAttrMap, tensor: TensorInfo, holds: "cells" | "windows") {
  const sizes = sizesIn(attributes);
  const [height = 0, width = 0, rows = 0, columns = 0] = sizes;
  const cells = height * width;
  const windows = rows * columns;
  const count = elements(tensor) / (holds === "cells" ? cells : windows);
  return { sizes, cells, windows, count, width };
}

const maxPooling: RegisteredKernel = (host, inputs, attributes) => {
  const x = input(inputs, "x");
  const { sizes, windows, count, width } = planarSizes(attributes, x, "cells");
  const value = host.output([count, windows]);
  const selection = host.output([count, windows], "int32");
  const scratch = host.scratch(host.kernels.pooling_scratch(width));
  const [from, to, position] = [x, value, selection].map((tensor) => host.offset(tensor));
  const keepsFirst = Number(attributes.keepsFirst);
  host.kernels.max_pooling(from ?? 0, to ?? 0, position ?? 0, scratch, keepsFirst, count, ...sizes);
  return [value, selection];
};

const averagePooling: RegisteredKernel = (host, inputs, attributes) => {
  const x = input(inputs, "x");
  const { sizes, windows, count, width } = planarSizes(attributes, x, "cells");
  const value = host.output([count, windows]);
  const scratch = host.scratch(host.kernels.pooling_scratch(width));
  const includePad = Number(attributes.includePad);
  const [from, to] = [host.offset(x), host.offset(value)];
  host.kernels.average_pooling(from, to, scratch, includePad, count, ...sizes);
  return value;
};

const averagePoolingGradient: RegisteredKernel = (host, inputs, attributes) => {
  const gradient = input(inputs, "gradient");
  const { sizes, cells, count } = planarSizes(attributes, gradient, "windows");
  const result = host.output([count, cells]);
  const includePad = Number(attributes.includePad);
  const [from, to] = [host.offset(gradient), host.offset(result)];
  host.kernels.average_pooling_gradient(from, to, includePad, count, ...sizes);
  return result;
};

/** Values of windows to the selected cells. */
const toPositions =
  (kernel: "add_to_positions" | "scatter_to_positions"): RegisteredKernel =>
  (host, inputs, attributes) => {
    const selection = input(inputs, "selection");
    const { cells, windows, count } = planarSizes(attributes, selection, "windows");
    const result = host.output([count, cells]);
    const values = host.offset(input(inputs, "values"));
    const [positions, to] = [host.offset(selection), host.offset(result)];
    host.kernels[kernel](values, positions, to, count, windows, cells);
    return result;
  };

const gatherFromPositions: RegisteredKernel = (host, inputs, attributes) => {
  const selection = input(inputs, "selection");
  const { cells, windows, count } = planarSizes(attributes, selection, "windows");
  const result = host.output([count, windows]);
  const gradient = host.offset(input(inputs, "gradient"));
  const [positions, to] = [host.offset(selection), host.offset(result)];
  const taken = host.scratch(cells);
  host.kernels.gather_from_positions(gradient, positions, to, taken, 1, count, windows, cells);
  return result;
};

const ownKernels: Readonly<Record<OwnKernelName, RegisteredKernel>> = {
  CntkConvolution: convolutionPass(0, ["x", "weights"], "convolution"),
  CntkConvolutionInputGradient: convolutionPass(1, ["g", "weights"], "convolution_input_gradient"),
  CntkConvolutionWeightGradient: convolutionPass(2, ["x", "g"], "convolution_weight_gradient"),
  CntkMaxPooling: maxPooling,
  CntkAveragePooling: averagePooling,
  CntkAveragePoolingGradient: averagePoolingGradient,
  CntkScatterToPositions: toPositions("scatter_to_positions"),
  CntkAddToPositions: toPositions("add_to_positions"),
  CntkGatherFromPositions: gatherFromPositions,
};
