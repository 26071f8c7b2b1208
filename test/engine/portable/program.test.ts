import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Engine, Program } from "../../../src/engine/engine.js";
import { createEngine } from "../../../src/engine/index.js";
import type { ComputationNode } from "../../../src/network/node.js";
import { tf } from "../../../src/operations/tensors.js";
import type { Minibatch } from "../../../src/readers/reader.js";
import { compileTiny, inference, minibatchOf, TinyNetwork, training } from "./tiny-operations.js";

const features = [
  [1, -2, 0.5],
  [0.3, 1, -1],
  [-0.7, 0.2, 2],
  [2, 1, 0.1],
];
const labels = [
  [1, 0],
  [0, 1],
  [0.5, 0.5],
  [1, -1],
];

describe.each(["cpu", "wasm"])("portable engine on %s", (backend) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(backend, () => undefined);
  });
  afterAll(() => engine.dispose());

  const compile = (
    net: TinyNetwork,
    outputs: readonly ComputationNode[],
    criterion?: ComputationNode,
  ) => compileTiny(engine, net, outputs, criterion);

  /** Values of an output as plain numbers. */
  const values = (program: Program, node: ComputationNode) => [...program.value(node)];

  const twoLayers = () => {
    const net = new TinyNetwork();
    const x = net.input("features", [3]);
    const t = net.input("labels", [2]);
    const w1 = net.parameter(
      "w1",
      [4, 3],
      [0.1, 0.4, -0.2, 0.3, -0.5, 0.2, 0.7, 0.1, 0.9, -0.3, 0.2, 0.6],
    );
    const b1 = net.parameter("b1", [4], [0.1, 0.2, -0.1, 0]);
    const w2 = net.parameter("w2", [2, 4], [0.3, -0.1, 0.5, 0.2, -0.4, 0.8, 0.6, 0.1]);
    const product = net.node("Times", [w1, x], { shape: [4] });
    const h = net.node("RectifiedLinear", [net.node("Plus", [product, b1])]);
    const z = net.node("Times", [w2, h], { shape: [2] });
    const criterion = net.node("SquareError", [z, t], { shape: [1] });
    return { net, z, criterion, parameters: [w1, b1, w2] };
  };

  /** Gradients against central differences of the criterion, which may be one value or one per sample. */
  const expectGradients = (
    net: TinyNetwork,
    criterion: ComputationNode,
    parameters: readonly ComputationNode[],
    minibatch: Minibatch,
  ) => {
    const program = compile(net, [], criterion);
    const loss = () => {
      program.run(minibatch, training);
      return values(program, criterion).reduce((sum, value) => sum + value, 0);
    };
    loss();
    const found = parameters.map((node) => [...(node.parameter?.gradient ?? [])]);
    const step = 2 ** -6;
    const differences = parameters.map((node) => {
      const value = node.parameter?.value ?? new Float32Array();
      return [...value].map((element, i) => {
        value[i] = element + step;
        const above = loss();
        value[i] = element - step;
        const below = loss();
        value[i] = element;
        return (above - below) / (2 * step);
      });
    });
    expect(found.map((gradient) => gradient.length)).toEqual(differences.map((d) => d.length));
    const deviations = differences
      .flat()
      .map((d, i) => Math.abs(d - (found.flat()[i] ?? NaN)) / Math.max(1, Math.abs(d)));
    expect(Math.max(...deviations)).toBeLessThan(0.005);
    program.dispose();
  };

  it("computes a value and a criterion summed over the minibatch", () => {
    const { net, z, criterion } = twoLayers();
    const program = compile(net, [z], criterion);
    program.run(minibatchOf({ features, labels }), training);
    const outputs = values(program, z);
    expect(outputs.slice(0, 2)).toEqual([expect.closeTo(0.76, 5), expect.closeTo(-0.115, 5)]);
    const squares = labels.flat().map((label, i) => (label - (outputs[i] ?? 0)) ** 2);
    const sum = squares.reduce((total, square) => total + square);
    expect(values(program, criterion)).toEqual([expect.closeTo(sum, 4)]);
  });

  it("leaves gradients summed over the minibatch", () => {
    const { net, criterion, parameters } = twoLayers();
    expectGradients(net, criterion, parameters, minibatchOf({ features, labels }));
  });

  it("runs a smaller last minibatch", () => {
    const { net, z, criterion, parameters } = twoLayers();
    const last = minibatchOf({ features: features.slice(0, 1), labels: labels.slice(0, 1) });
    const program = engine.compile({ network: net.network, outputs: [z], columns: 1 });
    program.run(last, inference);
    expect(program.value(z)).toHaveLength(2);
    expectGradients(net, criterion, parameters, last);
  });

  it("adds the gradients of two consumers of one node", () => {
    const net = new TinyNetwork();
    const x = net.input("features", [3]);
    const w = net.parameter("w", [2, 3], [0.5, -1, 0.2, 0.3, 0.7, -0.4]);
    const shared = net.node("Times", [w, x], { shape: [2] });
    const one = net.node("RectifiedLinear", [shared]);
    const other = net.node("ElementTimes", [shared, shared]);
    const criterion = net.node("SquareError", [one, other], { shape: [1] });
    expectGradients(net, criterion, [w], minibatchOf({ features }));
  });

  it("adds the gradients of a parameter that is used twice, broadcast over the samples", () => {
    const net = new TinyNetwork();
    const x = net.input("labels", [2]);
    const b = net.parameter("b", [2], [0.5, -1]);
    const scalar = net.parameter("s", [1], [2]);
    const sum = net.node("Plus", [net.node("ElementTimes", [b, x]), b], { shape: [2] });
    const scaled = net.node("ElementTimes", [scalar, sum]);
    const criterion = net.node("SquareError", [scaled, x], { shape: [1] });
    expectGradients(net, criterion, [b, scalar], minibatchOf({ labels }));
  });

  it("starts a criterion of one value per sample with a gradient of one each", () => {
    const net = new TinyNetwork();
    const x = net.input("labels", [2]);
    const b = net.parameter("b", [2], [1, 2]);
    const product = net.node("ElementTimes", [b, x]);
    const criterion = net.node("SumElementsPerSample", [product], { shape: [1] });
    const program = compile(net, [], criterion);
    program.run(minibatchOf({ labels }), training);
    expect(values(program, criterion)).toEqual([1, 2, 1.5, -1]);
    expect([...(b.parameter?.gradient ?? [])]).toEqual([2.5, 0.5]);
  });

  it("gives every input of any number its own gradient", () => {
    const net = new TinyNetwork();
    const x = net.input("labels", [2]);
    const b = net.parameter("b", [2], [1, 2]);
    const sum = net.node("Sum", [x, net.node("Plus", [b, x]), net.node("ElementTimes", [b, x])]);
    const criterion = net.node("SquareError", [sum, x], { shape: [1] });
    expectGradients(net, criterion, [b], minibatchOf({ labels }));
  });

  it("passes on values and gradients that an operation returns as they are", () => {
    const net = new TinyNetwork();
    const x = net.input("labels", [2]);
    const [a, b] = [net.parameter("a", [2], [1, 2]), net.parameter("b", [2], [3, 4])];
    const sum = net.node("Plus", [
      net.node("Pass", [a]),
      net.node("Pass", [net.node("Pass", [b])]),
    ]);
    const criterion = net.node("SquareError", [net.node("Plus", [sum, x]), x], { shape: [1] });
    const program = compile(net, [sum], criterion);
    program.run(minibatchOf({ labels }), training);
    expect(values(program, sum)).toEqual([4, 6]);
    expect([a, b].map((node) => [...(node.parameter?.gradient ?? [])])).toEqual([
      [32, 48],
      [32, 48],
    ]);
    expect(a.parameter?.gradient).not.toBe(b.parameter?.gradient);
  });

  it("leaves constants without gradient, and trained parameters the criterion ignores with none", () => {
    const net = new TinyNetwork();
    const x = net.input("labels", [2]);
    const constant = net.parameter("c", [2], [1, 1], { learningRateMultiplier: 0 });
    const trained = net.parameter("w", [2], [1, 1]);
    const sum = net.node("Plus", [net.node("Plus", [constant, x]), trained]);
    // Shifted has no gradient, so nothing reaches what is under it
    const ignored = net.parameter("v", [2], [1, 1]);
    const shifted = net.node("Shifted", [ignored]);
    const criterion = net.node("SquareError", [sum, net.node("Plus", [shifted, x])], {
      shape: [1],
    });
    const program = compile(net, [], criterion);
    program.run(minibatchOf({ labels }), training);
    expect(constant.parameter?.gradient).toBeUndefined();
    expect(ignored.parameter?.gradient).toEqual(Float32Array.of(0, 0));
    expect(trained.parameter?.gradient?.[0]).not.toBe(0);
  });

  it("computes no gradient without a criterion", () => {
    const { net, z, parameters } = twoLayers();
    const program = compile(net, [z]);
    program.run(minibatchOf({ features, labels }), inference);
    expect(parameters.map((node) => node.parameter?.gradient)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("tells operations and the environment whether it trains", () => {
    const net = new TinyNetwork();
    const x = net.input("labels", [2]);
    const environment = net.node("EnvironmentInput", [], { shape: [1] });
    const shifted = net.node("Shifted", [x]);
    const program = compile(net, [environment, shifted]);
    const seen = [training, inference].map((options) => {
      program.run(minibatchOf({ labels: [[1, 2]] }), options);
      return [...values(program, environment), ...values(program, shifted)];
    });
    expect(seen).toEqual([
      [1, 111, 112],
      [0, 101, 102],
    ]);
  });

  it("reads parameters at every run, constants among them", () => {
    const net = new TinyNetwork();
    const x = net.input("labels", [2]);
    const constant = net.parameter("c", [2], [1, 1], { learningRateMultiplier: 0 });
    const trained = net.parameter("w", [2], [10, 10]);
    const sum = net.node("Sum", [x, net.node("Plus", [net.node("Plus", [constant, x]), trained])]);
    const program = compile(net, [sum]);
    const minibatch = minibatchOf({ labels: [[0, 0]] });
    const seen = [1, 2, 3].map((round) => {
      program.run(minibatch, inference);
      constant.parameter?.value?.set([round, round]);
      trained.parameter?.value?.fill(20, 0, 1);
      return values(program, sum);
    });
    expect(seen).toEqual([
      [11, 11],
      [21, 11],
      [22, 12],
    ]);
  });

  it("assigns running statistics after the run", () => {
    const net = new TinyNetwork();
    const x = net.input("labels", [2]);
    const memory = net.parameter("m", [2], [1, 2], { learningRateMultiplier: 0 });
    const result = net.node("Remember", [x, memory], { shape: [2] });
    const program = compile(net, [result]);
    const minibatch = minibatchOf({
      labels: [
        [1, 1],
        [2, 3],
      ],
    });
    const seen = [1, 2].map(() => {
      program.run(minibatch, training);
      return [values(program, result), [...(memory.parameter?.value ?? [])]];
    });
    expect(seen).toEqual([
      [
        [2, 3, 3, 5],
        [4, 6],
      ],
      [
        [5, 7, 6, 9],
        [7, 10],
      ],
    ]);
  });

  it("keeps gradients and statistics in the parameter's precision", () => {
    const net = new TinyNetwork();
    const x = net.input("labels", [2]);
    const b = net.parameter("b", [2], Float64Array.of(1, 2));
    const criterion = net.node("SquareError", [net.node("Plus", [b, x]), x], { shape: [1] });
    const program = compile(net, [], criterion);
    program.run(minibatchOf({ labels }), training);
    expect(b.parameter?.gradient).toEqual(Float64Array.of(8, 16));
  });

  it("makes sparse streams dense", () => {
    const net = new TinyNetwork();
    const x = net.input("words", [2, 2]);
    const program = compile(net, [x]);
    const stream = {
      kind: "sparse" as const,
      dimension: 4,
      values: Float32Array.of(1, 2, 3),
      indices: Int32Array.of(2, 0, 3),
      starts: Int32Array.of(0, 1, 1, 3),
    };
    program.run({ samples: 3, streams: new Map([["words", stream]]) }, inference);
    expect(values(program, x)).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 3]);
  });

  it("ignores dynamic axes, which have no value", () => {
    const net = new TinyNetwork();
    const axis = net.node("DynamicAxis", []);
    const x = net.node("InputValue", [axis], { name: "labels", shape: [2] });
    const program = compile(net, [x]);
    program.run(minibatchOf({ labels: [[1, 2]] }), inference);
    expect(values(program, x)).toEqual([1, 2]);
  });

  describe("memory", () => {
    it.each([
      ["training", training],
      ["inference", inference],
    ])("a run leaves no tensor behind: %s", (_, options) => {
      const before = tf.memory().numTensors;
      const { net, z, criterion } = twoLayers();
      const shifted = net.node("Shifted", [net.node("Pass", [z])]);
      const constant = net.parameter("c", [2], [1, 1], { learningRateMultiplier: 0 });
      const output = net.node("Plus", [shifted, constant]);
      const program = options.isTraining
        ? compile(net, [output], criterion)
        : compile(net, [output]);
      program.run(minibatchOf({ features, labels }), options);
      const afterFirst = tf.memory().numTensors;
      for (let i = 0; i < 3; i++) program.run(minibatchOf({ features, labels }), options);
      expect(tf.memory().numTensors).toBe(afterFirst);
      // the constant and the table of Shifted
      expect(afterFirst).toBe(before + 2);
      program.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });

    it("a run that fails leaves no tensor behind", () => {
      const net = new TinyNetwork();
      const x = net.input("labels", [2]);
      const broken = net.node("Broken", [net.node("Plus", [x, x])]);
      const program = compile(net, [broken]);
      const before = tf.memory().numTensors;
      expect(() => program.run(minibatchOf({ labels }), inference)).toThrow(/^Broken 'Broken2': /);
      expect(tf.memory().numTensors).toBe(before);
    });

    it("values are released at their last use", () => {
      const net = new TinyNetwork();
      let node = net.input("labels", [2]);
      const seen: number[] = [];
      for (let i = 0; i < 6; i++) {
        node = net.node("Plus", [node, node]);
        const { forward } = node.operation;
        const counting = (...call: Parameters<NonNullable<typeof forward>>) => {
          seen.push(tf.memory().numTensors);
          return forward?.(...call) ?? tf.scalar(0);
        };
        net.nodes.splice(
          -1,
          1,
          (node = { ...node, operation: { ...node.operation, forward: counting } }),
        );
      }
      compile(net, [node]).run(minibatchOf({ labels }), inference);
      expect(new Set(seen).size).toBe(1);
    });
  });
});
