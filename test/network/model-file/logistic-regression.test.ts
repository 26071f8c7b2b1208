/** A whole model: read, written, converted. */

import { describe, expect, it } from "@jest/globals";
import { writeModel } from "../../../src/network/model-file/write-model.js";
import { load, nodeOf } from "./loading.js";
import { logisticRegression } from "./model-bytes.js";

describe("the logistic regression of the format's description", () => {
  it("has the size and offsets described", () => {
    const bytes = logisticRegression(10);
    expect(bytes.length).toBe(1488);
    expect([...bytes.slice(205, 209)]).toEqual([0x71, 0x5c, 0x46, 0xc1]);
  });

  it("is read", () => {
    const network = load(logisticRegression(10));
    expect(network.nodes.map(({ name, operation }) => `${name} ${operation.name}`)).toEqual([
      "b LearnableParameter",
      "err SquareError",
      "features InputValue",
      "labels InputValue",
      "lr Logistic",
      "p Sigmoid",
      "p._ Plus",
      "p._.PlusArgs[0] Times",
      "w LearnableParameter",
    ]);
    const b = nodeOf(network, "b");
    expect(b.shape).toEqual([1, 1]);
    expect(b.parameter?.initialization).toEqual({ kind: "loaded" });
    expect(b.parameter?.value?.[0]).toBeCloseTo(-12.397569, 5);
    expect(nodeOf(network, "features")).toMatchObject({ shape: [2], dynamicAxis: "*" });
    expect(nodeOf(network, "p._").inputs.map(({ name }) => name)).toEqual(["p._.PlusArgs[0]", "b"]);
    const names = Object.entries(network.groups).map(([tag, nodes]) => [
      tag,
      nodes.map(({ name }) => name),
    ]);
    expect(Object.fromEntries(names)).toEqual({
      feature: ["features", "labels"],
      label: ["labels"],
      criterion: ["lr"],
      evaluation: ["err"],
      output: ["p"],
    });
    expect([...nodeOf(network, "labels").tags]).toEqual(["feature", "label"]);
  });

  it("is written as version 19 with 1492 bytes", () => {
    const written = writeModel(load(logisticRegression(10)), "float");
    expect(written.length).toBe(1492);
    expect(Buffer.from(written).equals(logisticRegression(19))).toBe(true);
  });

  it("keeps its values in double precision", () => {
    const network = load(logisticRegression(19), "double");
    expect(nodeOf(network, "w").parameter?.value).toEqual(
      Float64Array.of(2.5, Math.fround(2.56621)),
    );
    const again = load(writeModel(network, "double"), "float");
    expect(Buffer.from(writeModel(again, "float")).equals(logisticRegression(19))).toBe(true);
  });
});
