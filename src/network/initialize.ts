/** Initial values of parameters: random, constant, from a text matrix, bilinear (nodes.md 13). CNTK: InputAndParamNodes.cpp. */

import { totalmem } from "node:os";
import { CntkError, nearestName } from "../../grammar/errors.js";
import { normal, uniform, type ElementType } from "../random/distributions.js";
import { MersenneTwister } from "../random/mersenne-twister.js";
import { elementCount, isKnown, printShape, type Shape } from "../operations/shape.js";
import { newFloatArray } from "../readers/float-array.js";
import type { FloatArray, Initialization } from "./node.js";

type Random = Extract<Initialization, { kind: "random" }>;

/** What the log says about a random initialization: `init dims=[fanOut x fanIn], range=r(r/scale*scale)`. */
export interface RandomDescription {
  readonly distribution: string;
  readonly fanIn: number;
  readonly fanOut: number;
  /** half the width of a uniform distribution, or the standard deviation, after scaling */
  readonly range: number;
}

export interface InitialValue {
  /** the shape asked for; where that had unknown dimensions, what a text matrix makes of it */
  readonly shape: Shape;
  readonly value: FloatArray;
  /** undefined where nothing is random */
  readonly description: RandomDescription | undefined;
}

interface Distribution {
  readonly draw: typeof normal;
  readonly range: (fanIn: number, fanOut: number) => number;
}

const symmetric: typeof normal = (generator, range, elementType) =>
  uniform(generator, -range, range, elementType);

const DISTRIBUTIONS: Readonly<Record<string, Distribution>> = {
  // a float constant in CNTK, in double precision as well
  uniform: { draw: symmetric, range: () => Math.fround(0.05) },
  uniform1: { draw: symmetric, range: () => 1 },
  xavier: { draw: symmetric, range: (fanIn) => Math.sqrt(3 / fanIn) },
  glorotUniform: { draw: symmetric, range: (fanIn, fanOut) => Math.sqrt(6 / (fanIn + fanOut)) },
  heUniform: { draw: symmetric, range: (fanIn) => Math.sqrt(6 / fanIn) },
  gaussian: { draw: normal, range: (fanIn) => 0.2 / Math.sqrt(fanIn) },
  normal: { draw: normal, range: () => 1 },
  glorotNormal: { draw: normal, range: (fanIn, fanOut) => Math.sqrt(2 / (fanIn + fanOut)) },
  heNormal: { draw: normal, range: (fanIn) => Math.sqrt(2 / fanIn) },
};

/** Names of the random initializations: what `init` may be besides zero, fixedValue, fromFile and fromLiteral. */
export const RANDOM_INITIALIZATIONS: readonly string[] = Object.keys(DISTRIBUTIONS);

/**
 * The initial value of a parameter, elements in memory order.
 * @param shape all dimensions known, unless the value comes from a text matrix
 * @throws CntkError "validating" if the initialization is unknown or impossible for the shape, "reading" for a text that
 *   is no matrix
 */
export function initialValue(
  shape: Shape,
  initialization: Exclude<Initialization, { kind: "loaded" }>,
  precision: ElementType,
): InitialValue {
  switch (initialization.kind) {
    case "constant": {
      const value = zeros(shape, precision).fill(initialization.value);
      return { shape, value, description: undefined };
    }
    case "text":
      return fromText(shape, initialization, precision);
    case "random":
      if (initialization.distribution === "bilinear") {
        return { shape, value: bilinear(shape, precision), description: undefined };
      }
      return fromDistribution(shape, initialization, precision);
  }
}

/** Bytes of this machine; asking for them takes as long as a small network does to be built. */
const MACHINE_BYTES = totalmem();

function zeros(shape: Shape, precision: ElementType): FloatArray {
  const length = elementCount(shape);
  // beyond the memory there is, the system ends the program without a word
  if (length * (precision === "float" ? 4 : 8) > MACHINE_BYTES) {
    const message = `the ${length} elements of [${printShape(shape)}] do not fit into memory`;
    throw new CntkError("validating", message);
  }
  return newFloatArray(precision, length);
}

function fromDistribution(shape: Shape, random: Random, precision: ElementType): InitialValue {
  const { draw, ...description } = describeRandom(shape, random, precision);
  const generator = new MersenneTwister(random.seed);
  const value = zeros(shape, precision);
  for (let i = 0; i < value.length; i++) value[i] = draw(generator, description.range, precision);
  return { shape, value, description };
}

/** How `initialValue` draws. @throws CntkError "validating" if nothing can be drawn like that */
export function describeRandom(
  shape: Shape,
  random: Random,
  precision: ElementType,
): RandomDescription & Pick<Distribution, "draw"> {
  const { distribution: name, scale } = random;
  const distribution = DISTRIBUTIONS[name];
  if (distribution === undefined) throw unknownInitialization(name);
  const { draw } = distribution;
  const round = precision === "float" ? Math.fround : Number;
  const { fanIn, fanOut } = fans(shape, random.filterRank, random.outputRank);
  const range = round(round(distribution.range(fanIn, fanOut)) * round(scale));
  if (range > 0) return { draw, distribution: name, fanIn, fanOut, range };
  const quantity = draw === normal ? "standard deviation" : "range";
  throw new CntkError(
    "validating",
    `init="${name}": expected a positive ${quantity}, found ${range} (initValueScale=${scale})`,
    { hint: 'init="zero" makes all values 0' },
  );
}

function unknownInitialization(name: string): CntkError {
  const known = [...RANDOM_INITIALIZATIONS, "bilinear"];
  const nearest = nearestName(name, known);
  return new CntkError("validating", `unknown init "${name}": expected ${known.join(", ")}`, {
    hint: nearest === undefined ? undefined : `did you mean "${nearest}"?`,
  });
}

/**
 * How many inputs reach one output and the reverse. The first `filterRank` axes are a filter's extent; the output axes
 * are the next `outputRank` ones, or the last ones if it is negative.
 * @throws CntkError "validating" if the ranks exceed that of the shape
 */
export function fans(
  shape: Shape,
  filterRank: number,
  outputRank: number,
): { fanIn: number; fanOut: number } {
  if (filterRank + Math.abs(outputRank) > shape.length) {
    throw new CntkError(
      "validating",
      `InitRandom: initFilterRank=${filterRank} and initOutputRank=${outputRank} exceeds sampleLayout rank ${shape.length}`,
    );
  }
  const filterSize = elementCount(shape.slice(0, filterRank));
  const inputAxes =
    outputRank >= 0
      ? shape.slice(filterRank + outputRank)
      : shape.slice(filterRank, shape.length + outputRank);
  const fanIn = filterSize * elementCount(inputAxes);
  return { fanIn, fanOut: Math.floor((elementCount(shape) * filterSize) / fanIn) };
}

/** Upsampling kernels of one map each: `[C x k*k*C]`, in memory order w, h, input channel, kernel. */
function bilinear(shape: Shape, precision: ElementType): FloatArray {
  const [channels = 0, columns = 0] = shape;
  const width = Math.sqrt(columns / channels);
  if (shape.length !== 2 || !Number.isInteger(width)) {
    throw new CntkError(
      "validating",
      `init="bilinear": expected a parameter of shape [C x k*k*C], found [${printShape(shape)}]`,
    );
  }
  const factor = Math.floor((width + 1) / 2);
  const center = (width - 1) / 2;
  const weight = (position: number) => 1 - Math.abs(position - center) / factor;
  const value = zeros(shape, precision);
  for (let channel = 0; channel < channels; channel++) {
    const start = channel * (channels + 1) * width * width;
    for (let h = 0; h < width; h++) {
      for (let w = 0; w < width; w++) value[start + h * width + w] = weight(w) * weight(h);
    }
  }
  return value;
}

interface Text {
  readonly text: string;
  /** the file, for messages */
  readonly origin: string;
}

/** The rows of a text matrix are the first axis; the matrix is reinterpreted as the declared shape. */
function fromText(declared: Shape, source: Text, precision: ElementType): InitialValue {
  const matrix = parseMatrix(source);
  const rows = matrix.length;
  const columns = matrix[0]?.length ?? 0;
  const shape = isKnown(declared) ? declared : inferFromMatrix(declared, rows, columns);
  if (shape[0] !== rows || elementCount(shape.slice(1)) !== columns) {
    throw new CntkError(
      "validating",
      `${source.origin}: expected a ${shape[0] ?? 0} x ${elementCount(shape.slice(1))} matrix for [${printShape(shape)}], found ${rows} x ${columns}`,
      { hint: "a line of the text is a row, and rows are the first axis" },
    );
  }
  const value = zeros(shape, precision);
  matrix.forEach((line, row) =>
    line.forEach((element, column) => (value[row + column * rows] = element)),
  );
  return { shape, value, description: undefined };
}

function parseMatrix({ text, origin }: Text): number[][] {
  const matrix: number[][] = [];
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const words = line.split(/\s+/).filter((word) => word !== "");
    if (words.length === 0) continue;
    const expected = matrix[0]?.length ?? words.length;
    if (words.length !== expected) {
      throw new CntkError(
        "reading",
        `${origin}: line ${index + 1}: expected ${expected} numbers as in the first row, found ${words.length}`,
      );
    }
    matrix.push(words.map((word) => parseNumber(word, `${origin}: line ${index + 1}`)));
  }
  if (matrix.length === 0)
    throw new CntkError("reading", `${origin}: expected a matrix, found nothing`);
  return matrix;
}

function parseNumber(word: string, place: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word)) {
    throw new CntkError("reading", `${place}: expected a number, found "${word}"`);
  }
  return Number(word);
}

/** Unknown dimensions of a parameter that is read from a matrix (nodes.md 13.3). */
function inferFromMatrix(declared: Shape, rows: number, columns: number): Shape {
  const shape = declared.length === 0 ? [0] : [...declared];
  if (shape.length === 1 && columns !== 1) shape.push(0);
  if (shape[0] === 0) shape[0] = rows;
  const unknown = shape.flatMap((size, axis) => (axis > 0 && size === 0 ? [axis] : []));
  const fail = (reason: string) =>
    new CntkError(
      "validating",
      `shape [${printShape(declared)}] cannot be inferred from a ${rows} x ${columns} matrix: ${reason}`,
    );
  if (unknown.length > 1) throw fail("too many unknown dimensions");
  const [axis] = unknown;
  if (axis === undefined) return shape;
  const others = elementCount(shape.filter((_, other) => other > 0 && other !== axis));
  if (columns % others !== 0) throw fail(`${columns} columns are no multiple of ${others}`);
  shape[axis] = columns / others;
  return shape;
}
