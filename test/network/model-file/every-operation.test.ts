/** Every operation of the table: a node of it is read from its file as it was written, in both precisions. */

import { describe, expect, it } from "@jest/globals";
import { writeModel } from "../../../src/network/model-file/write-model.js";
import type { ComputationNode } from "../../../src/network/node.js";
import { load, nodeOf } from "./loading.js";
import { allOperations, networkOf } from "./one-node.js";

/** What a file says of a node. */
const described = ({
  name,
  operation,
  settings,
  inputs,
  dynamicAxis,
  parameter,
}: ComputationNode) => ({
  name,
  operation: operation.name,
  settings,
  inputs: inputs.map((input) => input.name),
  ...(operation.leaf === "input" ? { dynamicAxis } : {}),
  ...(parameter === undefined ? {} : { values: [...(parameter.value ?? [])] }),
});

describe.each(allOperations.map((operation) => ({ name: operation.name, operation })))(
  "$name",
  ({ operation }) => {
    it.each([
      ["float", 19],
      ["double", 19],
      ["float", 23],
    ] as const)("in %s, with the settings of version %i", (precision, version) => {
      const network = networkOf(operation, version);
      const written = writeModel(network, precision);
      const loaded = load(written, precision);
      // what is left out of a record has its default then
      expect(described(nodeOf(loaded, "n"))).toMatchObject(described(nodeOf(network, "n")));
      expect(Buffer.from(writeModel(loaded, precision)).equals(written)).toBe(true);
    });
  },
);
