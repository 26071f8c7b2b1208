import { describe, expect, it } from "@jest/globals";
import { describeDefinition, describeShape } from "../../src/network/describe.js";
import { sortedByName } from "../../src/network/network.js";
import { goldenCases, textOrError } from "../golden-cases.js";
import { networkFromScript } from "./script-network.js";

/** Every node with its operation, inputs and shape; a parameter with its seed, if it has one. */
function listing(source: string): string {
  const { network } = networkFromScript(source);
  return sortedByName(network.nodes)
    .map((node) => {
      const initialization = node.parameter?.initialization;
      const seed = initialization?.kind === "random" ? ` seed ${initialization.seed}` : "";
      return `${describeDefinition(node)} ${describeShape(node)}${seed}`;
    })
    .join("\n");
}

describe("node names", () => {
  it.each(goldenCases("naming.txt"))("$name", ({ source, expected }) => {
    expect(textOrError(() => listing(source))).toBe(expected);
  });

  it("names 500 stacked layers", () => {
    const { network } = networkFromScript(
      `x = Input {4} ; y = LayerStack {500, k => DenseLayer {4, activation = Tanh}} (x) ; outputNodes = (y)`,
    );
    expect(network.nodes).toHaveLength(1 + 500 * 5);
  });
});
