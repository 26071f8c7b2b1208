/** A handful of operations and a network builder, so that the engine is tested without the operations it will run. */

import type { Engine, Program } from "../../../src/engine/engine.js";
import type { ComputationNetwork } from "../../../src/network/network.js";
import type { ComputationNode, FloatArray } from "../../../src/network/node.js";
import { operation, type Operation } from "../../../src/operations/operation.js";
import { tf, type Tensor } from "../../../src/operations/tensors.js";
import type { Minibatch, StreamData } from "../../../src/readers/reader.js";

const shape = () => [];

/** One row per sample. */
const rows = (tensor: Tensor) => tensor.reshape([tensor.shape[0], -1]);

const entries = {
  InputValue: operation({ inputs: [], leaf: "input", shape }),
  LearnableParameter: operation({ inputs: [], leaf: "parameter", shape }),
  EnvironmentInput: operation({
    inputs: [],
    leaf: "environment",
    shape,
    forward: (_, { isTraining }) => tf.tensor2d([[isTraining ? 1 : 0]]),
  }),
  DynamicAxis: operation({ inputs: [], leaf: "dynamicAxis", shape }),
  Unsupported: operation({ inputs: ["x"], shape }),
  Plus: operation({
    inputs: ["a", "b"],
    shape,
    forward: ({ a, b }) => tf.add(a, b),
    backward: { a: (gradient) => gradient, b: (gradient) => gradient },
  }),
  ElementTimes: operation({
    inputs: ["a", "b"],
    shape,
    forward: ({ a, b }) => tf.mul(a, b),
    backward: {
      a: (gradient, { b }) => tf.mul(gradient, b),
      b: (gradient, { a }) => tf.mul(gradient, a),
    },
  }),
  /** W [m x n] is the tensor [1, n, m]; x [n] is [columns, n] */
  Times: operation({
    inputs: ["W", "x"],
    shape,
    forward: ({ W, x }) => tf.matMul(rows(x), tf.squeeze(W, [0])),
    backward: {
      W: (gradient, { x }) => tf.expandDims(tf.matMul(rows(x), rows(gradient), true), 0),
      x: (gradient, { W }) => tf.matMul(rows(gradient), tf.squeeze(W, [0]), false, true),
    },
  }),
  RectifiedLinear: operation({
    inputs: ["x"],
    shape,
    forward: ({ x }) => tf.relu(x),
    backward: { x: (gradient, _, { value }) => tf.mul(gradient, tf.step(value)) },
  }),
  /** sum over the minibatch; keeps the difference, and an input, which must survive both passes */
  SquareError: operation({
    inputs: ["a", "b"],
    shape,
    reducesMinibatch: true,
    forward: ({ a, b }, context) => {
      const difference = tf.sub(a, b);
      context.keep("difference", difference);
      context.keep("a", a);
      return tf.sum(tf.square(difference)).reshape([1, 1]);
    },
    backward: {
      a: (gradient, _, context) => tf.mul(gradient, tf.mul(2, context.kept("difference"))),
      b: (gradient, { b }, context) => tf.mul(gradient, tf.mul(-2, tf.sub(context.kept("a"), b))),
    },
  }),
  /** one value per sample */
  SumElementsPerSample: operation({
    inputs: ["x"],
    shape,
    forward: ({ x }) => tf.sum(rows(x), 1, true),
    backward: { x: (gradient, { x }) => tf.mul(gradient, tf.onesLike(x)) },
  }),
  Pass: operation({
    inputs: ["x"],
    shape,
    forward: ({ x }) => x,
    backward: { x: (gradient) => gradient },
  }),
  /** any number of inputs */
  Sum: operation({
    inputs: ["x..."],
    shape,
    forward: (_, { tensors }) => tf.addN([...tensors]),
    backward: {
      x: (gradient, _, { tensors }, index) =>
        tf.mul(gradient, tf.onesLike(tensors[index] ?? gradient)),
    },
  }),
  /** adds a table made once, and 10 in training */
  Shifted: operation({
    inputs: ["x"],
    shape,
    prepare: ({ shape: [size = 0] }) => {
      const ones = tf.ones([1, size]);
      return { tables: [tf.mul(ones, 100)] };
    },
    forward: ({ x }, { prepared, isTraining }) => {
      const [table] = prepared.tables;
      return tf.add(tf.add(x, table ?? 0), isTraining ? 10 : 0);
    },
  }),
  /** keeps the sum over the minibatch in a parameter, as batch normalization keeps its statistics */
  Remember: operation({
    inputs: ["x", "memory"],
    shape,
    forward: ({ x, memory }, context) => {
      context.assign(1, tf.add(memory, tf.sum(x, 0, true)));
      return tf.add(x, memory);
    },
  }),
  Draw: operation({
    inputs: ["x"],
    shape,
    isRandom: true,
    forward: ({ x }, { generator }) =>
      tf.tensor(
        Array.from({ length: x.size }, () => generator.below(1000)),
        x.shape,
      ),
  }),
  Broken: operation({
    inputs: ["x"],
    shape,
    forward: ({ x }) => tf.reshape(x, [7, 7, 7]),
  }),
};

export type TinyOperation = keyof typeof entries;

/** Everything a test may say about a node. */
export interface NodeOptions {
  readonly name?: string;
  readonly shape?: readonly number[];
  readonly value?: FloatArray | readonly number[];
  readonly learningRateMultiplier?: number;
  readonly ranges?: ComputationNode["ranges"];
  /** false for results without dynamic axis */
  readonly hasDynamicAxis?: boolean;
}

/** Builds nodes; shape, axis and gradient flag follow the inputs unless said otherwise. */
export class TinyNetwork {
  readonly nodes: ComputationNode[] = [];

  node(name: TinyOperation, inputs: readonly ComputationNode[], options: NodeOptions = {}) {
    const operationEntry: Operation = { ...entries[name], name };
    const multiplier = options.learningRateMultiplier ?? 1;
    const node: ComputationNode = {
      name: options.name ?? `${name}${this.nodes.length}`,
      operation: operationEntry,
      settings: {},
      inputs,
      tags: new Set(),
      ranges: options.ranges ?? [],
      shape: options.shape ?? inputs.at(-1)?.shape ?? [1],
      dynamicAxis: this.#hasDynamicAxis(name, inputs, options) ? "*" : undefined,
      needsGradient:
        name === "LearnableParameter"
          ? multiplier > 0
          : inputs.some((input) => input.needsGradient),
      ...(name === "LearnableParameter" && {
        parameter: {
          learningRateMultiplier: multiplier,
          initialization: { kind: "loaded" as const },
          value: floats(options.value ?? []),
          gradient: undefined,
        },
      }),
    };
    this.nodes.push(node);
    return node;
  }

  input(name: string, shape: readonly number[], options: NodeOptions = {}) {
    return this.node("InputValue", [], { ...options, name, shape });
  }

  parameter(
    name: string,
    shape: readonly number[],
    value: FloatArray | readonly number[],
    options: NodeOptions = {},
  ) {
    return this.node("LearnableParameter", [], { ...options, name, shape, value });
  }

  get network(): ComputationNetwork {
    return {
      nodes: this.nodes,
      groups: { feature: [], label: [], criterion: [], evaluation: [], output: [] },
    };
  }

  #hasDynamicAxis(name: TinyOperation, inputs: readonly ComputationNode[], options: NodeOptions) {
    if (options.hasDynamicAxis !== undefined) return options.hasDynamicAxis;
    if (name === "InputValue") return true;
    return name !== "SquareError" && inputs.some((input) => input.dynamicAxis !== undefined);
  }
}

function floats(values: FloatArray | readonly number[]): FloatArray {
  return values instanceof Float64Array || values instanceof Float32Array
    ? values
    : Float32Array.from(values);
}

/** A minibatch of dense streams: rows are samples. */
export function minibatchOf(
  streams: Readonly<Record<string, readonly (readonly number[])[]>>,
): Minibatch {
  const entriesOf = Object.entries(streams).map(([name, rows]): [string, StreamData] => [
    name,
    { kind: "dense", dimension: rows[0]?.length ?? 0, values: Float32Array.from(rows.flat()) },
  ]);
  return { samples: Object.values(streams)[0]?.length ?? 0, streams: new Map(entriesOf) };
}

/** Compiles a tiny network. */
export function compileTiny(
  engine: Engine,
  net: TinyNetwork,
  outputs: readonly ComputationNode[],
  criterion?: ComputationNode,
): Program {
  const request = { network: net.network, outputs, columns: 4 };
  return engine.compile(criterion === undefined ? request : { ...request, criterion });
}

export const training = { isTraining: true, dropoutRate: 0 };
export const inference = { isTraining: false, dropoutRate: 0 };
