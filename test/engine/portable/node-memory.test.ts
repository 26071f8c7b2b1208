/** Nodes that remember something from minibatch to minibatch, and those that were computed before. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Engine } from "../../../src/engine/engine.js";
import { createEngine } from "../../../src/engine/index.js";
import { findNode, type ComputationNetwork } from "../../../src/network/network.js";
import type { ComputationNode } from "../../../src/network/node.js";
import type { Minibatch } from "../../../src/readers/reader.js";
import { networkFromScript } from "../../network/script-network.js";

function nodeOf(network: ComputationNetwork, name: string): ComputationNode {
  const node = findNode(network, name);
  if (node === undefined) throw new Error(`no node '${name}'`);
  return node;
}

function minibatchOf(...samples: readonly (readonly number[])[]): Minibatch {
  const stream = {
    kind: "dense",
    dimension: samples[0]?.length ?? 0,
    values: Float32Array.from(samples.flat()),
  } as const;
  return { samples: samples.length, streams: new Map([["x", stream]]) };
}

const training = { isTraining: true, dropoutRate: 0 };
const inference = { isTraining: false, dropoutRate: 0 };

describe("nodes with a memory", () => {
  const log: string[] = [];
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine("cpu", (line) => log.push(line));
  });
  afterAll(() => engine.dispose());
  beforeEach(() => void log.splice(0));

  it("EpochAccumulator starts anew with every pass", () => {
    const { network } = networkFromScript(
      `x = Input {2} ; m = new ComputationNode [ operation = 'EpochAccumulator' ; inputs = x ] ; outputNodes = (m)`,
    );
    const m = nodeOf(network, "m");
    const two = engine.compile({ network, outputs: [m], columns: 2 });
    const one = engine.compile({ network, outputs: [m], columns: 1 });
    engine.beginPass();
    two.run(minibatchOf([1, 2], [3, 6]), inference);
    expect([...two.value(m)]).toEqual([2, 4]);
    one.run(minibatchOf([5, 1]), inference);
    expect([...one.value(m)]).toEqual([3, 3]);
    engine.beginPass();
    one.run(minibatchOf([5, 1]), inference);
    expect([...one.value(m)]).toEqual([5, 1]);
  });

  it("Trace prints the first minibatches and then every so many, and gradients where asked to", () => {
    const { network } = networkFromScript(
      `x = Input {2} ; w = ParameterTensor {(2), initValue = 2} ; y = w .* x
       t = Trace (y, say = 'here', logFirst = 1, logFrequency = 3, logGradientToo = true, onlyUpToT = 2,
                  format = [ type = 'real' ; precisionFormat = '.1' ; sequenceEpilogue = ';\\n' ])
       loss = SumElements (t) ; criterionNodes = (loss)`,
    );
    const criterion = nodeOf(network, "loss");
    const program = engine.compile({ network, outputs: [], criterion, columns: 3 });
    const lines = [1, 2, 3, 4].map((minibatch) => {
      program.run(minibatchOf([minibatch, 0], [1, -1], [7, 7]), training);
      return log.splice(0);
    });
    const printed = (first: string) => [
      "------- Trace[] here --> y : [2 x *]",
      `${first} 0.0;\n2.0 -2.0;`,
      "------- Trace[] here (gradient) --> y : [2 x *]",
      "1.0 1.0;\n1.0 1.0;",
    ];
    expect(lines).toEqual([printed("2.0"), [], [], printed("8.0")]);
    expect([...(nodeOf(network, "w").parameter?.gradient ?? [])]).toEqual([12, 6]);
  });

  it("Trace without format prints numbers, of so many elements as it lets through", () => {
    const { network } = networkFromScript(
      `x = Input {3} ; t = Trace (x, onlyUpToRow = 2) ; outputNodes = (t)`,
    );
    const program = engine.compile({ network, outputs: [nodeOf(network, "t")], columns: 1 });
    program.run(minibatchOf([1, 2, 3]), inference);
    expect(log).toEqual(["------- Trace[]  --> x : [3 x *]", "1.000000 2.000000"]);
  });

  const statistics = `x = Input {2} ; labels = Input {2} ; z = x - Mean (labels) ; outputNodes = (z)`;

  it("a statistic that is not there yet is an error", () => {
    const { network } = networkFromScript(statistics);
    expect(() => engine.compile({ network, outputs: [nodeOf(network, "z")], columns: 1 })).toThrow(
      "Mean: node 'z.MinusArgs[1]' has no value yet",
    );
  });

  it("a statistic that is there needs no data of its input", () => {
    const { network } = networkFromScript(statistics);
    const z = nodeOf(network, "z");
    const mean = network.nodes.find(({ operation }) => operation.name === "Mean");
    if (mean?.parameter === undefined) throw new Error("Mean has no place for its value");
    mean.parameter.value = Float32Array.of(1, 2);
    const program = engine.compile({ network, outputs: [z], columns: 1 });
    program.run(minibatchOf([5, 5]), inference);
    expect([...program.value(z)]).toEqual([4, 3]);
  });

  it.each([
    ["QuantizedTimes (ParameterTensor {(2:2)}, x)", "CNTK itself cannot make from BrainScript"],
    [
      "new ComputationNode [ operation = 'LegacyReshape' ; inputs = x ; numRows = 2 ]",
      "rearranges the rows and columns of a whole minibatch",
    ],
    [
      "new ComputationNode [ operation = 'CRF' ; inputs = (x : x : ParameterTensor {(2:2)}) ]",
      "conditional random fields are not part of this program",
    ],
  ])("%s says why it cannot be computed", (expression, reason) => {
    const { network } = networkFromScript(`x = Input {2} ; z = ${expression} ; outputNodes = (z)`);
    const compile = () => engine.compile({ network, outputs: network.groups.output, columns: 1 });
    expect(compile).toThrow(/node 'z' cannot be computed/);
    expect(compile).toThrow(expect.objectContaining({ hint: expect.stringContaining(reason) }));
  });
});
