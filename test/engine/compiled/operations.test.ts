/** Every operation that has a lowering: the compiled schedule against the portable engine on TensorFlow.js's cpu backend. */

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { selectBackend } from "../../../src/engine/backend.js";
import { createCompiledEngine } from "../../../src/engine/compiled/engine.js";
import { lowerings } from "../../../src/engine/compiled/lowerings.js";
import type { Engine } from "../../../src/engine/engine.js";
import { createPortableEngine } from "../../../src/engine/portable/engine.js";
import { loadKernelLibrary } from "../../../src/kernels/library.js";
import { networkFromScript } from "../../network/script-network.js";
import { expectClose, results } from "./agreement.js";
import { OPERATION_ROWS } from "./operation-rows.js";

describe.each([
  ["wasm", 1],
  ["native", 1],
  ["native", 3],
] as const)("operations on kernels as %s with %s threads", (form, threads) => {
  const refused: string[] = [];
  let portable: Engine;
  let compiled: Engine | undefined;

  beforeAll(async () => {
    portable = createPortableEngine(await selectBackend("cpu"), () => undefined);
    const library = loadKernelLibrary(form, 1 << 24);
    if (library === undefined) {
      console.warn(`SKIPPED: no kernels as ${form} have been built here`);
      return;
    }
    const log = (line: string) => refused.push(line);
    const startPortable = () => Promise.resolve(portable);
    const options = { library, startPortable, threads, tracesSchedule: false, log };
    compiled = createCompiledEngine(options);
  });
  afterAll(() => compiled?.dispose());

  it.each(OPERATION_ROWS)("$operation $note", async ({ source, options, ...row }) => {
    if (compiled === undefined) return;
    refused.length = 0;
    await compiled.prepare(networkFromScript(source).network);
    const expected = results(portable, source, options);
    expectClose(results(compiled, source, options), expected);
    expect(refused).toEqual(row.isPortable === true ? [expect.stringMatching(row.operation)] : []);
  });
});

it("has a row for every lowering", () => {
  const known = new Set(OPERATION_ROWS.map(({ operation }) => operation));
  expect(Object.keys(lowerings).filter((name) => !known.has(name))).toEqual([]);
});
