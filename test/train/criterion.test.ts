import { describe, expect, it } from "@jest/globals";
import type { Program } from "../../src/engine/engine.js";
import type { ComputationNode, Tag } from "../../src/network/node.js";
import { operation } from "../../src/operations/operation.js";
import { criterionLines, CriterionTotals, trainingCriteria } from "../../src/train/criterion.js";

function node(name: string, shape: readonly number[] = [1]): ComputationNode {
  return {
    name,
    operation: { ...operation({ inputs: [], shape: () => [1] }), name: "Sqrt" },
    settings: {},
    inputs: [],
    tags: new Set<Tag>(),
    ranges: [],
    shape,
    dynamicAxis: undefined,
    needsGradient: true,
  };
}

const programWith = (values: readonly number[]): Program => ({
  run: () => undefined,
  value: () => new Float32Array(values),
  dispose: () => undefined,
});

describe("CriterionTotals", () => {
  it.each([
    // 2^24 + 1 does not exist in single precision: the running sum of training stays where it is
    ["float", 16777216],
    ["double", 16777217],
  ] as const)("sums in %s", (precision, expected) => {
    const totals = new CriterionTotals([node("ce")], precision);
    totals.add(programWith([16777216]), 1);
    totals.add(programWith([1]), 1);
    expect(totals.totals).toEqual([{ sum: expected, count: 2 }]);
  });

  it("averages over an interval, per sample", () => {
    const totals = new CriterionTotals([node("rmse")], "float");
    totals.add(programWith([1, 2, 3]), 3);
    const before = totals.totals;
    totals.add(programWith([4, 6]), 2);
    expect(totals.items(before)).toEqual([{ name: "rmse", value: 5, count: 2 }]);
    expect(totals.items()).toEqual([{ name: "rmse", value: 16 / 5, count: 5 }]);
  });

  it("shows 0 for no samples", () => {
    expect(new CriterionTotals([node("ce")], "float").items()).toEqual([
      { name: "ce", value: 0, count: 0 },
    ]);
  });
});

const NO_NAMES = { trainCriterionNodeName: "", evalCriterionNodeName: "" };

function network(criterion: readonly ComputationNode[], evaluation: readonly ComputationNode[]) {
  const others = [node("z"), node("m", [2, 3])];
  const groups = { feature: [], label: [], criterion, evaluation, output: [] };
  return { nodes: [...criterion, ...evaluation, ...others], groups };
}

describe("trainingCriteria", () => {
  const [ce, rmse, errs] = [node("ce"), node("rmse"), node("errs")];

  it.each([
    ["one of each", network([ce], [errs]), NO_NAMES, ["ce", "errs"]],
    ["the same as both", network([rmse], [rmse]), NO_NAMES, ["rmse"]],
    ["the first of two criteria is trained", network([ce, rmse], [errs]), NO_NAMES, ["ce", "errs"]],
    [
      "by name",
      network([ce], [errs]),
      { trainCriterionNodeName: "Z", evalCriterionNodeName: "ce" },
      ["z", "ce"],
    ],
  ])("%s", (_, net, names, expected) => {
    const { criterion, reported } = trainingCriteria(net, names);
    expect(reported.map(({ name }) => name)).toEqual(expected);
    expect(criterion.name).toBe(expected[0]);
  });

  it.each([
    [network([], [errs]), NO_NAMES, "the network has no training criterion"],
    [
      network([ce], []),
      { ...NO_NAMES, trainCriterionNodeName: "cee" },
      "the network has no node named 'cee'",
    ],
    [
      network([ce], []),
      { ...NO_NAMES, evalCriterionNodeName: "m" },
      "m Sqrt operation is not a valid training or eval criterion node.",
    ],
  ])("error %#", (net, names, message) => {
    expect(() => trainingCriteria(net, names)).toThrow(message);
  });
});

describe("criterionLines", () => {
  const [ce, rmse, errs, top5] = [node("ce"), node("rmse"), node("errs"), node("top5Errs")];

  it.each([
    [[ce], [], ["Training criterion:   ce = Sqrt"]],
    [[ce], [errs], ["Training criterion:   ce = Sqrt", "Evaluation criterion: errs = Sqrt"]],
    [
      [ce, rmse],
      [errs, top5],
      [
        "Training criteria:",
        "\tce = Sqrt",
        "\trmse = Sqrt",
        "\nEvaluation criteria:",
        "\terrs = Sqrt",
        "\ttop5Errs = Sqrt",
      ],
    ],
  ])("%#", (criterion, evaluation, expected) => {
    const net = network(criterion, evaluation);
    expect(criterionLines(trainingCriteria(net, NO_NAMES))).toEqual(expected);
  });
});
