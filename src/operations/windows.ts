/**
 * Geometry of convolution and pooling: how attributes are completed, how many windows an axis has and where they lie
 * (nodes.md 6.1 to 6.3, 6.6, 7.3). CNTK: ConvolveGeometry.h, ConvolutionalNodes.h.
 *
 * "Input" is always the larger side, the one that windows are laid over; for a transposed convolution and for unpooling
 * that is the node's result.
 */

import { CntkError } from "../../grammar/errors.js";
import type { Positions } from "./operation.js";
import { elementCount, printShape, sameShape, type Shape } from "./shape.js";

/** The attributes of a node that decide where its windows are. */
export interface WindowAttributes {
  readonly kernelShape: Shape;
  readonly strideShape: Shape;
  readonly dimSharing: readonly boolean[];
  readonly dimPadding: readonly boolean[];
  readonly dimPadLower: Shape;
  readonly dimPadUpper: Shape;
  readonly mapCount: Shape;
  readonly ceilOutDim: boolean;
}

/** Windows along one axis: window `o` covers the cells `o * stride - lower` and following, `kernel` of them. */
export interface WindowAxis {
  readonly input: number;
  readonly windows: number;
  readonly kernel: number;
  readonly stride: number;
  /** cells of the first window in front of the input; negative where it begins inside */
  readonly lower: number;
}

export interface Geometry {
  /** the larger side */
  readonly input: Shape;
  /** the smaller side: windows per axis, the last axis times the number of maps */
  readonly output: Shape;
  readonly axes: readonly WindowAxis[];
  /** number of maps: output channels, those of the smaller side if transposed */
  readonly maps: number;
  /** the attributes, completed to the rank of the data */
  readonly completed: WindowAttributes;
}

/** What axes without attributes get: a convolution's kernel covers them, a pooling's leaves them alone. */
export type WindowKind = "convolution" | "pooling";

/** Attributes with an entry for every axis of the data (6.1). @throws CntkError "validating" if ranks do not fit */
export function completeAttributes(
  kind: WindowKind,
  attributes: WindowAttributes,
  data: Shape,
): WindowAttributes {
  const filterRank = attributes.kernelShape.length;
  if (filterRank === 0)
    throw new CntkError("validating", "kernelShape: expected the size of the kernel on each axis");
  // First the last entry is repeated up to the rank of the kernel, then axes of the data are filled.
  const complete = <T>(values: readonly T[], fallback: T, fill: (axis: number) => T): T[] => {
    const last = values.at(-1) ?? fallback;
    const length = Math.max(values.length, data.length);
    return Array.from({ length }, (_, axis) => {
      const given = values[axis];
      if (given !== undefined) return given;
      return axis < filterRank ? last : fill(axis);
    });
  };
  const whole = (axis: number) => (kind === "convolution" ? (data[axis] ?? 1) : 1);
  const completed = {
    ...attributes,
    kernelShape: complete(attributes.kernelShape, 1, whole),
    strideShape: complete(attributes.strideShape, 1, whole),
    dimSharing: complete(attributes.dimSharing, true, () => true),
    dimPadding: complete(attributes.dimPadding, false, () => false),
    dimPadLower: complete(attributes.dimPadLower, 0, () => 0),
    dimPadUpper: complete(attributes.dimPadUpper, 0, () => 0),
  };
  checkRanks(completed, data);
  checkSizes(completed);
  return completed;
}

function checkRanks(completed: WindowAttributes, data: Shape): void {
  const fail = (message: string, name: string, found: number): never => {
    const hint = `the data is [${printShape(data)}], so ${name} may have up to ${data.length} entries; found ${found}`;
    throw new CntkError("validating", message, { hint });
  };
  const kernelRank = completed.kernelShape.length;
  if (kernelRank !== data.length)
    fail("Convolution input and kernel tensors must have the same rank.", "the kernel", kernelRank);
  const { mapCount } = completed;
  const others: readonly (readonly [string, string, number])[] = [
    ["map", "mapCount", mapCount.length > 1 ? mapCount.length : data.length],
    ["stride", "the stride", completed.strideShape.length],
    ["sharing", "sharing", completed.dimSharing.length],
    ["padding", "automatic padding", completed.dimPadding.length],
    ["lower pad", "lowerPad", completed.dimPadLower.length],
    ["upper pad", "upperPad", completed.dimPadUpper.length],
  ];
  for (const [word, name, rank] of others) {
    if (rank !== data.length)
      fail(
        `Convolution ${word} tensor must have rank 1 or the same as the input tensor.`,
        name,
        rank,
      );
  }
}

function checkSizes(completed: WindowAttributes): void {
  for (const [name, sizes] of [
    ["kernelShape", completed.kernelShape],
    ["strideShape", completed.strideShape],
  ] as const) {
    if (sizes.some((size) => size < 1))
      throw new CntkError(
        "validating",
        `${name}: expected sizes of 1 or more, found [${printShape(sizes)}]`,
      );
  }
  if (completed.mapCount.slice(0, -1).some((count) => count !== 1)) {
    const found = printShape(completed.mapCount);
    throw new CntkError(
      "validating",
      `mapCount: expected maps on the last axis only, found [${found}]`,
    );
  }
}

/**
 * Lays windows over `input` (6.2, 6.3).
 * @param maps number of output maps where mapCount leaves it open (0)
 * @throws CntkError "validating" with CNTK's message, the axis and what would fit
 */
export function layWindows(
  kind: WindowKind,
  attributes: WindowAttributes,
  input: Shape,
  maps = 0,
): Geometry {
  const completed = completeAttributes(kind, attributes, input);
  return layCompleted(completed, input, mapsOf(completed) || maps, true);
}

function layCompleted(
  attributes: WindowAttributes,
  input: Shape,
  maps: number,
  mustFill: boolean,
): Geometry {
  const mapCount = mapsOf(attributes) > 0 ? attributes.mapCount : [maps];
  const completed = { ...attributes, mapCount };
  const axes = input.map((_, axis) => windowAxis(completed, input, axis, mustFill));
  for (const [axis, { windows }] of axes.entries()) {
    if (completed.dimSharing[axis] === false && windows > 1)
      throw new CntkError(
        "validating",
        `sharing is false on axis ${axis + 1}: kernels with own weights per position are not supported`,
      );
  }
  const output = timesMaps(
    axes.map(({ windows }) => windows),
    maps,
  );
  return { input, output, axes, maps, completed };
}

const timesMaps = (windows: Shape, maps: number) =>
  windows.map((size, axis) => (axis === windows.length - 1 ? size * maps : size));

const mapsOf = (completed: WindowAttributes) => elementCount(completed.mapCount);

/** The entries of completed attributes on one axis. */
function onAxis(completed: WindowAttributes, axis: number) {
  return {
    kernel: completed.kernelShape[axis] ?? 1,
    stride: completed.strideShape[axis] ?? 1,
    auto: completed.dimPadding[axis] ?? false,
    lower: completed.dimPadLower[axis] ?? 0,
    upper: completed.dimPadUpper[axis] ?? 0,
  };
}

function windowAxis(
  completed: WindowAttributes,
  shape: Shape,
  axis: number,
  mustFill: boolean,
): WindowAxis {
  const { kernel, stride, auto, lower, upper } = onAxis(completed, axis);
  const input = shape[axis] ?? 1;
  if (kernel > input) {
    const hint =
      `axis ${axis + 1} of the input [${printShape(shape)}] has ${input} cells, kernel ` +
      `[${printShape(completed.kernelShape)}] wants ${kernel} there; padding does not count`;
    throw new CntkError(
      "validating",
      `Convolution operation requires that kernel dim ${kernel} <= input dim ${input}.`,
      { hint },
    );
  }
  const room = input + (auto ? kernel - 1 : lower + upper) - kernel;
  const windows = (completed.ceilOutDim ? Math.ceil : Math.floor)(room / stride) + 1;
  const isExplicit = !auto && lower + upper > 0 && !completed.ceilOutDim;
  if (mustFill && isExplicit && room % stride !== 0)
    throw doesNotFill(completed, shape, axis, windows);
  if (!auto) return { input, windows, kernel, stride, lower };
  const extra = input - ((windows - 1) * stride + 1);
  const automatic = Math.trunc((kernel - 1) / 2) - Math.trunc(extra / 2);
  return { input, windows, kernel, stride, lower: automatic };
}

function doesNotFill(
  completed: WindowAttributes,
  shape: Shape,
  axis: number,
  windows: number,
): CntkError {
  const { kernel, stride, lower, upper } = onAxis(completed, axis);
  const input = shape[axis] ?? 1;
  const covered = (windows - 1) * stride + kernel;
  const fitting = [covered - input, covered + stride - input].filter((sum) => sum >= 0);
  const hint =
    `axis ${axis + 1} of the input [${printShape(shape)}] has ${input} cells, ${input + lower + upper} with lowerPad ` +
    `${lower} and upperPad ${upper}; ${windows} windows of ${kernel} at stride ${stride} cover ${covered}. ` +
    `lowerPad + upperPad = ${fitting.join(" or ")} would fit`;
  return new CntkError(
    "validating",
    "Convolution requires that kernel fills the entire space if auto-padding is disabled.",
    { hint },
  );
}

/**
 * Geometry of a transposed convolution: the ordinary one of its result, found from the size of its input (6.6).
 * @param small shape of the node's input
 * @param wanted the result's shape if the script gives one (`outputShape`); zeros and missing axes are computed
 * @throws CntkError "validating" with the axis and what would fit
 */
export function layTransposedWindows(
  attributes: WindowAttributes,
  small: Shape,
  wanted: Shape = [],
): Geometry {
  const completed = completeAttributes("convolution", attributes, small);
  const maps = mapsOf(completed) || (small.at(-1) ?? 1);
  const channels = small.at(-1) ?? 1;
  if (channels % maps !== 0) {
    const hint = `a transposed convolution's mapCount is the number of channels of its input (third argument of DeconvLayer)`;
    throw new CntkError(
      "validating",
      `Convolution: mapCount ${maps} does not divide the ${channels} channels of [${printShape(small)}]`,
      { hint },
    );
  }
  const windows = small.map((size, axis) => (axis === small.length - 1 ? size / maps : size));
  const large = windows.map((size, axis) => {
    const given = wanted[axis] ?? 0;
    return given > 0 ? given : enlarged(completed, axis, size);
  });
  for (const [axis, size] of large.entries()) {
    const kernel = completed.kernelShape[axis] ?? 1;
    if (size < kernel) throw tooSmall(completed, axis, windows[axis] ?? 1, size);
  }
  const isGiven = wanted.some((size) => size > 0);
  const geometry = layCompleted(completed, large, maps, !isGiven);
  expectWindows(geometry, windows);
  return geometry;
}

/** Size of a transposed convolution's result on one axis. */
function enlarged(completed: WindowAttributes, axis: number, size: number): number {
  const { kernel, stride, auto, lower, upper } = onAxis(completed, axis);
  return (size - 1) * stride + (auto ? 1 : kernel - (lower + upper));
}

function tooSmall(
  completed: WindowAttributes,
  axis: number,
  size: number,
  found: number,
): CntkError {
  const { kernel, stride, auto, lower, upper } = onAxis(completed, axis);
  const formula = auto
    ? `(${size} - 1) * ${stride} + 1 with automatic padding`
    : `(${size} - 1) * ${stride} + ${kernel} - ${lower + upper}`;
  const remedy = auto
    ? "use explicit padding on this axis"
    : `lowerPad + upperPad may be at most ${(size - 1) * stride}`;
  return new CntkError(
    "validating",
    `Convolution operation requires that kernel dim ${kernel} <= input dim ${found}.`,
    {
      hint: `axis ${axis + 1} of this transposed convolution's result has ${formula} = ${found} cells; ${remedy}`,
    },
  );
}

/** A size given by the script may be any that the windows of the input still cover. */
function expectWindows(geometry: Geometry, expected: Shape): void {
  for (const [axis, found] of geometry.axes.entries()) {
    const { kernel, stride, windows } = found;
    const wanted = expected[axis] ?? 1;
    if (windows === wanted) continue;
    const { auto, lower, upper } = onAxis(geometry.completed, axis);
    const smallest = (wanted - 1) * stride + (auto ? 1 : kernel - (lower + upper));
    throw new CntkError(
      "validating",
      `outputShape: a convolution of [${printShape(geometry.input)}] has ${windows} windows on axis ${axis + 1}, ` +
        `the input of the transposed one ${wanted}`,
      { hint: `on axis ${axis + 1} sizes from ${smallest} to ${smallest + stride - 1} fit` },
    );
  }
}

/**
 * Checks that unpooling fits the pooling it undoes.
 * @param names names of the unpooled and the pooled node
 * @throws CntkError "validating"
 */
export function expectPooledShape(
  geometry: Geometry,
  found: Shape,
  names: readonly string[],
): void {
  if (sameShape(geometry.output, found)) return;
  const axis = geometry.output.findIndex((size, index) => size !== found[index]);
  const { input, windows, kernel, stride } = geometry.axes[Math.max(axis, 0)] ?? {
    ...{ input: 0, windows: 0, kernel: 0, stride: 0 },
  };
  const hint =
    axis < 0
      ? `the operand has rank ${found.length}, the pooled input rank ${geometry.output.length}`
      : `on axis ${axis + 1}, windows of ${kernel} at stride ${stride} over ${input} cells make ${windows}, ` +
        `the operand has ${found[axis] ?? 1}; use the window, stride and padding of the pooling that made it`;
  throw new CntkError(
    "validating",
    `the shape of the unpooling operand ${names[0] ?? ""} [${printShape(found)}] is different from the result of ` +
      `pooling ${names[1] ?? ""} [${printShape(geometry.input)}], [${printShape(geometry.output)}]`,
    { hint },
  );
}

/** Where the centres of the windows stand among the cells; the reverse for what has the cells as its result. */
export function windowPositions({ axes }: Geometry, isReverse = false): Positions[] {
  return axes.map(({ kernel, stride, lower }) => {
    const centre = (kernel - 1) / 2 - lower;
    return isReverse
      ? { scale: 1 / stride, translate: -centre / stride }
      : { scale: stride, translate: centre };
  });
}

/** The geometry in CNTK's words, as logs and node dumps show it. */
export function printGeometry({ input, output, completed }: Geometry): string {
  const flags = (values: readonly boolean[]) => `(${values.map(Number).join(", ")})`;
  const parts = [
    `Input: ${printShape(input)}`,
    `Output: ${printShape(output)}`,
    `Kernel: ${printShape(completed.kernelShape)}`,
    `Map: ${printShape(completed.mapCount)}`,
    `Stride: ${printShape(completed.strideShape)}`,
    `Sharing: ${flags(completed.dimSharing)}`,
    `AutoPad: ${flags(completed.dimPadding)}`,
    `LowerPad: ${printShape(completed.dimPadLower)}`,
    `UpperPad: ${printShape(completed.dimPadUpper)}`,
  ];
  return `${parts.join(", ")}.`;
}

/** The log line of a convolution or pooling node after validation (6.7). */
export function describeGeometry(nodeName: string, engine: string, geometry: Geometry): string {
  return `${nodeName}: using ${engine} convolution engine for geometry: ${printGeometry(geometry)}`;
}
