/**
 * KL-regularised adaptation: labels that lean towards what a reference network says, so that a network which learns new
 * data does not move far from where it was (actions.md 7). CNTK: SGD::Adapt, SGD::TrainOneEpoch.
 */

import { CntkError } from "../../grammar/errors.js";
import type { Engine } from "../engine/engine.js";
import { streamOf } from "../engine/streams.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode, FloatArray } from "../network/node.js";
import { elementCount } from "../operations/shape.js";
import { newFloatArray } from "../readers/float-array.js";
import type { Minibatch, StreamData } from "../readers/reader.js";
import { Programs } from "./programs.js";

/** A network that is not trained, and the node of it that speaks about the labels. */
export interface Reference {
  readonly network: ComputationNetwork;
  readonly node: ComputationNode;
  /** how much its word counts, from 0 to 1; the labels have the rest */
  readonly weight: number;
}

export class AdaptedLabels {
  readonly #reference: Reference;
  readonly #labels: ComputationNode;
  readonly #programs: Programs;

  /** @throws CntkError "running" if the trained network has no labels, or labels of another size than the reference */
  constructor(engine: Engine, reference: Reference, { groups }: ComputationNetwork) {
    const { network, node } = reference;
    this.#reference = reference;
    this.#labels = expectLabels(node, groups.label);
    this.#programs = new Programs(engine, { network, outputs: [node] });
  }

  /** @throws CntkError "running" if the reference network cannot run */
  prepare(columns: number): void {
    this.#programs.for(columns);
  }

  /** The minibatch with labels = weight * reference + (1 - weight) * labels. */
  of(minibatch: Minibatch): Minibatch {
    const { node, weight } = this.#reference;
    const program = this.#programs.for(minibatch.samples);
    program.run(minibatch, { isTraining: false, dropoutRate: 0 });
    const stream = streamOf(this.#labels, minibatch.streams);
    const values = mixed(program.value(node), stream, weight);
    const labels: StreamData = { kind: "dense", dimension: stream.dimension, values };
    return { ...minibatch, streams: new Map([...minibatch.streams, [this.#labels.name, labels]]) };
  }

  dispose(): void {
    this.#programs.dispose();
  }
}

/** The first of the label nodes, as in CNTK. */
function expectLabels(
  node: ComputationNode,
  [labels]: readonly ComputationNode[],
): ComputationNode {
  if (labels === undefined) {
    throw new CntkError("running", "adapt: the network has no label node to adapt", {
      hint: "list it in the network's labelNodes, for example: labelNodes = (labels)",
    });
  }
  const [expected, found] = [labels, node].map(({ shape }) => elementCount(shape));
  if (found === expected && node.dynamicAxis !== undefined) return labels;
  throw new CntkError(
    "running",
    `adapt: the reference node '${node.name}' must have ${expected ?? 0} values per sample, as '${labels.name}' has; it has ${found ?? 0}${node.dynamicAxis === undefined ? " for the whole minibatch" : ""}`,
    {
      hint: "refNodeName names the node with the probabilities of the labels",
      ranges: node.ranges,
    },
  );
}

/** Both weights are numbers of the values' precision. */
function mixed(reference: FloatArray, labels: StreamData, weight: number): FloatArray {
  const precision = labels.values instanceof Float64Array ? "double" : "float";
  const round = precision === "float" ? Math.fround : (number: number) => number;
  const [ofReference, ofLabels] = [round(weight), round(1 - weight)];
  const values = newFloatArray(precision, reference.length);
  forEachValue(labels, (at, label) => (values[at] = (values[at] ?? 0) + label));
  values.forEach((label, i) => {
    values[i] = ofReference * (reference[i] ?? 0) + ofLabels * label;
  });
  return values;
}

/** @param take is given each value and where it stands in a dense array; values at one place add up */
function forEachValue(stream: StreamData, take: (at: number, value: number) => void): void {
  if (stream.kind === "dense") {
    stream.values.forEach((value, at) => {
      take(at, value);
    });
    return;
  }
  const { dimension, values, indices, starts } = stream;
  for (let sample = 0; sample + 1 < starts.length; sample++) {
    for (let i = starts[sample] ?? 0; i < (starts[sample + 1] ?? 0); i++) {
      take(sample * dimension + (indices[i] ?? 0), values[i] ?? 0);
    }
  }
}
