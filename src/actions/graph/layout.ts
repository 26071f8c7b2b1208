/** Where the parts of a drawing lie: sizes from the texts, places from dagre. */

import { Graph, layout as placeGraph, type Edge, type Label } from "@dagrejs/dagre";
import type { Arrow, Box, Drawing } from "./drawing.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Left upper corner and size. */
export interface Rectangle extends Point, Size {}

export interface PlacedBox {
  readonly box: Box;
  readonly place: Rectangle;
}

export interface PlacedLayer {
  readonly title: string;
  readonly place: Rectangle;
}

export interface PlacedArrow {
  readonly arrow: Arrow;
  /** from box to box; between them where to bend */
  readonly points: readonly Point[];
  /** where the text is, in the middle of the arrow */
  readonly text: Rectangle;
}

export interface Layout extends Size {
  readonly boxes: readonly PlacedBox[];
  readonly layers: readonly PlacedLayer[];
  readonly arrows: readonly PlacedArrow[];
}

/** Heights of the lines in a box, in pixels. */
export const LINE_HEIGHTS = { operation: 18, name: 15, detail: 14, parameter: 18 } as const;
export const FONT_SIZES = {
  operation: 13,
  name: 11.5,
  detail: 11,
  parameter: 10.5,
  arrow: 11,
} as const;
export const PADDING = 9;
export const TITLE_HEIGHT = 22;
const LAYER_PADDING = 12;

/** A generous guess: which font there is shows only where the drawing is looked at. */
export const textWidth = (text: string, fontSize: number) => text.length * fontSize * 0.59;

/** The same drawing always gets the same layout. */
export function layOut(drawing: Drawing): Layout {
  // names are whatever a model file has: numbers are safer
  const idOf = new Map(drawing.boxes.map(({ name }, index) => [name, `box${index}`]));
  const id = (name: string) => idOf.get(name) ?? "";
  const graph = graphOf(drawing, id);
  placeGraph(graph);
  const boxes = drawing.boxes.map((box) => ({ box, place: fromCenter(graph.node(id(box.name))) }));
  return {
    boxes,
    layers: drawing.layers.map((title) => ({
      title,
      place: around(
        boxes.filter(({ box }) => box.layer === title).map(({ place }) => place),
        fromCenter(graph.node(`layer ${title}`)),
      ),
    })),
    arrows: drawing.arrows.map((arrow) => {
      const edge = graph.edge(edgeOf(arrow, id));
      const points = [...(edge.points ?? [])];
      return {
        arrow,
        points: isUpwards(arrow) ? points.reverse() : points,
        text: fromCenter(edge),
      };
    }),
    ...(boxes.length === 0 ? { width: 0, height: 0 } : sizeOfAll(graph)),
  };
}

/** Into a delay: what it reads is computed below it. */
const isUpwards = ({ isDelayed }: Arrow) => isDelayed;

/** Edges run downwards; two nodes may have one in either direction. */
function edgeOf(arrow: Arrow, id: (name: string) => string): Edge {
  const { from, to } = arrow;
  return isUpwards(arrow)
    ? { v: id(to), w: id(from), name: "upwards" }
    : { v: id(from), w: id(to), name: "downwards" };
}

function graphOf({ boxes, layers, arrows }: Drawing, id: (name: string) => string) {
  const graph = new Graph({ compound: true, multigraph: true });
  graph.setGraph({ nodesep: 28, edgesep: 18, ranksep: 48, marginx: 24, marginy: 24 });
  for (const title of layers) graph.setNode(`layer ${title}`, { width: 0, height: 0 });
  for (const box of boxes) {
    graph.setNode(id(box.name), sizeOf(box));
    if (box.layer !== undefined) graph.setParent(id(box.name), `layer ${box.layer}`);
  }
  for (const arrow of arrows) {
    const width = textWidth(arrow.text, FONT_SIZES.arrow) + 8;
    graph.setEdge(edgeOf(arrow, id), { width, height: 18, labelpos: "c" });
  }
  return graph;
}

function sizeOfAll(graph: Graph): Size {
  const { width = 0, height = 0 } = graph.graph();
  return { width, height };
}

/** Wide enough to leave the title of a layer room beside the arrow that comes in at the middle, unless it is long. */
const widthForTitle = (title: string) =>
  Math.min(2 * textWidth(title, FONT_SIZES.operation) + 16, 220);

function sizeOf(box: Box): Size {
  const { operation, shortName, details, parameters, layer = "" } = box;
  const widths = [
    textWidth(operation, FONT_SIZES.operation) * 1.08,
    textWidth(shortName, FONT_SIZES.name),
    ...details.map((text) => textWidth(text, FONT_SIZES.detail)),
    ...parameters.map(({ text }) => textWidth(text, FONT_SIZES.parameter) + 12),
    widthForTitle(layer) - 2 * PADDING,
  ];
  const { operation: first, name, detail, parameter } = LINE_HEIGHTS;
  const lines = first + name + details.length * detail + parameters.length * parameter;
  const room = parameters.length > 0 ? 4 : 0;
  return { width: Math.max(...widths) + 2 * PADDING, height: lines + room + 2 * PADDING };
}

function fromCenter({ x = 0, y = 0, width, height }: Label): Rectangle {
  return { x: x - width / 2, y: y - height / 2, width, height };
}

/**
 * A frame with room for a title at its top. It is as wide as dagre's, which also has room for the arrows inside.
 * @param places of the boxes in it
 */
function around(places: readonly Rectangle[], cluster: Rectangle): Rectangle {
  const left = Math.min(cluster.x, ...places.map(({ x }) => x - LAYER_PADDING));
  const right = Math.max(
    cluster.x + cluster.width,
    ...places.map(({ x, width }) => x + width + LAYER_PADDING),
  );
  const top = Math.min(...places.map(({ y }) => y)) - LAYER_PADDING - TITLE_HEIGHT;
  const bottom = Math.max(...places.map(({ y, height }) => y + height)) + LAYER_PADDING;
  return { x: left, y: top, width: right - left, height: bottom - top };
}
