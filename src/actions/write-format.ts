/** The `format` record of the action `write` (actions.md 5.1). */

import { CntkError } from "../../grammar/errors.js";
import type { SourceFile } from "../../grammar/source.js";
import type { Section } from "../config/section.js";
import { DEFAULT_WRITE_FORMAT, WRITE_TYPES, type WriteFormat } from "../operations/node-text.js";

/** Reads the `format` record of a write section; without one the defaults hold. */
export function writeFormat(section: Section, readText: (path: string) => SourceFile): WriteFormat {
  const byDefault = DEFAULT_WRITE_FORMAT;
  const format = section.optionalSection("format");
  const text = (key: TextKey) => format?.string(key, byDefault[key]) ?? byDefault[key];
  const hasType = format?.hasOwn("type") === true;
  return {
    type: hasType ? typeOf(format) : byDefault.type,
    labels: hasType ? labelsOf(format.string("labelMappingFile", ""), readText) : [],
    transpose: format?.bool("transpose", byDefault.transpose) ?? byDefault.transpose,
    prologue: text("prologue"),
    epilogue: text("epilogue"),
    sequenceSeparator: text("sequenceSeparator"),
    sequencePrologue: text("sequencePrologue"),
    sequenceEpilogue: text("sequenceEpilogue"),
    elementSeparator: text("elementSeparator"),
    sampleSeparator: text("sampleSeparator"),
    precisionFormat: precisionFormat(format),
  };
}

/** Keys whose text is taken as it is. */
type TextKey = Exclude<keyof WriteFormat, "type" | "labels" | "transpose" | "precisionFormat">;

function typeOf(format: Section): WriteFormat["type"] {
  const text = format.string("type", "real");
  const type = WRITE_TYPES.find((known) => known === text.toLowerCase());
  if (type !== undefined) return type;
  throw format.error("type", `expected ${WRITE_TYPES.join(", ")}, found "${text}"`);
}

function precisionFormat(format: Section | undefined): string {
  const text = format?.string("precisionFormat", "") ?? "";
  if (/^[-0]*\d*(\.\d+)?$/.test(text) || format === undefined) return text;
  throw format.error(
    "precisionFormat",
    `expected what may stand between % and f, such as .2, found "${text}"`,
  );
}

function labelsOf(path: string, readText: (path: string) => SourceFile): string[] {
  if (path === "") return [];
  const file = readText(path);
  const lines = file.text.split(/\r\n|\r|\n/).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  const empty = lines.indexOf("");
  if (empty < 0) return lines;
  throw new CntkError("reading", `${path}:${empty + 1}: empty line in a label mapping file`, {
    hint: "the file holds one label per line, in the order of the categories",
  });
}
