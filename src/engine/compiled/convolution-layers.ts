/** Convolution, bias and rectifier by one kernel, where nobody else uses what is between them. */

import type { ComputationNode } from "../../network/node.js";
import { planarArguments } from "../../operations/own-kernels.js";
import { elementCount } from "../../operations/shape.js";
import type { Buffer } from "./buffers.js";
import { call, type Call, type LoweringContext } from "./lowering.js";
import { windowsOf } from "./window-lowerings.js";

interface BiasedConvolution {
  readonly convolution: ComputationNode;
  readonly bias: ComputationNode;
}

/** The convolution and the bias that a Plus adds up; undefined for any other node. */
function biasedConvolution(node: ComputationNode, { hasOneUser }: LoweringContext) {
  if (node.operation.name !== "Plus") return undefined;
  const [convolution, bias] = node.inputs;
  if (convolution?.operation.name !== "Convolution" || bias === undefined) return undefined;
  if (convolution.settings.transpose === true || !hasOneUser(convolution)) return undefined;
  const maps = convolution.shape.at(-1) ?? 1;
  const isPerMap =
    bias.dynamicAxis === undefined &&
    elementCount(bias.shape) === maps &&
    bias.shape.length === convolution.shape.length &&
    bias.shape.at(-1) === maps;
  return isPerMap ? { convolution, bias } : undefined;
}

/** One call for what a node adds to a convolution, or makes of that sum; undefined for anything else. */
export function convolutionLayer(context: LoweringContext): readonly Call[] | undefined {
  const { node, hasOneUser } = context;
  if (node.operation.name === "Plus") {
    const layer = biasedConvolution(node, context);
    return layer && layerCalls(layer, 0, context);
  }
  const [sum] = node.inputs;
  if (sum === undefined || !hasOneUser(sum)) return undefined;
  const layer = biasedConvolution(sum, context);
  return layer && layerCalls(layer, 1, context);
}

function layerCalls(
  { convolution, bias }: BiasedConvolution,
  rectifies: 0 | 1,
  { columns, value, valueOf, ask, scratch }: LoweringContext,
): readonly Call[] | undefined {
  const windows = windowsOf(convolution);
  const buffers = [convolution.inputs[1], convolution.inputs[0], bias].map(
    (input) => input && valueOf(input),
  );
  const known = buffers.filter((buffer): buffer is Buffer => buffer !== undefined);
  if (windows?.planar === undefined || known.length !== buffers.length) return undefined;
  const { planar, geometry } = windows;
  const sizes = [columns, planar.channels, geometry.maps, ...planarArguments(planar)];
  const working = scratch(ask("convolution_scratch", 0, ...sizes));
  return [call("convolution_with_bias", ...known, value, working, rectifies, ...sizes)];
}
