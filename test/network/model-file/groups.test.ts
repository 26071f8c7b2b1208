/** Groups of nodes: old markers, groups that later versions leave out. */

import { describe, expect, it } from "@jest/globals";
import { load } from "./loading.js";
import { bytesOf, input, modelBytes, shape, u64 } from "./model-bytes.js";

describe("groups", () => {
  it("accepts old markers", () => {
    const bytes = bytesOf(
      "BCN",
      u64(1),
      "BNodeList",
      "InputValue",
      "x",
      u64(0),
      u64(0),
      shape(2),
      "ENodeList",
      "BRelation",
      "x",
      u64(0),
      "ERelation",
      "BRootNodes",
      "ELabelNodes",
      "BCriteriaNodes",
      u64(1),
      "x",
      "ECriterionNodes",
      "BNodesReqMultiSeqHandling",
      u64(1),
      "x",
      "ENodesReqMultiSeqHandling",
      "BPairNodes",
      u64(0),
      "EPairNodes",
      "ERootNodes",
      "ECN",
    );
    const { groups } = load(bytes);
    expect(groups.criterion.map(({ name }) => name)).toEqual(["x"]);
    expect(groups.evaluation).toEqual([]);
  });

  it("completes those that CNTK 2.7 leaves empty", () => {
    const nodes = [
      { name: "inner", operation: "Sigmoid", inputs: ["x"] },
      { name: "outer", operation: "Sigmoid", inputs: ["inner"] },
      input("x", 2),
    ];
    const { groups } = load(
      modelBytes({ version: 31, nodes, groups: [[], [], [], [], ["inner"]] }),
    );
    expect(groups.feature.map(({ name }) => name)).toEqual(["x"]);
    expect(groups.output.map(({ name }) => name)).toEqual(["inner", "outer"]);
  });
});
