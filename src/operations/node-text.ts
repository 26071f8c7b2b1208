/** Values of a node as text: what the action `write` puts into files and a Trace node into the log (actions.md 5.1). */

import { fixed, printf } from "../script/printf.js";
import type { FloatArray } from "../readers/float-array.js";
import type { Shape } from "./shape.js";

export const WRITE_TYPES = ["real", "category", "sparse"] as const;

export interface WriteFormat {
  readonly type: (typeof WRITE_TYPES)[number];
  /** one label per category; empty without a mapping file */
  readonly labels: readonly string[];
  /** true: one row per sample; false: one column per sample */
  readonly transpose: boolean;
  readonly prologue: string;
  readonly epilogue: string;
  readonly sequenceSeparator: string;
  readonly sequencePrologue: string;
  readonly sequenceEpilogue: string;
  readonly elementSeparator: string;
  readonly sampleSeparator: string;
  readonly precisionFormat: string;
}

/** What holds without a `format` record. */
export const DEFAULT_WRITE_FORMAT: WriteFormat = {
  type: "real",
  labels: [],
  transpose: true,
  prologue: "",
  epilogue: "",
  sequenceSeparator: "",
  sequencePrologue: "",
  sequenceEpilogue: "\\n",
  elementSeparator: " ",
  sampleSeparator: "\\n",
  precisionFormat: "",
};

export interface WrittenNode {
  readonly name: string;
  /** sample shape */
  readonly shape: Shape;
}

/** Formats the values of one node, minibatch after minibatch. */
export class NodeText {
  readonly #node: WrittenNode;
  readonly #format: WriteFormat;
  readonly #warn: (line: string) => void;
  readonly #number: (value: number) => string;
  #warnings = 0;

  constructor(node: WrittenNode, format: WriteFormat, warn: (line: string) => void) {
    this.#node = node;
    this.#format = format;
    this.#warn = warn;
    this.#number = numberFormat(format.precisionFormat);
  }

  /**
   * @param values sample after sample
   * @param sizes samples of each sequence
   * @param minibatch counted from 0
   * @param keys of the sequences, where they are wanted
   */
  minibatch(
    values: FloatArray,
    sizes: readonly number[],
    minibatch: number,
    keys: readonly string[] = [],
  ): string {
    const elements = values.length / sizes.reduce((sum, size) => sum + size, 0);
    const parts: string[] = [];
    let at = 0;
    for (const [sequence, size] of sizes.entries()) {
      const place: Place = { minibatch, sequence, size };
      const key = keys[sequence];
      if (sequence > 0) parts.push(this.#separator("sequenceSeparator", place));
      if (key !== undefined) parts.push(`${key} `);
      parts.push(this.#separator("sequencePrologue", place));
      parts.push(this.#sequence(values.subarray(at, at + size * elements), place));
      parts.push(this.#separator("sequenceEpilogue", place));
      at += size * elements;
    }
    return parts.join("");
  }

  #sequence(values: FloatArray, place: Place): string {
    switch (this.#format.type) {
      case "real":
        return this.#table(this.#rows(values, place.size), place);
      case "category":
        return this.#table(this.#categories(values, place.size), place);
      case "sparse":
        return this.#sparse(values, place);
    }
  }

  /** One row of texts per sample. */
  #rows(values: FloatArray, size: number): string[][] {
    const elements = values.length / size;
    const rows: string[][] = [];
    for (let sample = 0; sample < size; sample++) {
      const row: string[] = [];
      for (let i = sample * elements; i < (sample + 1) * elements; i++) {
        row.push(this.#number(values[i] ?? 0));
      }
      rows.push(row);
    }
    return rows;
  }

  #categories(values: FloatArray, size: number): string[][] {
    const elements = values.length / size;
    const labels = this.#usableLabels();
    return Array.from({ length: size }, (_, sample) => {
      const category = lastMaximum(values.subarray(sample * elements, (sample + 1) * elements));
      return [labels[category] ?? String(category)];
    });
  }

  /** The labels, if there are as many as categories. */
  #usableLabels(): readonly string[] {
    const { labels } = this.#format;
    const rows = this.#node.shape[0] ?? 1;
    const elements = this.#node.shape.reduce((product, size) => product * size, 1);
    if (labels.length === 0 || labels.length === rows || labels.length === elements) return labels;
    if (this.#warnings++ < 5) {
      this.#warn(
        `write: Row dimension ${rows} does not match number of entries ${labels.length} in labelMappingFile, not using mapping`,
      );
    }
    return [];
  }

  /** @param rows one per sample */
  #table(rows: readonly (readonly string[])[], place: Place): string {
    const elementSeparator = this.#separator("elementSeparator", place);
    const sampleSeparator = this.#separator("sampleSeparator", place);
    if (this.#format.transpose) {
      return rows.map((row) => row.join(elementSeparator)).join(sampleSeparator);
    }
    const width = rows[0]?.length ?? 0;
    const hasIndices = this.#node.shape.length > 1 && width > 1;
    return Array.from({ length: width }, (_, element) => {
      const index = hasIndices ? `[${indicesOf(element, this.#node.shape).join(",")}]\t` : "";
      return index + rows.map((row) => row[element] ?? "").join(elementSeparator);
    }).join(sampleSeparator);
  }

  /** Values that are not 0 with their indices, all in one row. */
  #sparse(values: FloatArray, place: Place): string {
    const elements = values.length / place.size;
    const entries: string[] = [];
    for (const [at, value] of values.entries()) {
      if (value === 0) continue;
      const indices = indicesOf(at % elements, this.#node.shape).map((index, axis) =>
        this.#labelled(index, this.#node.shape[axis] ?? 1),
      );
      const time = place.size > 1 ? `;${Math.floor(at / elements)}` : "";
      entries.push(`${value === 1 ? "" : this.#number(value)}[${indices.join(",")}${time}]`);
    }
    const key = this.#format.transpose ? "sampleSeparator" : "elementSeparator";
    return entries.join(this.#separator(key, place));
  }

  #labelled(index: number, dimension: number): string {
    const { labels } = this.#format;
    return labels.length === dimension ? `${index}=${labels[index] ?? ""}` : String(index);
  }

  #separator(key: SeparatorKey, place: Place): string {
    const text = this.#format[key].replace(/\\[nrts]/g, (escape) => ESCAPES[escape] ?? escape);
    const common = text
      .replaceAll("%s", () => this.#node.name)
      .replaceAll("%n", String(place.minibatch));
    if (key !== "sequencePrologue" && key !== "sampleSeparator") return common;
    return common
      .replaceAll("%x", [...this.#node.shape, place.size].join(" "))
      .replaceAll("%d", String(place.sequence));
  }
}

type SeparatorKey =
  | "sequenceSeparator"
  | "sequencePrologue"
  | "sequenceEpilogue"
  | "elementSeparator"
  | "sampleSeparator";

/** Where a separator stands. */
interface Place {
  readonly minibatch: number;
  readonly sequence: number;
  /** samples of the sequence */
  readonly size: number;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\n": "\n",
  "\\r": "\r",
  "\\t": "\t",
  "\\s": " ",
};

function numberFormat(precisionFormat: string): (value: number) => string {
  // the sign of a negative zero is not shown
  const plain = /^(?:\.(\d+))?$/.exec(precisionFormat);
  if (plain === null) return (value) => printf(`%${precisionFormat}f`, value === 0 ? 0 : value);
  const digits = Number(plain[1] ?? 6);
  return (value) =>
    Number.isFinite(value) ? fixed(value === 0 ? 0 : value, digits) : printf("%f", value);
}

/** On ties the last one, as CNTK has it. */
function lastMaximum(values: FloatArray): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if ((values[i] ?? 0) >= (values[best] ?? 0)) best = i;
  }
  return best;
}

/** Indices of an element along the axes, first axis fastest. */
function indicesOf(element: number, shape: Shape): number[] {
  let rest = element;
  return shape.map((size) => {
    const index = rest % size;
    rest = Math.floor(rest / size);
    return index;
  });
}
