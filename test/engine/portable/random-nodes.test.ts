import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Engine, Program } from "../../../src/engine/engine.js";
import { createEngine } from "../../../src/engine/index.js";
import type { ComputationNode } from "../../../src/network/node.js";
import { compileTiny, minibatchOf, TinyNetwork, training } from "./tiny-operations.js";

describe("random nodes", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine("cpu", () => undefined);
  });
  afterAll(() => engine.dispose());
  const drawn = (program: Program, nodes: readonly ComputationNode[]) => {
    program.run(minibatchOf({ labels: [[0, 0]] }), training);
    return nodes.map((node) => [...program.value(node)]);
  };
  const network = () => {
    const net = new TinyNetwork();
    const x = net.input("labels", [2]);
    const b = net.parameter("b", [2], [1, 1]);
    const draws = [net.node("Draw", [x]), net.node("Draw", [x]), net.node("Draw", [x])];
    const [first = x, second = x, outside = x] = draws;
    const sum = net.node("Plus", [net.node("Plus", [second, first]), b]);
    const criterion = net.node("SquareError", [sum, x], { shape: [1] });
    return { net, criterion, first, second, outside, draws };
  };

  it("are numbered in evaluation order of the criterion", () => {
    const { net, criterion, first, second, outside } = network();
    const program = compileTiny(engine, net, [outside, first, second], criterion);
    const seeds: [string, number, number][] = [];
    engine.seedRandomNodes((node, index, count) => {
      seeds.push([node.name, index, count]);
      return index;
    });
    drawn(program, []);
    expect(seeds.sort((one, other) => one[1] - other[1])).toEqual([
      [second.name, 0, 2],
      [first.name, 1, 2],
      [outside.name, 2, 2],
    ]);
  });

  it("go on from run to run and begin anew when seeded", () => {
    const { net, criterion, draws } = network();
    const program = compileTiny(engine, net, draws, criterion);
    engine.seedRandomNodes((_, index) => index);
    const [one, two] = [drawn(program, draws), drawn(program, draws)];
    expect(two).not.toEqual(one);
    engine.seedRandomNodes((_, index) => index);
    expect(drawn(program, draws)).toEqual(one);
    engine.seedRandomNodes((_, index) => index + 7);
    expect(drawn(program, draws)).not.toEqual(one);
  });

  it("go on where another program of the network stopped", () => {
    const { net, criterion, draws } = network();
    const [one, other] = [
      compileTiny(engine, net, draws, criterion),
      compileTiny(engine, net, draws),
    ];
    engine.seedRandomNodes((_, index) => index);
    const alone = [drawn(one, draws), drawn(one, draws)];
    engine.seedRandomNodes((_, index) => index);
    expect([drawn(one, draws), drawn(other, draws)]).toEqual(alone);
  });
});
