import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { CntkError } from "../../../grammar/errors.js";
import type { Engine } from "../../../src/engine/engine.js";
import { createEngine } from "../../../src/engine/index.js";
import { compileTiny, inference, minibatchOf, TinyNetwork } from "./tiny-operations.js";

describe("errors of the portable engine", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine("cpu", () => undefined);
  });
  afterAll(() => engine.dispose());
  const file = { name: "net.bs", text: "z = f(x)" };
  const ranges = [{ file, start: 4, end: 8 }];
  const excerpt = "\n  1 | z = f(x)\n    |     ^^^^";
  const streams = {
    features: [
      [1, -2, 0.5],
      [0.3, 1, -1],
    ],
    labels: [
      [1, 0],
      [0, 1],
    ],
  };

  const errorOf = (action: () => unknown) => {
    try {
      action();
    } catch (error) {
      if (error instanceof CntkError) return error.format();
      throw error;
    }
    return "no error";
  };

  it.each([
    [
      "label",
      [2],
      `input 'label': the reader has no stream of that name; its streams: features, labels${excerpt}\n` +
        "  hint: did you mean 'labels'?",
    ],
    [
      "pixels",
      [2],
      `input 'pixels': the reader has no stream of that name; its streams: features, labels${excerpt}\n` +
        '  hint: add it to the reader\'s input, such as pixels = { dim = ... ; format = "dense" }',
    ],
    [
      "labels",
      [2, 5],
      `input 'labels': expected 10 values per sample for [2 x 5], found 2 in the reader's stream${excerpt}`,
    ],
  ])("input '%s' %p", (name, shape, expected) => {
    const net = new TinyNetwork();
    const x = net.input(name, shape, { ranges });
    const program = compileTiny(engine, net, [x]);
    expect(errorOf(() => program.run(minibatchOf(streams), inference))).toBe(
      `net.bs:1:5: running: ${expected}`,
    );
  });

  it("streams of different length", () => {
    const net = new TinyNetwork();
    const [x, t] = [net.input("features", [3]), net.input("labels", [2])];
    const program = compileTiny(engine, net, [x, t]);
    const minibatch = minibatchOf({ ...streams, labels: [[1, 0]] });
    expect(errorOf(() => program.run(minibatch, inference))).toBe(
      "running: input 'labels': expected as many samples as the longest stream has, 2, found 1\n" +
        "  hint: this version does not compute with sequences of different length in one minibatch",
    );
  });

  it("an operation that is not computed", () => {
    const net = new TinyNetwork();
    const node = net.node("Unsupported", [net.input("labels", [2])], { name: "z", ranges });
    expect(errorOf(() => compileTiny(engine, net, [node]))).toBe(
      `net.bs:1:5: running: Unsupported: node 'z' cannot be computed${excerpt}\n` +
        "  hint: this version does not compute Unsupported",
    );
  });

  it("a recurrent loop", () => {
    const net = new TinyNetwork();
    const x = net.input("labels", [2]);
    const past = net.node("Pass", [x], { name: "past", ranges });
    const h = net.node("Plus", [x, past], { name: "h" });
    past.inputs = [h];
    expect(errorOf(() => compileTiny(engine, net, [h]))).toBe(
      `net.bs:1:5: running: the recurrent loop of 'past', 'h' cannot be computed${excerpt}\n` +
        "  hint: this version does not compute recurrent loops",
    );
  });

  it("a user's mistake found by an operation gets the node's place", () => {
    const net = new TinyNetwork();
    const node = net.node("Pass", [net.input("labels", [2])], { ranges });
    const forward = () => {
      throw new CntkError("running", "Pass: nothing passes");
    };
    const failing = { ...node, operation: { ...node.operation, forward } };
    const program = compileTiny(engine, net, [failing]);
    expect(errorOf(() => program.run(minibatchOf(streams), inference))).toBe(
      `net.bs:1:5: running: Pass: nothing passes${excerpt}`,
    );
  });

  it("an operation whose value has a wrong shape is named", () => {
    const net = new TinyNetwork();
    const sum = net.node("SumElementsPerSample", [net.input("labels", [2])], {
      name: "s",
      shape: [2],
    });
    const program = compileTiny(engine, net, [sum]);
    expect(() => program.run(minibatchOf(streams), inference)).toThrow(
      /^SumElementsPerSample 's': .*the value has shape \[2, 1\] instead of \[2, 2\]$/,
    );
  });
});
