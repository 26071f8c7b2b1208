import { describe, expect, it } from "@jest/globals";
import type { ComputationNode } from "../../src/network/node.js";
import { evaluationOrder, loops } from "../../src/network/order.js";

/** A graph in one line: `c: a b; a; b` lists nodes with their inputs. */
function graph(text: string): (name: string) => ComputationNode {
  const nodes = new Map<string, ComputationNode>();
  const nodeOf = (name: string) => {
    const node = nodes.get(name) ?? {
      name,
      operation: { name: "Pass", inputs: [], settings: {}, shape: () => [1] },
      settings: {},
      inputs: [],
      tags: new Set(),
      ranges: [],
      shape: [1],
      dynamicAxis: undefined,
      needsGradient: false,
    };
    nodes.set(name, node);
    return node;
  };
  for (const line of text.split(";")) {
    const [name = "", inputs = ""] = line.split(":").map((part) => part.trim());
    nodeOf(name).inputs = inputs.split(" ").filter(Boolean).map(nodeOf);
  }
  return nodeOf;
}

const names = (nodes: readonly ComputationNode[]) => nodes.map((node) => node.name).join(" ");

describe("evaluationOrder", () => {
  it.each([
    ["inputs come first, left to right", "c: a b; a: x; b: x", "c", "x a b c"],
    ["several roots share what they need", "z: h; e: z y; h: x", "z e", "x h z y e"],
    ["a root may be an input of another", "z: h; h: x", "h z", "x h z"],
    ["an input used twice comes once", "s: x x", "s", "x s"],
    ["a loop through a delay ends", "h: s d; s: x; d: h", "h", "x s d h"],
    ["a node that reads itself ends", "d: d", "d", "d"],
    ["no roots, no nodes", "a: b", "", ""],
  ])("%s", (_, text, roots, expected) => {
    const node = graph(text);
    expect(names(evaluationOrder(roots.split(" ").filter(Boolean).map(node)))).toBe(expected);
  });

  it("does not recurse", () => {
    const node = chain(50_000);
    expect(evaluationOrder([node("n50000")])).toHaveLength(50_001);
  });
});

describe("loops", () => {
  it.each([
    ["none in a tree", "c: a b; a: x; b: x", "c", []],
    ["one through a delay", "z: h; h: s d; s: x; d: h", "z", ["d h"]],
    ["a node that reads itself", "z: d; d: d", "z", ["d"]],
    ["one feeding the other, in order", "z: g; g: h e; e: g; h: x d; d: h", "z", ["d h", "e g"]],
    ["two that share a node are one", "h: a b; a: h; b: h", "h", ["a b h"]],
    ["one entered in its middle", "a: b; b: c; c: a; z: b", "z a", ["a c b"]],
  ])("%s", (_, text, roots, expected) => {
    const node = graph(text);
    expect(loops(roots.split(" ").map(node)).map(names)).toEqual(expected);
  });

  it("does not recurse", () => {
    const node = chain(50_000);
    node("n0").inputs = [node("n50000")];
    expect(loops([node("n50000")]).map((loop) => loop.length)).toEqual([50_001]);
  });
});

/** n0 <- n1 <- ... */
function chain(length: number): (name: string) => ComputationNode {
  const lines = Array.from({ length }, (_, i) => `n${i + 1}: n${i}`);
  return graph(lines.join(";"));
}
