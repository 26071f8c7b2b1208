/** MNIST's idx files, and the CNTK text that is made of them (CNTK: mnist_utils.py). */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { CntkError, reasonOf } from "../../grammar/errors.js";

/** Unsigned bytes in an array of several dimensions, the last one fastest. */
export interface IdxArray {
  readonly dimensions: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 8;

/**
 * Reads an idx file, compressed by gzip or not.
 * @throws CntkError "reading" if it is damaged or of another type
 */
export function readIdx(file: string): IdxArray {
  return parseIdx(file, uncompressed(file, readFileSync(file)));
}

/** The bytes themselves, or what gzip made them from. */
export function uncompressed(file: string, bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    const reason = reasonOf(error);
    throw new CntkError("reading", `${file}: damaged gzip file: ${reason}`);
  }
}

/** @param file for messages */
export function parseIdx(file: string, bytes: Uint8Array): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wrong = (found: string) =>
    new CntkError("reading", `${file}: expected an idx file of unsigned bytes, found ${found}`);
  if (bytes.length < 4) throw wrong(`${bytes.length} bytes`);
  const rank = view.getUint8(3);
  if (view.getUint16(0) !== 0 || view.getUint8(2) !== UNSIGNED_BYTE || rank === 0) {
    throw wrong(`magic number 0x${view.getUint32(0).toString(16).padStart(8, "0")}`);
  }
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw wrong(`${bytes.length} bytes`);
  const dimensions = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = dimensions.reduce((product, dimension) => product * dimension, 1);
  if (bytes.length !== header + count) {
    const shape = dimensions.join(" x ");
    throw wrong(`${bytes.length - header} bytes for ${shape}, which are ${count}`);
  }
  return { dimensions, data: bytes.subarray(header) };
}

export interface LabelledImages {
  readonly images: IdxArray;
  readonly labels: IdxArray;
}

const CLASSES = 10;
const ROWS_PER_BLOCK = 1000;
const LINE_FEED = 10;
const BLANK = 32;

/**
 * `|labels <one-hot> |features <pixels>`, a line for every image, in blocks of lines. Sample order depends on the number
 * of bytes in a line: there is no blank at its end.
 * @throws CntkError "reading" if images and labels do not fit together
 */
export function* cntkText({ images, labels }: LabelledImages): Generator<Uint8Array> {
  const count = checkedCount(images, labels);
  const pixels = images.data.length / Math.max(1, count);
  const labelTexts = Array.from({ length: CLASSES }, (_, label) => labelText(label));
  const longest = (labelTexts[0]?.length ?? 0) + 4 * pixels + 1;
  for (let first = 0; first < count; first += ROWS_PER_BLOCK) {
    const last = Math.min(count, first + ROWS_PER_BLOCK);
    const block = new Uint8Array((last - first) * longest);
    let at = 0;
    for (let row = first; row < last; row++) {
      const label = labelTexts[labels.data[row] ?? 0] ?? labelText(0);
      block.set(label, at);
      at = writePixels(
        images.data.subarray(row * pixels, (row + 1) * pixels),
        block,
        at + label.length,
      );
    }
    yield block.subarray(0, at);
  }
}

function checkedCount(images: IdxArray, labels: IdxArray): number {
  const count = labels.dimensions[0] ?? 0;
  if (labels.dimensions.length !== 1 || images.dimensions[0] !== count) {
    const found = `${images.dimensions.join(" x ")} and ${labels.dimensions.join(" x ")}`;
    throw new CntkError("reading", `expected as many images as labels, found ${found}`);
  }
  const wrong = labels.data.findIndex((label) => label >= CLASSES);
  if (wrong >= 0) {
    const found = `${labels.data[wrong] ?? 0} for image ${wrong}`;
    throw new CntkError("reading", `expected labels from 0 to ${CLASSES - 1}, found ${found}`);
  }
  return count;
}

function labelText(label: number): Uint8Array {
  const oneHot = Array.from({ length: CLASSES }, (_, i) => (i === label ? 1 : 0));
  return Buffer.from(`|labels ${oneHot.join(" ")} |features`);
}

/** Each pixel after a blank, then a line feed; returns where the text ends. */
function writePixels(pixels: Uint8Array, text: Uint8Array, start: number): number {
  let at = start;
  for (const pixel of pixels) {
    text[at++] = BLANK;
    if (pixel >= 100) text[at++] = 48 + Math.floor(pixel / 100);
    if (pixel >= 10) text[at++] = 48 + (Math.floor(pixel / 10) % 10);
    text[at++] = 48 + (pixel % 10);
  }
  text[at++] = LINE_FEED;
  return at;
}
