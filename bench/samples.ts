/** The data of the bench: synthetic images as text, and any text as bytes for peers that do not read it. */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { MersenneTwister } from "../src/random/mersenne-twister.js";
import type { SyntheticData } from "./workloads.js";

const CLASSES = 10;
const GREY_LEVELS = 256;
/** How much of a sample's image is that of its class; the rest is noise. */
const CLARITY = 0.25;

/**
 * Writes images of ten classes, a seeded one for each with noise added, in CNTK's text format; nothing if the file is
 * already there.
 */
export function writeSyntheticText(
  file: string,
  { valuesPerSample, samples }: SyntheticData,
): void {
  if (existsSync(file)) return;
  const random = new MersenneTwister(1);
  const image = () => Uint8Array.from({ length: valuesPerSample }, () => random.below(GREY_LEVELS));
  const classes = Array.from({ length: CLASSES }, image);
  const lines = Array.from({ length: samples }, () => {
    const label = random.below(CLASSES);
    const noise = image();
    const values = classes[label]?.map((value, index) =>
      Math.round(CLARITY * value + (1 - CLARITY) * (noise[index] ?? 0)),
    );
    const oneHot = Array.from({ length: CLASSES }, (_, index) => Number(index === label));
    return `|labels ${oneHot.join(" ")} |features ${values?.join(" ") ?? ""}\n`;
  });
  writeWhole(file, lines.join(""));
}

/** A file that exists is complete: an interrupted bench leaves none behind that looks so. */
function writeWhole(file: string, content: string | Uint8Array): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, content);
  renameSync(`${file}.tmp`, file);
}

export interface SampleFiles {
  /** all features as bytes, sample after sample */
  readonly features: string;
  /** the class of each sample, one byte */
  readonly labels: string;
  readonly count: number;
}

/**
 * Turns a text of dense samples, grey levels 0..255 and one-hot labels, into bytes.
 * @param prefix of the files, which are made only once
 */
export function writeSampleBytes(
  text: string,
  valuesPerSample: number,
  prefix: string,
): SampleFiles {
  const files = { features: `${prefix}.features`, labels: `${prefix}.labels` };
  if (!existsSync(files.features) || !existsSync(files.labels)) {
    const { features, labels } = parseSamples(readFileSync(text), valuesPerSample);
    writeWhole(files.features, features);
    writeWhole(files.labels, labels);
  }
  return { ...files, count: readFileSync(files.labels).length };
}

const [SPACE, ZERO, NEWLINE] = [" ", "0", "\n"].map((sign) => sign.charCodeAt(0));

/** Samples in CNTK's text format, one a line: `|labels 0 1 0 ... |features 0 255 ...`. */
export function parseSamples(
  text: Uint8Array,
  valuesPerSample: number,
): { readonly features: Uint8Array; readonly labels: Uint8Array } {
  const lines = text.filter((byte) => byte === NEWLINE).length;
  const features = new Uint8Array(lines * valuesPerSample);
  const labels = new Uint8Array(lines);
  let begin = 0;
  for (let line = 0; line < lines; line++) {
    const end = text.indexOf(NEWLINE ?? 0, begin);
    const sample = text.subarray(begin, end + 1);
    labels[line] = numbersAfter(sample, "|labels ", CLASSES).indexOf(1);
    features.set(numbersAfter(sample, "|features ", valuesPerSample), line * valuesPerSample);
    begin = end + 1;
  }
  return { features, labels };
}

function numbersAfter(sample: Uint8Array, name: string, count: number): Uint8Array {
  const values = new Uint8Array(count);
  let at = Buffer.from(sample.buffer, sample.byteOffset, sample.length).indexOf(name) + name.length;
  for (let index = 0; index < count; index++) {
    let value = 0;
    for (; (sample[at] ?? 0) > (SPACE ?? 0); at++)
      value = 10 * value + (sample[at] ?? 0) - (ZERO ?? 0);
    values[index] = value;
    at++;
  }
  return values;
}
