/** The part of dagre that is used here: the types in its package name files without ending and so are not found. */

declare module "@dagrejs/dagre" {
  interface Size {
    readonly width: number;
    readonly height: number;
  }

  interface Point {
    readonly x: number;
    readonly y: number;
  }

  /** Of a node, or of an edge's text; the layout adds where its middle is. */
  interface Label extends Size, Partial<Point> {}

  interface EdgeLabel extends Label {
    readonly labelpos: "l" | "c" | "r";
    /** where the edge bends, both ends included; added by the layout */
    readonly points?: readonly Point[];
  }

  interface Edge {
    readonly v: string;
    readonly w: string;
    /** distinguishes edges between the same nodes */
    readonly name: string;
  }

  interface GraphLabel extends Partial<Size> {
    /** pixels between nodes, edges and ranks, and around everything */
    readonly nodesep: number;
    readonly edgesep: number;
    readonly ranksep: number;
    readonly marginx: number;
    readonly marginy: number;
  }

  export class Graph {
    constructor(options: { readonly compound: boolean; readonly multigraph: boolean });
    setGraph(label: GraphLabel): this;
    setNode(id: string, label: Label): this;
    setParent(id: string, parent: string): this;
    setEdge(edge: Edge, label: EdgeLabel): this;
    graph(): GraphLabel;
    node(id: string): Label;
    edge(edge: Edge): EdgeLabel;
  }

  /** Completes the labels. */
  export function layout(graph: Graph): void;
}
