/** Values of a model file put back into a network in training. */

import { describe, expect, it } from "@jest/globals";
import { rereadModel } from "../../../src/network/model-file/reread-model.js";
import { writeModel } from "../../../src/network/model-file/write-model.js";
import { operations } from "../../../src/operations/index.js";
import { networkFromScript } from "../script-network.js";
import { load, nodeOf } from "./loading.js";
import { logisticRegression, modelBytes, parameter } from "./model-bytes.js";

const options = { precision: "float", operations } as const;
const reread = (bytes: Uint8Array, network = load(logisticRegression(19))) => {
  rereadModel(bytes, "lr.dnn", network, options);
};

describe("a model that is read again", () => {
  it("gives the network its values back, in the arrays it has", () => {
    const { network } = networkFromScript(`features = Input {2}
      n = BatchNormalizationLayer {} (features)
      z = LinearLayer {3} (n) ; outputNodes = (z)`);
    const bytes = writeModel(network, "float");
    const values = network.nodes.map(({ parameter: state }) => state?.value);
    const before = values.map((value) => value?.slice());
    for (const value of values) value?.fill(7);
    const criterion = nodeOf(network, "n");
    const { settings } = criterion;
    reread(bytes, network);
    expect(network.nodes.map(({ parameter: state }) => state?.value)).toEqual(before);
    expect(network.nodes.every(({ parameter: state }, i) => state?.value === values[i])).toBe(true);
    expect(criterion.settings).toBe(settings);
    expect(Buffer.from(writeModel(network, "float")).equals(bytes)).toBe(true);
  });

  it.each([
    {
      what: "a node more",
      bytes: modelBytes({ version: 19, nodes: [parameter("c", [1, 1], [3])] }),
      message:
        'lr.dnn: byte 80: a node "c" of type LearnableParameter, which the network does not have',
    },
    {
      what: "a node of another type",
      bytes: modelBytes({ version: 19, nodes: [{ name: "b", operation: "Sigmoid" }] }),
      message: 'lr.dnn: byte 80: a node "b" of type Sigmoid, which the network does not have',
    },
    {
      what: "a parameter of another size",
      bytes: modelBytes({ version: 19, nodes: [parameter("b", [2, 1], [3, 4])] }),
      message: 'lr.dnn: byte 80: "b" has another size here',
    },
    {
      what: "a parameter less",
      bytes: modelBytes({ version: 19, nodes: [parameter("b", [1, 1], [3])] }),
      message: 'lr.dnn: there is no "w"',
    },
    {
      what: "an old file",
      bytes: logisticRegression(10),
      message:
        "lr.dnn: byte 60: expected a file that this program wrote, of version 19 or later, found version 10",
    },
    {
      what: "no model",
      bytes: Buffer.from("text"),
      message: 'lr.dnn: byte 0: expected the marker "BCN" of a model, found something else',
    },
  ])("is refused if it has $what", ({ bytes, message }) => {
    expect(() => {
      reread(bytes);
    }).toThrow(expect.objectContaining({ phase: "reading", message }));
  });
});
