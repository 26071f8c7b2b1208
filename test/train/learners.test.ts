/** Update rules against CNTK 2.7's own learners, step by step; test/peers/learners.py wrote the numbers. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import type { FloatArray } from "../../src/network/node.js";
import {
  initialLearnerState,
  updateParameter,
  type GradUpdateType,
  type UpdateSettings,
} from "../../src/train/learners.js";
import { PLAIN_UPDATE } from "./update-settings.js";

interface PeerSettings {
  readonly gradUpdateType?: GradUpdateType;
  readonly useNesterovMomentum?: boolean;
  readonly normWithAveMultiplier?: boolean;
  readonly rms?: UpdateSettings["rms"];
  readonly varianceTimeConstant?: number;
  readonly L1RegWeight?: number;
  readonly L2RegWeight?: number;
  readonly clippingThresholdPerSample?: number;
  readonly gradientClippingWithTruncation?: boolean;
}

interface PeerFile {
  readonly samples: readonly number[];
  readonly rates: readonly number[];
  readonly start: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  readonly cases: readonly {
    readonly name: string;
    readonly settings: PeerSettings;
    readonly momentumPerSample: number;
    readonly double: readonly (readonly number[])[];
    readonly float: readonly (readonly number[])[];
  }[];
}

const peer = JSON.parse(
  readFileSync(new URL("learners.json", import.meta.url), "utf8"),
) as PeerFile;

function updateSettings(settings: PeerSettings): UpdateSettings {
  const { varianceTimeConstant = PLAIN_UPDATE.fsAdagrad.varianceTimeConstant, ...given } = settings;
  const fsAdagrad = { ...PLAIN_UPDATE.fsAdagrad, varianceTimeConstant };
  return { ...PLAIN_UPDATE, fsAdagrad, ...given };
}

/** Values after each of the minibatches. */
function trace(
  settings: UpdateSettings,
  momentumPerSample: number,
  make: (values: readonly number[]) => FloatArray,
): number[][] {
  const value = make(peer.start);
  const state = initialLearnerState(value);
  return peer.gradients.map((gradient, i) => {
    const samples = peer.samples[i] ?? 0;
    const step = {
      learningRatePerSample: peer.rates[i] ?? 0,
      momentum: momentumPerSample ** samples,
      samples,
      regularizationMultiplier: 1,
    };
    updateParameter(value, make(gradient), state, step, settings);
    return [...value];
  });
}

function largestDifference(ours: number[][], theirs: readonly (readonly number[])[]): number {
  return Math.max(
    ...ours.flatMap((row, i) => row.map((x, j) => Math.abs(x - (theirs[i]?.[j] ?? NaN)))),
  );
}

describe("updateParameter", () => {
  it.each(peer.cases)("$name", ({ settings, momentumPerSample, double, float }) => {
    const complete = updateSettings(settings);
    const ours64 = trace(complete, momentumPerSample, (values) => new Float64Array(values));
    expect(largestDifference(ours64, double)).toBeLessThan(1e-11);
    const ours32 = trace(complete, momentumPerSample, (values) => new Float32Array(values));
    expect(largestDifference(ours32, float)).toBeLessThan(1e-6);
  });

  it("leaves parameters with regularization multiplier 0 out of L1 and L2", () => {
    const value = new Float64Array([1, -2]);
    const step = {
      learningRatePerSample: 0.1,
      momentum: 0,
      samples: 2,
      regularizationMultiplier: 0,
    };
    const settings = updateSettings({ L1RegWeight: 1, L2RegWeight: 1 });
    updateParameter(value, new Float64Array([0, 0]), initialLearnerState(value), step, settings);
    expect([...value]).toEqual([1, -2]);
  });

  it("keeps what a checkpoint needs: sizes of the state", () => {
    const sizes = (["none", "adagrad", "rmsProp", "fsAdagrad"] as const).map((gradUpdateType) => {
      const value = new Float32Array([1, 2, 3]);
      const state = initialLearnerState(value);
      const step = {
        learningRatePerSample: 0.1,
        momentum: 0.9,
        samples: 5,
        regularizationMultiplier: 1,
      };
      const gradient = new Float32Array([1, -1, 0]);
      updateParameter(value, gradient, state, step, updateSettings({ gradUpdateType }));
      return [state.smoothedGradient.length, state.smoothedCount > 0];
    });
    expect(sizes).toEqual([
      [3, false],
      [3, false],
      [9, false],
      [6, true],
    ]);
  });
});
