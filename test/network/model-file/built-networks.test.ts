/** Networks built from BrainScript: what is saved loads as the same network. */

import { describe, expect, it } from "@jest/globals";
import { describeValidation } from "../../../src/network/describe.js";
import { writeModel } from "../../../src/network/model-file/write-model.js";
import { sortedByName, type ComputationNetwork } from "../../../src/network/network.js";
import { staticContext, validateNetwork } from "../../../src/network/validate.js";
import { networkFromScript } from "../script-network.js";
import { load } from "./loading.js";
import { scripts } from "./scripts.js";

/** Everything the log says about a network. */
const description = (network: ComputationNetwork) =>
  sortedByName(network.nodes).map((node) => ({
    line: describeValidation(node),
    geometry: node.operation.describe?.(staticContext(node), node.name) ?? "",
    tags: [...node.tags],
    value: node.parameter?.value,
  }));

/** Expanded attributes print differently, though they mean the same. */
const comparable = (network: ComputationNetwork) =>
  description(network).map(({ geometry, ...rest }) => ({
    ...rest,
    geometry: geometry.replace(/, (Map|Sharing|AutoPad|LowerPad|UpperPad): [^:]*(?=,|$)/g, ""),
  }));

describe.each(scripts)("$what", ({ block, version = 19 }) => {
  const { network } = networkFromScript(block);
  const written = writeModel(network, "float");
  const loaded = load(written);
  validateNetwork(loaded, { log: () => undefined, traceLevel: 0, precision: "float" });

  it(`is saved as version ${version}`, () => {
    expect(new DataView(written.buffer).getUint32(26, true)).toBe(version);
  });

  it("loads as it was", () => {
    expect(comparable(loaded)).toEqual(comparable(network));
  });

  it("is saved again with the same bytes", () => {
    expect(Buffer.from(writeModel(loaded, "float")).equals(written)).toBe(true);
  });
});
