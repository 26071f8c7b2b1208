/** Convolution, pooling and unpooling by kernels over planes. */

import type { ComputationNode } from "../../network/node.js";
import { planarArguments, type PreparedWindows } from "../../operations/own-kernels.js";
import { staticContext } from "../../network/validate.js";
import { call, storedOrAdded, type Lowering, type LoweringContext, type Tile } from "./lowering.js";
import type { Buffer } from "./buffers.js";

/** What the operation prepared about its windows, if kernels over planes can take them. */
export function windowsOf(node: ComputationNode): PreparedWindows | undefined {
  const prepared = node.operation.prepare?.(staticContext(node));
  if (typeof prepared !== "object" || prepared === null || !("planar" in prepared))
    return undefined;
  const windows = prepared as PreparedWindows;
  return windows.planar === undefined ? undefined : windows;
}

/** Sizes of pooling over `count` planes. */
function planesOf({ columns }: LoweringContext, windows: PreparedWindows) {
  const { planar } = windows;
  if (planar === undefined) return undefined;
  const { vertical, horizontal, channels } = planar;
  return {
    count: columns * channels,
    cells: vertical.input * horizontal.input,
    windows: vertical.windows * horizontal.windows,
    sizes: planarArguments(planar),
    width: horizontal.input,
  };
}

function maxPooling(
  context: LoweringContext,
  planes: NonNullable<ReturnType<typeof planesOf>>,
  from: Buffer,
  to: Buffer,
  positions: Buffer,
  keepsFirst: 0 | 1,
) {
  const scratch = context.scratch(context.ask("pooling_scratch", planes.width));
  const sizes = [keepsFirst, planes.count, ...planes.sizes];
  return call("max_pooling", from, to, positions, scratch, ...sizes);
}

/** What a max pooling is known by: the node that is pooled, and how. */
const poolingKey = ({ name }: ComputationNode, { sizes }: { readonly sizes: readonly number[] }) =>
  `${name} ${sizes.join(" ")}`;

export const Pooling: Lowering = (context) => {
  const { node, inputs, value, gradient } = context;
  const windows = windowsOf(node);
  const planes = windows && planesOf(context, windows);
  const [x] = inputs;
  if (planes === undefined || x === undefined) return undefined;
  if (node.settings.pool === "average") {
    const includePad = Number(node.settings.includePad);
    const scratch = context.scratch(context.ask("pooling_scratch", planes.width));
    const sizes = [includePad, planes.count, ...planes.sizes];
    return {
      forward: [call("average_pooling", x, value, scratch, ...sizes)],
      backward: (_, target) =>
        storedOrAdded(target, context, (to) => [
          call("average_pooling_gradient", gradient, to, ...sizes),
        ]),
    };
  }
  const positions = context.allocate(value.floats);
  const [pooled] = node.inputs;
  if (pooled !== undefined) context.findings.positions.set(poolingKey(pooled, planes), positions);
  return {
    forward: [maxPooling(context, planes, x, value, positions, 0)],
    sparseBackward: () =>
      overlaps(planes.sizes) || reachesOver(planes.sizes)
        ? undefined
        : {
            calls: [],
            gradient: {
              values: gradient,
              positions,
              windows: planes.windows,
              tile: tileOf(planes.sizes),
            },
          },
    backward: (_, target) =>
      storedOrAdded(target, context, (to) => [
        call(
          "add_to_positions",
          gradient,
          positions,
          to,
          planes.count,
          planes.windows,
          planes.cells,
        ),
      ]),
  };
};

/** True if windows share cells: a later one may then overwrite what an earlier one put there. */
function overlaps(sizes: readonly number[]): boolean {
  const [kernelHeight = 0, kernelWidth = 0, vertical = 0, horizontal = 0] = sizes.slice(4);
  return kernelHeight > vertical || kernelWidth > horizontal;
}

/** True if windows reach over the planes' edges, so that one may have no cell. */
function reachesOver(sizes: readonly number[]): boolean {
  const [height = 0, width = 0, rows = 0, columns = 0, kernelHeight = 0, kernelWidth = 0] = sizes;
  const [vertical = 0, horizontal = 0, top = 0, left = 0] = sizes.slice(6);
  const overBottom = (rows - 1) * vertical - top + kernelHeight > height;
  const overRight = (columns - 1) * horizontal - left + kernelWidth > width;
  return top > 0 || left > 0 || overBottom || overRight;
}

/** The cells between the beginnings of two windows, where those fill planes that windows neither share nor leave. */
function tileOf(sizes: readonly number[]): Tile | undefined {
  const [planeHeight, planeWidth, rows = 0, columns = 0] = sizes;
  const [height = 0, width = 0] = sizes.slice(6);
  if (overlaps(sizes) || reachesOver(sizes)) return undefined;
  const fills = rows * height === planeHeight && columns * width === planeWidth;
  return fills ? { height, width } : undefined;
}

/** Its gradient is CNTK's, a max pooling of the gradient, or the derivative, as the node's setting says. */
export const MaxUnpooling: Lowering = (context) => {
  const { node, inputs, value, gradient } = context;
  const windows = windowsOf(node);
  const planes = windows && planesOf(context, windows);
  const [u, p] = inputs;
  if (planes === undefined || u === undefined || p === undefined) return undefined;
  const { count, cells, windows: windowCount } = planes;
  const pooled = node.inputs[1];
  // Pooling and unpooling choose the same cells unless a window begins with NaN, which RectifiedLinear never gives.
  const isKnown = pooled?.operation.name === "RectifiedLinear";
  const known = isKnown ? context.findings.positions.get(poolingKey(pooled, planes)) : undefined;
  const positions = known ?? context.allocate(u.floats);
  if (!overlaps(planes.sizes)) {
    const tile = tileOf(planes.sizes);
    context.findings.sparse.set(node, { values: u, positions, windows: windowCount, tile });
  }
  return {
    forward: [
      ...(known === undefined
        ? [maxPooling(context, planes, p, context.allocate(u.floats), positions, 1)]
        : []),
      call("scatter_to_positions", u, positions, value, count, windowCount, cells),
    ],
    backward(input, target) {
      if (input === 1) return undefined;
      return storedOrAdded(target, context, (to) => {
        if (node.settings.unpoolingGradient !== "gather") {
          return [maxPooling(context, planes, gradient, to, context.allocate(u.floats), 0)];
        }
        const taken = context.scratch(cells);
        const sizes = [Number(overlaps(planes.sizes)), count, windowCount, cells];
        return [call("gather_from_positions", gradient, positions, to, taken, ...sizes)];
      });
    },
  };
};
