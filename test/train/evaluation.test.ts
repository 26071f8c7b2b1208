import { describe, expect, it } from "@jest/globals";
import type { Engine } from "../../src/engine/engine.js";
import type { ComputationNode, Tag } from "../../src/network/node.js";
import { operation } from "../../src/operations/operation.js";
import type { Reader } from "../../src/readers/reader.js";
import { evaluateNodes } from "../../src/train/evaluation.js";

function node(name: string, operationName: string): ComputationNode {
  return {
    name,
    operation: { ...operation({ inputs: [], shape: () => [1] }), name: operationName },
    settings: {},
    inputs: [],
    tags: new Set<Tag>(),
    ranges: [],
    shape: [1],
    dynamicAxis: undefined,
    needsGradient: false,
  };
}

/** Every minibatch sums to its number, counted from 1. */
function evaluate(
  minibatches: number,
  show: { numMBsToShowResult: number; firstMBsToShowResult: number; showsIntermediate: boolean },
) {
  let run = 0;
  let disposed = 0;
  const engine: Engine = {
    description: "test engine",
    prepare: () => Promise.resolve(),
    compile: () => ({
      run: () => {
        run++;
      },
      value: () => new Float32Array([run]),
      dispose: () => {
        disposed++;
      },
    }),
    beginPass: () => undefined,
    seedRandomNodes: () => undefined,
    dispose: () => undefined,
  };
  let delivered = 0;
  const reader: Reader = {
    sweepSize: minibatches * 2,
    streams: new Map(),
    startEpoch: () => undefined,
    nextMinibatch: () =>
      delivered++ < minibatches ? { samples: 2, streams: new Map() } : undefined,
  };
  const log: string[] = [];
  const groups = { feature: [], label: [], criterion: [], evaluation: [], output: [] };
  const nodes = [node("errs", "ClassificationError"), node("ce", "CrossEntropyWithSoftmax")];
  evaluateNodes({
    engine,
    network: { nodes, groups },
    nodes,
    reader,
    minibatchSize: 2,
    epochSize: 0,
    stampedLog: (line) => log.push(line),
    ...show,
  });
  expect(disposed).toBe(1);
  return log;
}

describe("evaluateNodes", () => {
  it.each([
    [
      "one interval repeats the final numbers",
      2,
      { numMBsToShowResult: 100, firstMBsToShowResult: 0, showsIntermediate: true },
      [
        "Minibatch[1-2]: errs = 75.000% * 4; ce = 0.75000000 * 4",
        "Final Results: Minibatch[1-2]: errs = 75.000% * 4; ce = 0.75000000 * 4; perplexity = 2.11700002",
      ],
    ],
    [
      "intervals show their own averages, the rest comes last",
      5,
      { numMBsToShowResult: 2, firstMBsToShowResult: 1, showsIntermediate: true },
      [
        "Minibatch[1-1]: errs = 50.000% * 2; ce = 0.50000000 * 2",
        "Minibatch[2-2]: errs = 100.000% * 2; ce = 1.00000000 * 2",
        "Minibatch[3-4]: errs = 175.000% * 4; ce = 1.75000000 * 4",
        "Minibatch[5-5]: errs = 250.000% * 2; ce = 2.50000000 * 2",
        "Final Results: Minibatch[1-5]: errs = 150.000% * 10; ce = 1.50000000 * 10; perplexity = 4.48168907",
      ],
    ],
    [
      "the final line alone",
      4,
      { numMBsToShowResult: 2, firstMBsToShowResult: 0, showsIntermediate: false },
      [
        "Final Results: Minibatch[1-4]: errs = 125.000% * 8; ce = 1.25000000 * 8; perplexity = 3.49034296",
      ],
    ],
  ])("%s", (_, minibatches, show, expected) => {
    expect(evaluate(minibatches, show)).toEqual(expected);
  });
});
