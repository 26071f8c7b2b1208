import { describe, expect, it } from "@jest/globals";
import { goldenCases, textOrError } from "../golden-cases.js";
import { listNodes } from "./list-nodes.js";
import { networkFromScript } from "./script-network.js";

const FILES = [
  "naming.txt",
  "networks/layers.txt",
  "networks/functions.txt",
  "networks/sequences.txt",
  "networks/recurrence.txt",
];

describe.each(FILES)("nodes of %s", (file) => {
  it.each(goldenCases(file))("$name", ({ source, expected }) => {
    expect(textOrError(() => listNodes(networkFromScript(source).network))).toBe(expected);
  });
});
