/** The reader section as typed settings (readers.md 1.5). */

import type { SourceRange } from "../../grammar/source.js";
import type { Section } from "../config/section.js";
import type { ElementType } from "../random/distributions.js";
import type { Randomization } from "./randomizer.js";

export interface TextStreamSettings {
  /** name of the network's input */
  readonly name: string;
  /** name in the file */
  readonly alias: string;
  /** values of a dense sample, rows of a sparse one */
  readonly dimension: number;
  readonly format: "dense" | "sparse";
}

/** Settings of CNTKTextFormatReader. */
export interface TextFormatSettings {
  readonly file: string;
  /** where the config names the file */
  readonly fileRange?: SourceRange | undefined;
  /** in case-insensitive alphabetical order of their names */
  readonly streams: readonly TextStreamSettings[];
  /** of the values; left out, float */
  readonly precision?: ElementType | undefined;
  /** left out: the order of the file */
  readonly randomization?: Randomization | undefined;
  readonly chunkSizeInBytes: number;
  readonly keepDataInMemory: boolean;
  /** every sequence must be one sample */
  readonly frameMode: boolean;
  readonly skipSequenceIds: boolean;
  readonly maxErrors: number;
  readonly traceLevel: number;
}

/** What CNTKTextFormatReader does where the section says nothing. */
export const TEXT_FORMAT_DEFAULTS = {
  chunkSizeInBytes: 33554432,
  keepDataInMemory: false,
  frameMode: false,
  skipSequenceIds: false,
  maxErrors: 0,
  traceLevel: 1,
} as const satisfies Partial<TextFormatSettings>;

/** The default window is as many chunks as are 4 GiB together. */
const DEFAULT_WINDOW_BYTES = 2 ** 32;
const LARGEST_INT32 = 2147483647;

/** @throws CntkError "configuring" at a value that is missing or wrong */
export function textFormatSettings(section: Section): TextFormatSettings {
  const defaults = TEXT_FORMAT_DEFAULTS;
  const chunkSizeInBytes = atLeast(section, "chunkSizeInBytes", 1, defaults.chunkSizeInBytes);
  return {
    file: section.string("file"),
    fileRange: section.rangeOf("file"),
    streams: streamSettings(section),
    precision: precisionOf(section),
    randomization: randomizationOf(section, chunkSizeInBytes),
    chunkSizeInBytes,
    keepDataInMemory: section.bool("keepDataInMemory", defaults.keepDataInMemory),
    frameMode: section.bool("frameMode", defaults.frameMode),
    skipSequenceIds: section.bool("skipSequenceIds", defaults.skipSequenceIds),
    maxErrors: atLeast(section, "maxErrors", 0, defaults.maxErrors),
    traceLevel: section.integer("traceLevel", defaults.traceLevel),
  };
}

/** That of the whole run, which stands at the top level. */
function precisionOf(section: Section): ElementType {
  const precision = section.string("precision", "float");
  const lower = precision.toLowerCase();
  if (lower === "float" || lower === "double") return lower;
  throw section.error("precision", `expected float or double, found '${precision}'`);
}

function atLeast(section: Section, key: string, least: number, defaultValue: number): number {
  const value = section.integer(key, defaultValue);
  if (value >= least) return value;
  throw section.error(key, `expected at least ${least}, found ${value}`);
}

function randomizationOf(section: Section, chunkSizeInBytes: number): Randomization | undefined {
  if (!isRandomized(section)) return undefined;
  const isInSamples = section.bool("sampleBasedRandomizationWindow", false);
  const defaultWindow = isInSamples
    ? Infinity
    : Math.floor(DEFAULT_WINDOW_BYTES / chunkSizeInBytes);
  const window = section.has("randomizationWindow")
    ? atLeast(section, "randomizationWindow", 0, 0)
    : defaultWindow;
  if (window === 0) return undefined;
  return { window, unit: isInSamples ? "samples" : "chunks" };
}

function isRandomized(section: Section): boolean {
  if (section.string("randomize", "true").toLowerCase() === "none") return false;
  return section.bool("randomize", true);
}

function streamSettings(section: Section): TextStreamSettings[] {
  const input = section.hasOwn("input") ? section.section("input") : undefined;
  const sections = input === undefined ? [] : [...input.ownSections()];
  if (sections.length === 0) {
    const hint = 'for example input = { features = { dim = 784 ; format = "dense" } }';
    throw section.error("input", `expected a section with at least one input`, hint);
  }
  const streams = sections.map(([name, stream]) => streamSetting(name, stream));
  const byName = (one: TextStreamSettings, other: TextStreamSettings) =>
    one.name.toLowerCase() < other.name.toLowerCase() ? -1 : 1;
  streams.sort(byName);
  for (const [name, stream] of sections) {
    const alias = streams.find((other) => other.name === name)?.alias;
    const namesake = streams.find((other) => other.alias === alias && other.name !== name);
    if (namesake === undefined) continue;
    const key = stream.hasOwn("alias") ? "alias" : "dim";
    const message = `inputs '${name}' and '${namesake.name}' have the same alias '${namesake.alias}'`;
    throw stream.error(key, message);
  }
  return streams;
}

/** A stream's own keys are not inherited from enclosing sections. */
function streamSetting(name: string, section: Section): TextStreamSettings {
  for (const key of ["dim", "format"]) {
    if (section.hasOwn(key)) continue;
    throw section.error(key, `input '${name}' has no ${key} of its own`);
  }
  const format = section.string("format").toLowerCase();
  if (format !== "dense" && format !== "sparse") {
    throw section.error("format", `expected dense or sparse, found '${format}'`);
  }
  const dimension = atLeast(section, "dim", 1, 1);
  if (format === "sparse" && dimension > LARGEST_INT32)
    throw section.error("dim", `expected at most ${LARGEST_INT32}, found ${dimension}`);
  const alias = section.hasOwn("alias") ? section.string("alias", "") : name;
  if (alias === "") throw section.error("alias", "expected a name, found nothing");
  return { name, alias, dimension, format };
}
