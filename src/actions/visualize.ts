/**
 * `tscntk visualize`: draws what a trained auto-encoder makes of the first images of a data file. Counterpart of the
 * Python script that comes with CNTK's auto-encoder tutorial.
 */

import path from "node:path";
import { CntkError } from "../../grammar/errors.js";
import type { Run } from "../engine/run.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import { elementCount } from "../operations/shape.js";
import type { Reader } from "../readers/reader.js";
import { CNTKTextFormatReader } from "../readers/text-format.js";
import { writeFileAtomically } from "../train/checkpoint.js";
import { networkOfModel } from "./network-source.js";
import {
  CONTACT_SHEET,
  PAGE,
  renderFiles,
  type EvaluatedNode,
  type OutputFile,
} from "./visualize/files.js";
import { chooseNodes, inputsOf } from "./visualize/nodes.js";
import { TEXT_FORMAT_DEFAULTS } from "../readers/settings.js";

export interface VisualizeOptions {
  /** model file */
  readonly model: string;
  /** text file with the images, for CNTKTextFormatReader */
  readonly data: string;
  /** folder for the pictures, made if it is missing */
  readonly output: string;
  /** how many images to draw, from the first one */
  readonly images: number;
  /** names of the input, the encoding and the output; left out, the usual ones */
  readonly nodes?: readonly string[] | undefined;
}

/**
 * Writes pictures, texts, contact sheet and page, and logs where they are.
 * @throws CntkError "configuring" for a wrong number of images, "reading" for a model or data that cannot be read,
 *   "running" for nodes that do not exist or are no images
 */
export async function visualize(options: VisualizeOptions, run: Run): Promise<void> {
  const { model, data, output } = options;
  if (!Number.isInteger(options.images) || options.images < 1) {
    throw new CntkError(
      "configuring",
      `images: expected a positive integer, found ${options.images}`,
    );
  }
  const network = networkOfModel(model, run);
  const shown = chooseNodes(network, options.nodes);
  const nodes = [shown.input, shown.encoding, shown.output];
  for (const node of nodes) expectOneValuePerImage(node);
  const reader = imageReader(data, inputsOf(nodes), run);
  const value = await evaluateFirst(network, nodes, reader, options, run);
  const files = renderFiles({
    model,
    data,
    input: value(shown.input),
    encoding: value(shown.encoding),
    output: value(shown.output),
  });
  for (const file of files) writeFile(output, file);
  const pictures = files.filter(({ name }) => name.endsWith(".png") && name !== CONTACT_SHEET);
  run.log(`Written to ${output}: ${pictures.length} pictures imageAutoEncoder_*.png and two texts`);
  run.log(`All images on one sheet: ${path.join(output, CONTACT_SHEET)}`);
  run.log(`To look at in a browser: ${path.join(output, PAGE)}`);
}

function expectOneValuePerImage({ name, dynamicAxis, operation }: ComputationNode): void {
  if (dynamicAxis !== undefined) return;
  throw new CntkError(
    "running",
    `node '${name}' (${operation.name}) has one value for all images, expected one for each`,
    { hint: "name nodes that are computed from the image" },
  );
}

/** Reads the images in the order of the file. */
function imageReader(file: string, inputs: readonly ComputationNode[], run: Run): Reader {
  return CNTKTextFormatReader(
    {
      file,
      streams: inputs.map(({ name, shape, operation }) => ({
        name,
        alias: name,
        dimension: elementCount(shape),
        format: operation.name === "SparseInputValue" ? "sparse" : "dense",
      })),
      ...TEXT_FORMAT_DEFAULTS,
      // small chunks, because only the first images are wanted
      chunkSizeInBytes: 2 ** 20,
    },
    run.log,
  );
}

/** Values of the nodes for the first images: as many as were asked for, or as there are. */
async function evaluateFirst(
  network: ComputationNetwork,
  nodes: readonly ComputationNode[],
  reader: Reader,
  { images, data }: VisualizeOptions,
  run: Run,
): Promise<(node: ComputationNode) => EvaluatedNode> {
  reader.startEpoch({ minibatchSize: images, epoch: 0, epochSize: images });
  const minibatch = reader.nextMinibatch();
  if (minibatch === undefined) throw new CntkError("reading", `'${data}' holds no images`);
  const engine = await run.engine(network);
  const program = engine.compile({ network, outputs: nodes, columns: minibatch.samples });
  try {
    program.run(minibatch, { isTraining: false, dropoutRate: 0 });
    const values = new Map(nodes.map((node) => [node, program.value(node).slice()]));
    return (node) => {
      const size = elementCount(node.shape);
      const all = values.get(node) ?? new Float32Array();
      const samples = Array.from({ length: minibatch.samples }, (_, sample) =>
        all.subarray(sample * size, (sample + 1) * size),
      );
      return { name: node.name, shape: node.shape, samples };
    };
  } finally {
    program.dispose();
  }
}

function writeFile(folder: string, { name, content }: OutputFile): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  writeFileAtomically(path.join(folder, name), bytes);
}
