/** Networks of TensorFlow.js's layers train on the wasm backend once `tscntk/wasm-training` is imported. */

import { beforeAll, expect, it } from "@jest/globals";
import * as tf from "@tensorflow/tfjs";
import "../../src/wasm-training/node.js";
import { smallNetworks, trainSmallNetwork } from "./small-networks.js";

const PATIENCE = 60_000; // the cpu backend takes its time on a busy machine

beforeAll(() => {
  // without its advice to install the native backend
  tf.enableProdMode();
});

it.each(smallNetworks)(
  "trains as on cpu: $note",
  async (network) => {
    const expected = await trainSmallNetwork(tf, "cpu", network);
    const losses = await trainSmallNetwork(tf, "wasm", network);
    expect(losses).toHaveLength(20);
    losses.forEach((loss, step) =>
      expect(Math.abs(loss - (expected[step] ?? NaN))).toBeLessThan(1e-4),
    );
    // the network is alive
    expect(losses[19]).toBeLessThan(losses[0] ?? 0);
  },
  PATIENCE,
);
