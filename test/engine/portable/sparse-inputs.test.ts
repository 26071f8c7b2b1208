/** Inputs that the reader delivers sparse: the same numbers as dense ones, without their zeros in memory. */

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Engine } from "../../../src/engine/engine.js";
import { createEngine } from "../../../src/engine/index.js";
import { findNode, type ComputationNetwork } from "../../../src/network/network.js";
import type { ComputationNode } from "../../../src/network/node.js";
import { tf } from "../../../src/operations/tensors.js";
import type { Minibatch, StreamData } from "../../../src/readers/reader.js";
import { networkFromScript } from "../../network/script-network.js";

type Element = readonly [index: number, value: number];

/** One list of elements per sample. */
function sparseStream(dimension: number, samples: readonly (readonly Element[])[]): StreamData {
  const elements = samples.flat();
  let count = 0;
  return {
    kind: "sparse",
    dimension,
    values: Float32Array.from(elements, ([, value]) => value),
    indices: Int32Array.from(elements, ([index]) => index),
    starts: Int32Array.from([0, ...samples.map((sample) => (count += sample.length))]),
  };
}

function denseStream(dimension: number, samples: readonly (readonly Element[])[]): StreamData {
  const values = new Float32Array(dimension * samples.length);
  samples.forEach((sample, row) =>
    sample.forEach(([index, value]) => {
      const at = row * dimension + index;
      values[at] = (values[at] ?? 0) + value;
    }),
  );
  return { kind: "dense", dimension, values };
}

function nodeOf(network: ComputationNetwork, name: string): ComputationNode {
  const node = findNode(network, name);
  if (node === undefined) throw new Error(`no node '${name}'`);
  return node;
}

const oneHot: readonly (readonly Element[])[] = [[[3, 1]], [[0, 1]], [[3, 1]], [[5, 1]]];
const bags: readonly (readonly Element[])[] = [
  [
    [1, 2],
    [4, -1],
    [1, 0.5],
  ],
  [],
  [[5, 3]],
  [
    [0, 1],
    [2, 1],
  ],
];

const networks: readonly (readonly [string, string])[] = [
  ["an embedding", "z = EmbeddingLayer {3} (x)"],
  ["a transposed embedding", "z = EmbeddingLayer {3, transpose = true} (x)"],
  ["a dense layer", "z = DenseLayer {3, activation = Tanh} (x)"],
  ["two products", "z = LinearLayer {3} (x) + LinearLayer {3} (x)"],
  ["maps left over", "z = Times (ParameterTensor {(3:2)}, NewReshape (x, (2:3)))"],
  ["a product and something else", "z = EmbeddingLayer {3} (x) + ReduceSum (x)"],
  ["nothing that takes it sparse", "z = ParameterTensor {(6)} .* x"],
  ["itself as output", "z = EmbeddingLayer {3} (x) ; outputNodes = (z : x)"],
];

describe.each(["cpu", "wasm"])("sparse inputs on %s", (backend) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(backend, () => undefined);
  });
  afterAll(() => engine.dispose());

  /** Values and gradients of a network for one stream `x`. */
  function compute(block: string, stream: StreamData, samples: number): number[][] {
    const { network } = networkFromScript(
      `x = SparseInput {6} ; ${block} ; loss = SumElements (z .* z) ; criterionNodes = (loss)`,
    );
    const { groups } = network;
    const outputs = [nodeOf(network, "z"), ...groups.output];
    const criterion = nodeOf(network, "loss");
    const program = engine.compile({ network, outputs, criterion, columns: samples });
    const minibatch: Minibatch = { samples, streams: new Map([["x", stream]]) };
    program.run(minibatch, { isTraining: true, dropoutRate: 0 });
    const values = outputs.map((node) => [...program.value(node)]);
    const gradients = network.nodes.flatMap(({ parameter }) =>
      parameter?.gradient === undefined ? [] : [[...parameter.gradient]],
    );
    program.dispose();
    return [...values, ...gradients];
  }

  describe.each([
    ["one-hot samples", oneHot],
    ["bags of words", bags],
  ])("%s", (_, samples) => {
    it.each(networks)("%s", (_, block) => {
      const sparse = compute(block, sparseStream(6, samples), samples.length);
      const dense = compute(block, denseStream(6, samples), samples.length);
      expect(sparse.length).toBeGreaterThan(1);
      expect(sparse).toEqual(dense.map((row) => row.map((value) => expect.closeTo(value, 5))));
    });
  });

  it("a vocabulary of 100,000 words is never made dense", () => {
    const [words, samples] = [100_000, 64];
    const { network } = networkFromScript(
      `x = SparseInput {${words}} ; z = EmbeddingLayer {2} (x)
       loss = SumElements (z) ; criterionNodes = (loss)`,
    );
    const criterion = nodeOf(network, "loss");
    const { forward } = criterion.operation;
    let bytes = 0;
    const watching: NonNullable<typeof forward> = (...call) => {
      bytes = tf.memory().numBytes;
      return forward?.(...call) ?? tf.scalar(0);
    };
    Object.assign(criterion, { operation: { ...criterion.operation, forward: watching } });
    const before = tf.memory().numBytes;
    const program = engine.compile({ network, outputs: [], criterion, columns: samples });
    const stream = sparseStream(
      words,
      Array.from({ length: samples }, (_, sample): Element[] => [[1000 * sample, 1]]),
    );
    const minibatch: Minibatch = { samples, streams: new Map([["x", stream]]) };
    program.run(minibatch, { isTraining: true, dropoutRate: 0 });
    program.dispose();
    const tableBytes = 4 * 2 * words;
    // the table itself and little more; the dense samples would be 64 times half of it
    expect(bytes - before).toBeGreaterThanOrEqual(tableBytes);
    expect(bytes - before).toBeLessThan(2 * tableBytes);
    const trained = network.nodes.find(({ parameter }) => parameter?.gradient)?.parameter;
    const gradient = [...(trained?.gradient ?? [])];
    expect(gradient.reduce((sum, value) => sum + value, 0)).toBe(2 * samples);
    expect(gradient.slice(0, 4)).toEqual([1, 1, 0, 0]);
  });
});
