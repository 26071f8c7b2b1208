/** Small networks that a program would train with TensorFlow.js's layers, in Node and in a page alike. */

import type * as TensorFlow from "@tensorflow/tfjs";

/** A network as plain data, which can be sent to a page. */
export interface SmallNetwork {
  readonly note: string;
  readonly inputs: "images" | "words";
  /** functions of `tf.layers` with their settings, from the input on; a softmax of 3 classes follows */
  readonly layers: readonly (readonly [string, object])[];
}

const inputShape = [6, 5, 3];

export const smallNetworks: readonly SmallNetwork[] = [
  {
    note: "convolutions and max pooling",
    inputs: "images",
    layers: [
      ["conv2d", { inputShape, filters: 6, kernelSize: 3, padding: "same", activation: "relu" }],
      ["maxPooling2d", { poolSize: 3, strides: 1 }],
      ["batchNormalization", {}],
      ["conv2d", { filters: 5, kernelSize: 2, strides: 2, padding: "same", activation: "tanh" }],
      ["dropout", { rate: 0.25, seed: 7 }],
      ["flatten", {}],
      ["dense", { units: 8, activation: "relu" }],
    ],
  },
  {
    note: "depthwise and separable convolutions, average pooling",
    inputs: "images",
    layers: [
      ["depthwiseConv2d", { inputShape, kernelSize: 3, depthMultiplier: 2, padding: "same" }],
      ["averagePooling2d", { poolSize: 2 }],
      ["separableConv2d", { filters: 7, kernelSize: 3, padding: "same", activation: "sigmoid" }],
      ["globalAveragePooling2d", {}],
    ],
  },
  {
    note: "transposed convolution",
    inputs: "images",
    layers: [
      ["conv2dTranspose", { inputShape, filters: 4, kernelSize: 3, strides: 2, padding: "same" }],
      ["leakyReLU", {}],
      ["zeroPadding2d", { padding: 1 }],
      ["conv2d", { filters: 2, kernelSize: 3, strides: 4 }],
      ["flatten", {}],
    ],
  },
  {
    note: "embedding and one-dimensional convolution",
    inputs: "words",
    layers: [
      ["embedding", { inputDim: 11, outputDim: 4, inputLength: 10 }],
      ["conv1d", { filters: 5, kernelSize: 3, activation: "relu" }],
      ["averagePooling1d", { poolSize: 2 }],
      ["flatten", {}],
    ],
  },
];

/**
 * Trains for 20 steps on data made by rule, from weights made by rule. Complete in itself: its text runs in pages too.
 * @returns the loss of every step
 */
export async function trainSmallNetwork(
  tf: typeof TensorFlow,
  backend: string,
  network: SmallNetwork,
): Promise<readonly number[]> {
  await tf.setBackend(backend);
  const samples = 6;
  const byRule = (shape: number[], rule: (i: number) => number) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return tf.tensor(
      Array.from({ length: count }, (_, i) => rule(i)),
      shape,
    );
  };
  const makers = tf.layers as unknown as Record<
    string,
    (settings: object) => TensorFlow.layers.Layer
  >;
  const model = tf.sequential();
  for (const [kind, settings] of [
    ...network.layers,
    ["dense", { units: 3, activation: "softmax" }] as const,
  ]) {
    const make = makers[kind];
    if (make === undefined) throw new Error(`tf.layers has no ${kind}`);
    model.add(make({ ...settings }));
  }
  const weights = model.getWeights().map((weight, k) =>
    // biases and the like begin as they are
    weight.rank < 2 ? weight : byRule(weight.shape, (i) => Math.sin(i * 2.3 + k) / 3),
  );
  model.setWeights(weights);
  const x =
    network.inputs === "words"
      ? byRule([samples, 10], (i) => (i * i) % 11)
      : byRule([samples, 6, 5, 3], (i) => Math.cos(i * 1.3));
  const y = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: samples }, (_, i) => i % 3),
      "int32",
    ),
    3,
  );
  model.compile({
    optimizer: tf.train.momentum(0.02, 0.9),
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
  });
  const { history } = await model.fit(x, y, {
    epochs: 20,
    batchSize: samples,
    shuffle: false,
  });
  return (history.loss ?? []).map(Number);
}
