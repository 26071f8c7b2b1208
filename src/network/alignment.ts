/** How the results of two nodes lie above each other when both come from the same one (nodes.md 9, Crop). CNTK: CropNode. */

import { CntkError } from "../../grammar/errors.js";
import type { Positions, StaticContext } from "../operations/operation.js";
import type { Settings } from "../operations/settings.js";
import type { ComputationNode } from "./node.js";

/** Along each of the first two axes. */
type Place = readonly [Positions, Positions];

const SAME: Positions = { scale: 1, translate: 0 };
const HERE: Place = [SAME, SAME];

/** What an operation knows about a validated node. */
type ContextOf = (node: ComputationNode) => StaticContext<string, Settings>;

/** The two nodes whose common origin decides, and the nodes that count as that origin; without them it is looked for. */
export interface Aligned {
  readonly x: ComputationNode;
  readonly reference: ComputationNode;
  readonly origins?: readonly [ofX: ComputationNode, ofReference: ComputationNode] | undefined;
}

/**
 * Where the first element of `reference` stands in `x`, along the first two axes.
 * @throws CntkError "validating" if they have no common origin, or not the same scale, or lie between two elements
 */
export function offsetsBetween({ x, reference, origins }: Aligned, contextOf: ContextOf): number[] {
  const inX = placesOf(x, contextOf);
  const inReference = placesOf(reference, contextOf);
  const common = origins ?? commonOrigin(inX, inReference);
  const [one, other] = common ? [inX.get(common[0]), inReference.get(common[1])] : [];
  if (one === undefined || other === undefined) {
    throw new CntkError(
      "validating",
      `Crop: '${x.name}' and '${reference.name}' do not come from the same image`,
      { hint: "give xOffset and yOffset" },
    );
  }
  return one.map((own, axis) => {
    const its = other[axis] ?? SAME;
    const offset = (its.translate - own.translate) / own.scale;
    if (own.scale === its.scale && Number.isInteger(offset)) return offset;
    const found =
      own.scale === its.scale
        ? `are ${offset} elements apart`
        : `have scales of ${own.scale} and ${its.scale} elements of '${common?.[0].name ?? ""}'`;
    throw new CntkError(
      "validating",
      `Crop: along axis ${axis + 1}, '${x.name}' and '${reference.name}' ${found}`,
      { hint: "give xOffset and yOffset" },
    );
  });
}

/** The nodes that a node comes from, the nearest first, and where its elements stand in each of them. */
function placesOf(node: ComputationNode, contextOf: ContextOf): Map<ComputationNode, Place> {
  const places = new Map<ComputationNode, Place>([[node, HERE]]);
  for (const [current, place] of places) {
    for (const { input, step } of originsOf(current, contextOf)) {
      if (places.has(input)) continue;
      places.set(input, [through(place[0], step[0]), through(place[1], step[1])]);
    }
  }
  return places;
}

/** The positions in the input of a step of what stands at `place` in its result. */
const through = (place: Positions, step: Positions): Positions => ({
  scale: step.scale * place.scale,
  translate: step.scale * place.translate + step.translate,
});

/** Inputs of which the elements of a node are made one by one or window by window. */
function originsOf(node: ComputationNode, contextOf: ContextOf) {
  const { positions, inputs } = node.operation;
  if (positions !== undefined) {
    const input = node.inputs[inputs.indexOf(positions.input)];
    const [width = SAME, height = SAME] = positions.along(contextOf(node));
    return input === undefined ? [] : [{ input, step: [width, height] as const }];
  }
  const isAsLarge = ({ shape }: ComputationNode) =>
    shape.length >= 2 && shape[0] === node.shape[0] && shape[1] === node.shape[1];
  return node.inputs.filter(isAsLarge).map((input) => ({ input, step: HERE }));
}

function commonOrigin(
  one: ReadonlyMap<ComputationNode, Place>,
  other: ReadonlyMap<ComputationNode, Place>,
): readonly [ComputationNode, ComputationNode] | undefined {
  for (const node of one.keys()) if (other.has(node)) return [node, node];
  return undefined;
}
