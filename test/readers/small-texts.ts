/** Small text files for the tests of the text format, and what the reader makes of them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect } from "@jest/globals";
import { CntkError } from "../../grammar/errors.js";
import type { Minibatch, Reader, StreamData } from "../../src/readers/reader.js";
import { TEXT_FORMAT_DEFAULTS, type TextFormatSettings } from "../../src/readers/settings.js";
import { CNTKTextFormatReader } from "../../src/readers/text-format.js";

export const folder = mkdtempSync(path.join(tmpdir(), "tscntk-text-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;

export function fileOf(text: string | Uint8Array): string {
  const file = path.join(folder, `${files++}.txt`);
  writeFileSync(file, text);
  return file;
}

/** `A:2` is a dense stream of dimension 2, `B:5s` a sparse one; `A=alias:2` has another name in the file. */
export function streamsOf(description: string): TextFormatSettings["streams"] {
  return description.split(" ").map((stream) => {
    const [, name = "", alias = name, dimension, sparse] =
      /^(\w+)(?:=([^:]+))?:(\d+)(s?)$/.exec(stream) ?? [];
    return { name, alias, dimension: Number(dimension), format: sparse ? "sparse" : "dense" };
  });
}

export type Options = Partial<TextFormatSettings> & {
  log?: (line: string) => void;
  memoryBudget?: number;
};

export function open(text: string | Uint8Array, streams: string, options: Options = {}): Reader {
  const { log = () => undefined, memoryBudget, ...settings } = options;
  const all = {
    ...TEXT_FORMAT_DEFAULTS,
    file: fileOf(text),
    streams: streamsOf(streams),
    ...settings,
  };
  return CNTKTextFormatReader(all, log, memoryBudget);
}

export function epoch(reader: Reader, minibatchSize = 1000): Minibatch[] {
  reader.startEpoch({ minibatchSize, epoch: 0, epochSize: 0 });
  const found: Minibatch[] = [];
  for (let batch = reader.nextMinibatch(); batch; batch = reader.nextMinibatch()) found.push(batch);
  return found;
}

/** Samples between `|`, sparse entries as `index:value`. */
function shownStream(stream: StreamData, starts?: Int32Array): string {
  const samples: string[] = [];
  if (stream.kind === "dense") {
    for (let i = 0; i < stream.values.length; i += stream.dimension)
      samples.push(stream.values.slice(i, i + stream.dimension).join(" "));
  } else {
    for (let sample = 0; sample + 1 < stream.starts.length; sample++) {
      const entries: string[] = [];
      for (let i = stream.starts[sample] ?? 0; i < (stream.starts[sample + 1] ?? 0); i++)
        entries.push(`${stream.indices[i] ?? ""}:${stream.values[i] ?? ""}`);
      samples.push(entries.join(" "));
    }
  }
  if (starts === undefined) return samples.join("|");
  const sequences = [...starts.subarray(1)].map((end, i) =>
    samples.slice(starts[i], end).join("|"),
  );
  return sequences.map((sequence) => `(${sequence})`).join("");
}

export const shown = ({ streams, sequenceStarts }: Minibatch) =>
  Object.fromEntries(
    [...streams].map(([name, stream]) => [name, shownStream(stream, sequenceStarts?.get(name))]),
  );

/** The one minibatch of a small text. */
export function read(text: string | Uint8Array, streams: string, options: Options = {}): object {
  const [batch, more] = epoch(open(text, streams, options));
  expect(more).toBeUndefined();
  return batch === undefined ? {} : shown(batch);
}

export function errorOf(action: () => unknown): CntkError {
  try {
    action();
  } catch (error) {
    if (error instanceof CntkError) return error;
    throw error;
  }
  throw new Error("expected a CntkError");
}
