/** The body of Trace, with the text format of what it prints (model-format.md 4.12). */

import type { BinaryReader } from "./binary-reader.js";
import type { BinaryWriter } from "./binary-writer.js";
import type { Body, BodyFormat } from "./body.js";
import { asBoolean, asNumber, asString, defaultSettings } from "./settings-body.js";

/** Texts of the format in the order of the file, with their defaults (actions.md 5.1). */
const TEXTS: readonly (readonly [key: string, byDefault: string])[] = [
  ["prologue", ""],
  ["epilogue", ""],
  ["sequenceSeparator", ""],
  ["sequencePrologue", ""],
  ["sequenceEpilogue", "\n"],
  ["elementSeparator", " "],
  ["sampleSeparator", "\n"],
  ["precisionFormat", ""],
];

export const trace: BodyFormat = {
  read({ reader, nodeName, operation }): Body {
    const what = `node '${nodeName}'`;
    const own = {
      say: reader.wideString(`${what}: say`),
      logFirst: reader.u64(`${what}: logFirst`),
      logFrequency: reader.u64(`${what}: logFrequency`),
      logGradientToo: reader.bool(`${what}: logGradientToo`),
      format: readFormat(reader, `${what}: format`),
      onlyUpToRow: reader.u64(`${what}: onlyUpToRow`),
      onlyUpToT: reader.u64(`${what}: onlyUpToT`),
    };
    return { settings: { ...defaultSettings(operation.settings), ...own } };
  },

  write({ writer, node: { settings } }) {
    writer.wideString(asString(settings.say, "say"));
    writer.u64(asNumber(settings.logFirst, "logFirst"));
    writer.u64(asNumber(settings.logFrequency, "logFrequency"));
    writer.bool(asBoolean(settings.logGradientToo, "logGradientToo"));
    writeFormat(writer, settings.format);
    writer.u64(asNumber(settings.onlyUpToRow, "onlyUpToRow"));
    writer.u64(asNumber(settings.onlyUpToT, "onlyUpToT"));
  },
};

function readFormat(reader: BinaryReader, what: string): Readonly<Record<string, unknown>> {
  const isCategoryLabel = reader.bool(`${what}: isCategoryLabel`);
  const labelMappingFile = reader.wideString(`${what}: labelMappingFile`);
  const isSparse = reader.bool(`${what}: isSparse`);
  const transpose = reader.bool(`${what}: transpose`);
  const texts = TEXTS.map(([key]) => [key, reader.narrowString(`${what}: ${key}`)] as const);
  const type = isCategoryLabel ? "category" : isSparse ? "sparse" : "real";
  return { type, labelMappingFile, transpose, ...Object.fromEntries(texts) };
}

function writeFormat(writer: BinaryWriter, given: unknown): void {
  const format: Readonly<Record<string, unknown>> =
    typeof given === "object" && given !== null ? { ...given } : {};
  writer.bool(format.type === "category");
  writer.wideString(asString(format.labelMappingFile ?? "", "labelMappingFile"));
  writer.bool(format.type === "sparse");
  writer.bool(asBoolean(format.transpose ?? true, "transpose"));
  for (const [key, byDefault] of TEXTS) {
    writer.narrowString(asString(format[key] ?? byDefault, key));
  }
}
