/** The table of readers by readerType (readers.md 0). Each is loaded when it opens its data. */

import { nearestName } from "../../grammar/errors.js";
import type { Section } from "../config/section.js";
import type { Reader } from "./reader.js";
import { textFormatSettings } from "./settings.js";

export interface ReaderOptions {
  readonly log: (line: string) => void;
  /** overrides the section: actions test and write do not shuffle */
  readonly randomize?: boolean;
  /** overrides the section */
  readonly traceLevel?: number;
}

/** A reader section that has been read and found right; no data have been looked at. */
export interface ConfiguredReader {
  readonly streams: Reader["streams"];
  /** @throws CntkError "reading" for data that cannot be opened */
  open(options: ReaderOptions): Promise<Reader>;
}

const READERS: Readonly<Record<string, (section: Section) => ConfiguredReader>> = {
  CNTKTextFormatReader: (section) => {
    const settings = textFormatSettings(section);
    return {
      streams: new Map(
        settings.streams.map(({ name, dimension, format }) => [
          name,
          { dimension, isSparse: format === "sparse" },
        ]),
      ),
      open: async ({ log, randomize, traceLevel }) => {
        const { CNTKTextFormatReader } = await import("./text-format.js");
        return CNTKTextFormatReader(
          {
            ...settings,
            randomization: randomize === false ? undefined : settings.randomization,
            traceLevel: traceLevel ?? settings.traceLevel,
          },
          log,
        );
      },
    };
  },
};

const DEFAULT_READER = "CNTKTextFormatReader";

/** Names CNTK knows, to tell a misspelling from what is missing here. */
const OTHER_READERS = [
  "ImageReader",
  "CNTKBinaryReader",
  "HTKDeserializers",
  "HTKMLFReader",
  "UCIFastReader",
  "LMSequenceReader",
  "CompositeDataReader",
];

/**
 * The reader that a reader section describes.
 * @throws CntkError "configuring" for wrong settings, "reading" for data that cannot be opened
 */
export async function createReader(section: Section, options: ReaderOptions): Promise<Reader> {
  return configureReader(section).open(options);
}

/**
 * Reads a reader section without opening its data.
 * @throws CntkError "configuring" for wrong settings
 */
export function configureReader(section: Section): ConfiguredReader {
  for (const key of ["deserializers", "readers"]) {
    if (!section.hasOwn(key)) continue;
    const hint = `make it one reader with readerType = "${DEFAULT_READER}"`;
    throw section.error(key, "several sources in one reader are not supported", hint);
  }
  const readerType = section.string("readerType", DEFAULT_READER);
  const configure = Object.hasOwn(READERS, readerType) ? READERS[readerType] : undefined;
  if (configure !== undefined) return configure(section);
  const supported = `supported: ${Object.keys(READERS).join(", ")}`;
  if (OTHER_READERS.includes(readerType))
    throw section.error("readerType", `readerType ${readerType} is not supported`, supported);
  const near = nearestName(readerType, [...Object.keys(READERS), ...OTHER_READERS]);
  const hint = near === undefined ? supported : `did you mean ${near}?`;
  throw section.error("readerType", `unknown readerType '${readerType}'`, hint);
}
