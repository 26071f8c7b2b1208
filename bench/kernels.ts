/**
 * Times the kernels one by one on the shapes of the workloads: `node dist/bench/kernels.js [filter] [native|wasm]`. What is
 * printed is the best of several repetitions in processor time, so that other programs disturb it little.
 */

import type { Kernels } from "../src/kernels/host.js";
import {
  CALL_BYTES,
  loadKernelLibrary,
  singleKernels,
  type KernelLibrary,
} from "../src/kernels/library.js";
import { MersenneTwister } from "../src/random/mersenne-twister.js";

/** Where a case puts its tensors. */
interface Place {
  readonly kernels: Kernels;
  /** offset of so many random floats from -1 to 1 */
  readonly floats: (count: number) => number;
  /** offset of so many bytes of working memory */
  readonly bytes: (count: number) => number;
}

/** One kernel on one shape. */
interface Case {
  readonly name: string;
  /** floating-point operations of a call, or bytes that it must read and write */
  readonly work: number;
  readonly unit: "GFLOP/s" | "GB/s";
  readonly prepare: (place: Place) => () => void;
}

const MEMORY = 1 << 29;
/** seconds of processor time */
const REPETITION = 0.01;
const REPETITIONS = 15;
/** seconds for WebAssembly's second compiler, whose own time counts as ours */
const WARM_UP = 0.5;

/** A square convolution, padded so that stride 1 keeps the size: samples, channels, maps, size, kernel, stride. */
type ConvolutionShape = readonly [number, number, number, number, number, number];

function convolutionSizes([samples, channels, maps, size, kernel, stride]: ConvolutionShape) {
  const windows = Math.ceil(size / stride);
  const lower = (kernel - 1) >> 1;
  const plane = [size, size, windows, windows, kernel, kernel, stride, stride, lower, lower];
  return {
    sizes: [samples, channels, maps, ...plane],
    large: samples * channels * size * size,
    small: samples * maps * windows * windows,
    weights: maps * channels * kernel * kernel,
    windows: windows * windows,
    operations: 2 * samples * maps * channels * windows * windows * kernel * kernel,
  };
}

function convolutionCases(note: string, shape: ConvolutionShape): Case[] {
  const { sizes, large, small, weights, operations } = convolutionSizes(shape);
  const [, channels, maps, size, kernel, stride] = shape;
  const name = (pass: string) =>
    `convolution ${pass} ${note} ${channels}->${maps} ${kernel}x${kernel} on ${size}x${size} / ${stride}`;
  const common = { work: operations, unit: "GFLOP/s" as const };
  return [
    {
      ...common,
      name: name("forward"),
      prepare({ kernels, floats, bytes }) {
        const [x, w, y] = [floats(large), floats(weights), floats(small)];
        const scratch = bytes(kernels.convolution_scratch(0, ...sizes));
        return () => kernels.convolution(x, w, y, scratch, ...sizes);
      },
    },
    {
      ...common,
      name: name("input gradient"),
      prepare({ kernels, floats, bytes }) {
        const [x, w, y] = [floats(large), floats(weights), floats(small)];
        const scratch = bytes(kernels.convolution_scratch(1, ...sizes));
        return () => kernels.convolution_input_gradient(y, w, x, scratch, ...sizes);
      },
    },
    {
      ...common,
      name: name("weight gradient"),
      prepare({ kernels, floats, bytes }) {
        const [x, w, y] = [floats(large), floats(weights), floats(small)];
        const scratch = bytes(kernels.convolution_weight_scratch(...sizes));
        return () => kernels.convolution_weight_gradient(x, y, w, scratch, ...sizes);
      },
    },
  ];
}

/** Rows m, columns n, depth k, and whether the operands are transposed. */
function productCase(note: string, m: number, n: number, k: number, order: "NN" | "TN" | "NT") {
  return {
    name: `gemm ${order} ${note} ${m}x${k} ${k}x${n}`,
    work: 2 * m * n * k,
    unit: "GFLOP/s" as const,
    prepare({ kernels, floats, bytes }: Place) {
      const [a, b, c] = [floats(m * k), floats(k * n), floats(m * n)];
      const packed = bytes(kernels.gemm_scratch());
      const transposed = [Number(order === "TN"), Number(order === "NT")];
      const pitches = [order === "TN" ? m : k, order === "NT" ? k : n, n];
      return () => kernels.gemm(a, b, c, packed, m, n, k, ...transposed, ...pitches, 0);
    },
  };
}

/** Forward, and both gradients of a dense layer from `inner` to `outer` numbers. */
const denseCases = (rows: number, inner: number, outer: number): Case[] => [
  productCase("forward", rows, outer, inner, "NN"),
  productCase("input gradient", rows, inner, outer, "NT"),
  productCase("weight gradient", inner, outer, rows, "TN"),
];

/** Pooling and unpooling over square windows as far apart as they are wide. */
function poolingCases(count: number, size: number, kernel: number): Case[] {
  const windows = Math.floor(size / kernel);
  const [cells, results] = [count * size * size, count * windows * windows];
  const sizes = [count, size, size, windows, windows, kernel, kernel, kernel, kernel, 0, 0];
  const shape = `${kernel}x${kernel} on ${count} planes ${size}x${size}`;
  const positioned = (
    kernel: "add_to_positions" | "scatter_to_positions" | "gather_from_positions",
  ): Case => ({
    name: `${kernel} ${shape}`,
    work: 4 * (2 * results + (kernel === "gather_from_positions" ? results : cells)),
    unit: "GB/s",
    prepare(place) {
      const { kernels, floats, bytes } = place;
      const [x, values, positions] = [floats(cells), floats(results), floats(results)];
      const scratch = bytes(kernels.pooling_scratch(size) + size * size);
      kernels.max_pooling(x, values, positions, scratch, 0, ...sizes);
      const planar = [count, windows * windows, size * size];
      return kernel === "gather_from_positions"
        ? () => kernels[kernel](x, positions, values, scratch, 0, ...planar)
        : () => kernels[kernel](values, positions, x, ...planar);
    },
  });
  const pooled = (kernel: "max_pooling" | "average_pooling"): Case => ({
    name: `${kernel} ${shape}`,
    work: 4 * (cells + results),
    unit: "GB/s",
    prepare({ kernels, floats, bytes }) {
      const [x, y, positions] = [floats(cells), floats(results), floats(results)];
      const scratch = bytes(kernels.pooling_scratch(size));
      return kernel === "max_pooling"
        ? () => kernels.max_pooling(x, y, positions, scratch, 0, ...sizes)
        : () => kernels.average_pooling(x, y, scratch, 0, ...sizes);
    },
  });
  return [
    pooled("max_pooling"),
    pooled("average_pooling"),
    positioned("add_to_positions"),
    positioned("scatter_to_positions"),
    positioned("gather_from_positions"),
  ];
}

/** Both kernels over unpooled planes, every window of which has one value that is not zero. */
function sparseCases(note: string, shape: ConvolutionShape, pool: number): Case[] {
  const { sizes, large, small, weights } = convolutionSizes(shape);
  const [samples, channels, maps, size, kernel] = shape;
  const windows = Math.floor(size / pool);
  const count = samples * maps * windows * windows;
  const prepare =
    (kernel: "sparse_convolution_spread" | "sparse_convolution_weight_gradient") =>
    ({ kernels, floats, bytes }: Place) => {
      const [cells, values, positions] = [floats(small), floats(count), floats(count)];
      const planes = [samples * maps, size, size, windows, windows, pool, pool, pool, pool, 0, 0];
      const scratch = bytes(
        Math.max(kernels.sparse_convolution_scratch(...sizes), kernels.pooling_scratch(size)),
      );
      kernels.max_pooling(cells, values, positions, scratch, 0, ...planes);
      const [w, y] = [floats(weights), floats(large)];
      const [from, to] = kernel === "sparse_convolution_spread" ? [w, y] : [y, w];
      const all = [scratch, windows * windows, ...sizes];
      return () => kernels[kernel](values, positions, from, to, ...all);
    };
  const named = (pass: string) =>
    `sparse ${pass} ${note} ${maps}->${channels} ${kernel}x${kernel}, one of ${pool}x${pool}`;
  const work = 2 * count * channels * kernel * kernel;
  return [
    ["spread", "sparse_convolution_spread"] as const,
    ["weight gradient", "sparse_convolution_weight_gradient"] as const,
  ].map(([pass, name]) => ({
    name: named(pass),
    work,
    unit: "GFLOP/s" as const,
    prepare: prepare(name),
  }));
}

const cases: readonly Case[] = [
  ...convolutionCases("07", [64, 1, 1, 28, 5, 1]),
  ...convolutionCases("07, 3 maps", [64, 1, 3, 28, 5, 1]),
  ...convolutionCases("two-layer", [64, 1, 5, 28, 5, 1]),
  ...convolutionCases("two-layer", [64, 5, 1, 14, 5, 1]),
  ...convolutionCases("02", [64, 1, 16, 28, 5, 1]),
  ...convolutionCases("02", [64, 16, 32, 14, 5, 1]),
  ...convolutionCases("ResNet", [16, 3, 16, 32, 3, 1]),
  ...convolutionCases("ResNet", [16, 16, 16, 32, 3, 1]),
  ...convolutionCases("ResNet", [16, 16, 32, 32, 3, 2]),
  ...convolutionCases("ResNet", [16, 32, 32, 16, 3, 1]),
  ...convolutionCases("ResNet", [16, 32, 64, 16, 3, 2]),
  ...convolutionCases("ResNet", [16, 64, 64, 8, 3, 1]),
  ...convolutionCases("ResNet", [16, 16, 32, 32, 1, 2]),
  ...sparseCases("07", [64, 1, 1, 28, 5, 1], 4),
  ...sparseCases("07, 3 maps", [64, 1, 3, 28, 5, 1], 4),
  ...sparseCases("07, 2x2", [64, 1, 1, 28, 5, 1], 2),
  ...sparseCases("two-layer", [64, 1, 5, 28, 5, 1], 2),
  ...poolingCases(64, 28, 4),
  ...poolingCases(64, 28, 2),
  ...poolingCases(1024, 14, 2),
  ...denseCases(64, 784, 200),
  ...denseCases(64, 200, 10),
  ...denseCases(128, 512, 2048),
  ...denseCases(128, 2048, 2048),
  ...denseCases(128, 2048, 10),
  productCase("square", 512, 512, 512, "NN"),
];

/** Seconds of processor time of this process. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Seconds of one call, by the best repetition. */
function secondsOf(compute: () => void): number {
  const timed = (calls: number) => {
    const before = processorTime();
    for (let call = 0; call < calls; call++) compute();
    return processorTime() - before;
  };
  const begin = performance.now();
  while (performance.now() - begin < WARM_UP * 1000) compute();
  let calls = 1;
  while (timed(calls) < REPETITION) calls *= 2;
  const times = Array.from({ length: REPETITIONS }, () => timed(calls));
  return Math.min(...times) / calls;
}

/** Begins at the same place for every case. */
function placeIn(library: KernelLibrary): Place {
  const { memory } = library;
  const kernels = singleKernels(library, 0);
  const numbers = new Float32Array(memory.buffer);
  const generator = new MersenneTwister(1);
  let end = CALL_BYTES;
  const bytes = (count: number) => {
    const offset = end;
    end += Math.ceil(count / 64) * 64;
    if (end > memory.buffer.byteLength) throw new Error(`a case needs more than ${MEMORY} bytes`);
    return offset;
  };
  return {
    kernels,
    bytes,
    floats(count) {
      const offset = bytes(count * 4);
      for (let i = 0; i < count; i++)
        numbers[offset / 4 + i] = generator.below(2 ** 24) / 2 ** 23 - 1;
      return offset;
    },
  };
}

const [filter = "", wanted] = process.argv.slice(2);
const forms = (["native", "wasm"] as const).filter((form) => (wanted ?? form) === form);
const libraries = forms.flatMap((form) => loadKernelLibrary(form, MEMORY) ?? []);
console.log(`${"".padEnd(70)}${libraries.map(({ form }) => form.padStart(18)).join("")}`);
for (const { name, work, unit, prepare } of cases) {
  if (!name.includes(filter)) continue;
  const columns = libraries.map((library) => {
    const seconds = secondsOf(prepare(placeIn(library)));
    return `${(work / seconds / 1e9).toFixed(1)} ${unit}`.padStart(18);
  });
  console.log(`${name.padEnd(70)}${columns.join("")}`);
}
