/** Mean and InvStdDev: the pass over the training data before the first epoch. */

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { CntkError } from "../../grammar/errors.js";
import type { Engine } from "../../src/engine/engine.js";
import { createEngine } from "../../src/engine/index.js";
import { readModel } from "../../src/network/model-file/read-model.js";
import { writeModel } from "../../src/network/model-file/write-model.js";
import { findNode, type ComputationNetwork } from "../../src/network/network.js";
import { validateNetwork } from "../../src/network/validate.js";
import { operations } from "../../src/operations/index.js";
import type { EpochRequest, Minibatch, Reader } from "../../src/readers/reader.js";
import { precompute } from "../../src/train/pre-computation.js";
import { networkFromScript } from "../network/script-network.js";

type Rows = readonly (readonly number[])[];

/** One stream `x`; the requests are kept. */
function readerOf(rows: Rows, requests: EpochRequest[]): Reader {
  let rest: (readonly number[])[] = [];
  let size = 1;
  return {
    sweepSize: rows.length,
    streams: new Map([["x", { dimension: 2, isSparse: false }]]),
    startEpoch(request) {
      requests.push(request);
      rest = rows.slice(0, request.epochSize === 0 ? rows.length : request.epochSize);
      size = request.minibatchSize;
    },
    nextMinibatch(): Minibatch | undefined {
      const taken = rest.splice(0, size);
      if (taken.length === 0) return undefined;
      const values = Float32Array.from(taken.flat());
      const stream = { kind: "dense", dimension: 2, values } as const;
      return { samples: taken.length, streams: new Map([["x", stream]]) };
    },
  };
}

const valueOf = (network: ComputationNetwork, name: string) => [
  ...(findNode(network, name)?.parameter?.value ?? []),
];

const close = (...values: number[]) => values.map((value) => expect.closeTo(value, 6) as unknown);

const NORMALIZED = `x = Input {2} ; n = MeanVarNorm (x) ; z = DenseLayer {2} (n) ; outputNodes = (z)`;
const ROWS: Rows = [
  [1, 10],
  [2, 10],
  [6, 10],
  [-1, 10],
  [4, 10],
];
const DEVIATION = Math.sqrt((1 + 4 + 36 + 1 + 16) / 5 - 2.4 ** 2);

describe("pre-computation", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine("cpu", () => undefined);
  });
  afterAll(() => engine.dispose());

  function run(
    network: ComputationNetwork,
    rows: Rows,
    more: { traceLevel?: number; epochSize?: number; precision?: "float" | "double" } = {},
  ) {
    const log: string[] = [];
    const requests: EpochRequest[] = [];
    const reader = readerOf(rows, requests);
    const write = (text: string) => log.push(text);
    const hasComputed = precompute({
      network,
      engine,
      reader,
      minibatchSize: 2,
      epochSize: 0,
      traceLevel: 1,
      precision: "float",
      log: write,
      stampedLog: write,
      ...more,
    });
    return { hasComputed, log, requests };
  }

  it("computes mean and 1 / standard deviation over all minibatches, with CNTK's log lines", () => {
    const { network } = networkFromScript(NORMALIZED);
    const { hasComputed, log, requests } = run(network, ROWS);
    expect(hasComputed).toBe(true);
    expect(requests).toEqual([{ minibatchSize: 2, epoch: 0, epochSize: 0 }]);
    expect(valueOf(network, "n.mean")).toEqual(close(2.4, 10));
    // a variance of 0 counts as 1e-10
    expect(valueOf(network, "n.invStdDev")).toEqual(close(1 / DEVIATION, 1e5));
    expect(log.join("\n")).toBe(
      "\nPrecomputing --> 2 PreCompute nodes found.\n\n" +
        "\tn.mean = Mean()\n\tn.invStdDev = InvStdDev()\n" +
        "\nPrecomputing --> Completed.\n",
    );
  });

  it("normalises with them afterwards", () => {
    const { network } = networkFromScript(NORMALIZED);
    run(network, ROWS);
    const n = findNode(network, "n");
    if (n === undefined) throw new Error("no node 'n'");
    const program = engine.compile({ network, outputs: [n], columns: 1 });
    const values = Float32Array.of(6, 10);
    const stream = { kind: "dense", dimension: 2, values } as const;
    program.run(
      { samples: 1, streams: new Map([["x", stream]]) },
      { isTraining: false, dropoutRate: 0 },
    );
    expect([...program.value(n)]).toEqual(close(3.6 / DEVIATION, 0));
    program.dispose();
  });

  it("sees one epoch only if it is told so, and keeps the run's precision", () => {
    const { network } = networkFromScript(NORMALIZED);
    run(network, ROWS, { epochSize: 2, precision: "double" });
    expect(findNode(network, "n.mean")?.parameter?.value).toEqual(Float64Array.of(1.5, 10));
  });

  it("computes a statistic of normalised data in a second pass", () => {
    const { network } = networkFromScript(
      `x = Input {2} ; n = MeanVarNorm (x) ; m = Mean (n .* n) ; z = n - m ; outputNodes = (z)`,
    );
    const { requests } = run(network, ROWS);
    expect(requests).toHaveLength(2);
    expect(valueOf(network, "m")).toEqual(close(1, 0));
  });

  it("has nothing to do in a network from a model file, which keeps them", () => {
    const { network } = networkFromScript(NORMALIZED);
    run(network, ROWS);
    const bytes = writeModel(network, "float");
    const options = { log: () => undefined, traceLevel: 0, precision: "float" } as const;
    const loaded = readModel(bytes, "model", { precision: "float", operations });
    validateNetwork(loaded, options);
    const { hasComputed, log, requests } = run(loaded, [[100, 100]]);
    expect(hasComputed).toBe(false);
    expect(requests).toEqual([]);
    expect(log).toEqual([
      "No PreCompute nodes found, or all already computed. Skipping pre-computation step.",
    ]);
    expect(valueOf(loaded, "n.mean")).toEqual(close(2.4, 10));
    expect(Buffer.from(writeModel(loaded, "float")).equals(bytes)).toBe(true);
  });

  it("computes in a network from a file that was saved before", () => {
    const { network } = networkFromScript(NORMALIZED);
    const options = { log: () => undefined, traceLevel: 0, precision: "float" } as const;
    const bytes = writeModel(network, "float");
    const loaded = readModel(bytes, "model", { precision: "float", operations });
    validateNetwork(loaded, options);
    expect(run(loaded, ROWS).hasComputed).toBe(true);
    expect(valueOf(loaded, "n.mean")).toEqual(close(2.4, 10));
  });

  it("needs data", () => {
    const { network } = networkFromScript(NORMALIZED);
    expect(() => run(network, [])).toThrow(CntkError);
    expect(() => run(network, [])).toThrow("No data accumulated during precomputation.");
  });
});
