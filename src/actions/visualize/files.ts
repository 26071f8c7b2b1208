/** What `tscntk visualize` writes: pictures, texts, the contact sheet and the page, as names and contents. */

import { CntkError } from "../../../grammar/errors.js";
import { printShape, type Shape } from "../../operations/shape.js";
import { fixed } from "../../script/printf.js";
import { renderPage, type PageImage } from "./page.js";
import { contactSheet, drawMaps, encodePng, mapLayout, type MapLayout } from "./pictures.js";

/** A node with its value for every image, first axis fastest. */
export interface EvaluatedNode {
  readonly name: string;
  readonly shape: Shape;
  readonly samples: readonly ArrayLike<number>[];
}

export interface Evaluation {
  readonly model: string;
  readonly data: string;
  readonly input: EvaluatedNode;
  readonly encoding: EvaluatedNode;
  readonly output: EvaluatedNode;
}

export interface OutputFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

export const CONTACT_SHEET = "imageAutoEncoder.png";
export const PAGE = "imageAutoEncoder.html";

/**
 * All files for the evaluated images; images count from 0.
 * @throws CntkError "running" if input and output are no images of one size
 */
export function renderFiles(evaluation: Evaluation): OutputFile[] {
  const images = drawImages(evaluation);
  const rmse = images.reduce((sum, image) => sum + image.rmse, 0) / images.length;
  const { model, data, input, encoding, output } = evaluation;
  return [
    ...images.flatMap((image) => pictureFiles(image)),
    { name: "encoder_output_BS.txt", content: textOf(encoding.samples) },
    { name: "decoder_output_BS.txt", content: textOf(output.samples) },
    { name: CONTACT_SHEET, content: encodePng(contactSheet(images)) },
    { name: PAGE, content: renderPage({ model, data, input, encoding, output, rmse }, images) },
  ];
}

function drawImages({ input, encoding, output }: Evaluation): PageImage[] {
  const inputLayout = imageLayout("input", input);
  const outputLayout = imageLayout("output", output);
  if (elements(inputLayout) !== elements(outputLayout)) {
    throw new CntkError(
      "running",
      `input and output differ in size: ${describe(input)}, ${describe(output)}`,
      { hint: "an auto-encoder gives back an image of the size that it was given" },
    );
  }
  const encodingLayout = mapLayout(encoding.shape);
  const scale = greyScale(input.samples);
  return input.samples.map((original, index) => {
    const reconstruction = output.samples[index] ?? [];
    const code = encoding.samples[index] ?? [];
    return {
      index,
      input: drawMaps(original, inputLayout, scale),
      encoding:
        encodingLayout && drawMaps(code, encodingLayout, 255 / Math.max(1e-30, maximum(code))),
      output: drawMaps(reconstruction, outputLayout, scale),
      rmse: rootMeanSquare(original, reconstruction),
    };
  });
}

const elements = ({ width, height, maps }: MapLayout) => width * height * maps;

const describe = ({ name, shape }: EvaluatedNode) => `${name} [${printShape(shape)}]`;

function imageLayout(part: string, node: EvaluatedNode): MapLayout {
  const layout = mapLayout(node.shape);
  if (layout !== undefined) return layout;
  throw new CntkError("running", `the ${part} ${describe(node)} is not a square image`, {
    hint: "expected [width x height x channels], or a vector of n x n values such as [784]",
  });
}

/** Grey levels for a value of 1: the tutorial divides its images by 256; other models may take grey levels as they are. */
function greyScale(samples: readonly ArrayLike<number>[]): number {
  return Math.max(0, ...samples.map(maximum)) <= 1 ? 256 : 1;
}

function maximum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((largest, value) => Math.max(largest, value), -Infinity);
}

function rootMeanSquare(one: ArrayLike<number>, other: ArrayLike<number>): number {
  const squares = Array.from(one, (value, index) => (value - (other[index] ?? 0)) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

function pictureFiles({ index, input, encoding, output }: PageImage): OutputFile[] {
  const start = `imageAutoEncoder_${index}__`;
  return [
    { name: `${start}input.png`, content: encodePng(input) },
    ...(encoding === undefined
      ? []
      : [{ name: `${start}encoding.png`, content: encodePng(encoding) }]),
    { name: `${start}output.png`, content: encodePng(output) },
  ];
}

/** `%.6f`, one image a line, as the action write gives it: no minus before a zero. */
function textOf(samples: readonly ArrayLike<number>[]): string {
  return samples
    .map((sample) => `${Array.from(sample, (value) => fixed(value + 0, 6)).join(" ")}\n`)
    .join("");
}
