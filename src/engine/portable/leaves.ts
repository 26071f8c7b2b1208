/** Values that are not computed: inputs from the minibatch, and parameters. */

import assert from "node:assert/strict";
import { CntkError } from "../../../grammar/errors.js";
import type { ComputationNode, FloatArray } from "../../network/node.js";
import type { SparseSamples } from "../../operations/operation.js";
import type { Shape } from "../../operations/shape.js";
import { newFloats, tensorOf, tf, type Tensor } from "../../operations/tensors.js";
import type { Minibatch, StreamData } from "../../readers/reader.js";
import { streamOf } from "../streams.js";

/** The shape of a node's tensor: `[columns, d_k, ..., d_1]` (operation.ts). */
export function tensorShape(node: ComputationNode, columns: number): number[] {
  return [node.dynamicAxis === undefined ? 1 : columns, ...reversed(node.shape)];
}

function reversed(shape: Shape): number[] {
  return [...shape].reverse();
}

/**
 * The samples of the stream that has the input's name; sparse ones as they are.
 * @throws CntkError "running" if there is no such stream, or its samples have another size
 */
export function inputSamples(node: ComputationNode, minibatch: Minibatch): Tensor | SparseSamples {
  const stream = streamOf(node, minibatch.streams);
  const samples = sampleCount(stream);
  if (samples !== minibatch.samples) {
    throw new CntkError(
      "running",
      `input '${node.name}': expected as many samples as the longest stream has, ${minibatch.samples}, found ${samples}`,
      {
        hint: "this version does not compute with sequences of different length in one minibatch",
        ranges: node.ranges,
      },
    );
  }
  if (stream.kind === "sparse") return stream;
  return tensorOf(stream.values, tensorShape(node, samples));
}

function sampleCount(stream: StreamData): number {
  return stream.kind === "dense"
    ? stream.values.length / stream.dimension
    : stream.starts.length - 1;
}

/** The samples with their zeros. */
export function denseTensor(node: ComputationNode, stream: SparseSamples): Tensor {
  const { dimension, values, indices, starts } = stream;
  const samples = sampleCount(stream);
  const dense = newFloats(samples * dimension);
  for (let sample = 0; sample < samples; sample++) {
    const end = starts[sample + 1] ?? 0;
    for (let i = starts[sample] ?? 0; i < end; i++) {
      const at = sample * dimension + (indices[i] ?? 0);
      dense[at] = (dense[at] ?? 0) + (values[i] ?? 0);
    }
  }
  return tensorOf(dense, tensorShape(node, samples));
}

interface Constant {
  readonly tensor: Tensor;
  /** what the tensor was made from; whoever changes a parameter's value may do so in place */
  readonly values: FloatArray;
}

/** Tensors of parameters. What is not trained is sent to the backend when it changes, the rest at every run. */
export class ParameterTensors {
  readonly #constants = new Map<ComputationNode, Constant>();

  /** A tensor the caller disposes of. */
  of(node: ComputationNode): Tensor {
    const parameter = node.parameter;
    assert(parameter?.value !== undefined, `parameter '${node.name}' has no value`);
    if (parameter.learningRateMultiplier > 0) {
      return tensorOf(parameter.value, tensorShape(node, 1));
    }
    return this.#constant(node, parameter.value).clone();
  }

  #constant(node: ComputationNode, values: FloatArray): Tensor {
    const known = this.#constants.get(node);
    if (known !== undefined && equalBytes(known.values, values)) return known.tensor;
    known?.tensor.dispose();
    const copy = values.slice();
    const tensor = tf.keep(tensorOf(copy, tensorShape(node, 1)));
    this.#constants.set(node, { tensor, values: copy });
    return tensor;
  }

  dispose(): void {
    for (const { tensor } of this.#constants.values()) tensor.dispose();
    this.#constants.clear();
  }
}

function equalBytes(one: FloatArray, other: FloatArray): boolean {
  return bytes(one).equals(bytes(other));
}

function bytes(array: FloatArray): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
