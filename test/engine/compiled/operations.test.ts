/** Every operation that has a lowering: the compiled schedule against the portable engine on TensorFlow.js's cpu backend. */

import { expect, it } from "@jest/globals";
import { lowerings } from "../../../src/engine/compiled/lowerings.js";
import { networkFromScript } from "../../network/script-network.js";
import { expectClose, results } from "./agreement.js";
import { withEngines } from "./compared-engines.js";
import { OPERATION_ROWS } from "./operation-rows.js";

for (const [form, threads] of [
  ["wasm", 1],
  ["native", 1],
  ["native", 3],
] as const) {
  withEngines(form, threads, (engines) => {
    it.each(OPERATION_ROWS)("$operation $note", async ({ source, options, ...row }) => {
      const { compiled, portable, log } = engines();
      log.length = 0;
      await compiled.prepare(networkFromScript(source).network);
      const expected = results(portable, source, options);
      expectClose(results(compiled, source, options), expected);
      expect(log).toEqual(row.isPortable === true ? [expect.stringMatching(row.operation)] : []);
    });
  });
}

it("has a row for every lowering", () => {
  const known = new Set(OPERATION_ROWS.map(({ operation }) => operation));
  expect(Object.keys(lowerings).filter((name) => !known.has(name))).toEqual([]);
});
