/** Reader sections and the table of readers (readers.md 0 and 1.5). */

import { describe, expect, it } from "@jest/globals";
import { SourceText } from "../../grammar/source.js";
import { rootSection, type Section } from "../../src/config/section.js";
import { configureReader, createReader } from "../../src/readers/index.js";
import { textFormatSettings } from "../../src/readers/settings.js";
import { epoch, errorOf, fileOf, shown } from "./small-texts.js";

/** A reader section within a config that has `outer` around it. */
function sectionOf(reader: string, outer = ""): Section {
  const text = `${outer}\nreader = [\n${reader}\n]`;
  const root = rootSection(SourceText.of({ name: "test.cntk", text }), "test.cntk");
  return root.section("reader");
}

const INPUT = "input = [ A = [ dim = 2 ; format = dense ] ]";
const MINIMAL = `file = "a.txt"\n${INPUT}`;

describe("textFormatSettings", () => {
  it("has CNTK's defaults", () => {
    expect(textFormatSettings(sectionOf(MINIMAL))).toMatchObject({
      file: "a.txt",
      streams: [{ name: "A", alias: "A", dimension: 2, format: "dense" }],
      randomization: { window: 128, unit: "chunks" },
      chunkSizeInBytes: 33554432,
      keepDataInMemory: false,
      frameMode: false,
      skipSequenceIds: false,
      maxErrors: 0,
      traceLevel: 1,
    });
  });

  it("reads every key", () => {
    const section = sectionOf(
      `file = "a.txt" ; chunkSizeInBytes = 1000 ; keepDataInMemory = true ; frameMode = true
       skipSequenceIds = true ; maxErrors = 3 ; randomizationWindow = 7 ; traceLevel = 2
       sampleBasedRandomizationWindow = true
       input = [
         features = [ dim = 784 ; format = "Dense" ]
         Labels = [ dim = 10 ; format = "sparse" ; alias = "L" ]
         body = [ dim = 1 ; format = "dense" ]
       ]`,
    );
    const { fileRange, ...settings } = textFormatSettings(section);
    expect(fileRange?.file.name).toBe("test.cntk");
    expect(settings).toEqual({
      file: "a.txt",
      streams: [
        { name: "body", alias: "body", dimension: 1, format: "dense" },
        { name: "features", alias: "features", dimension: 784, format: "dense" },
        { name: "Labels", alias: "L", dimension: 10, format: "sparse" },
      ],
      precision: "float",
      randomization: { window: 7, unit: "samples" },
      chunkSizeInBytes: 1000,
      keepDataInMemory: true,
      frameMode: true,
      skipSequenceIds: true,
      maxErrors: 3,
      traceLevel: 2,
    });
  });

  it.each([
    ["randomize = false", undefined],
    ["randomize = None", undefined],
    ["randomize = none ; randomizationWindow = 5", undefined],
    ["randomize = true ; randomizationWindow = 0", undefined],
    ["randomizationWindow = 5", { window: 5, unit: "chunks" }],
    ["sampleBasedRandomizationWindow = true", { window: Infinity, unit: "samples" }],
    ["chunkSizeInBytes = 1073741824", { window: 4, unit: "chunks" }],
  ])("%s", (keys, randomization) => {
    expect(textFormatSettings(sectionOf(`${MINIMAL}\n${keys}`)).randomization).toEqual(
      randomization,
    );
  });

  it("inherits from enclosing sections, but not the keys of a stream", () => {
    const outer = "maxErrors = 9 ; traceLevel = 0 ; precision = Double";
    const settings = textFormatSettings(sectionOf(MINIMAL, outer));
    expect(settings).toMatchObject({ maxErrors: 9, traceLevel: 0, precision: "double" });
    const section = sectionOf(`file = "a" ; input = [ A = [ format = dense ] ]`, "dim = 3");
    expect(() => textFormatSettings(section)).toThrow("input 'A' has no dim of its own");
  });

  it.each([
    ['file = "a"', /^reader:input: expected a section with at least one input/],
    [INPUT, /file/],
    [`${MINIMAL}\nrandomize = auto`, /randomize/],
    [`${MINIMAL}\nprecision = half`, /^reader:precision: expected float or double, found 'half'/],
    [`${MINIMAL}\nmaxErrors = -1`, /^reader:maxErrors: expected at least 0, found -1/],
    [`${MINIMAL}\nchunkSizeInBytes = 0`, /^reader:chunkSizeInBytes: expected at least 1, found 0/],
    [
      'file = "a" ; input = [ A = [ dim = 2 ] ]',
      /^reader:input:A:format: input 'A' has no format of its own/,
    ],
    [
      'file = "a" ; input = [ A = [ dim = 2 ; format = thick ] ]',
      /^reader:input:A:format: expected dense or sparse, found 'thick'/,
    ],
    [
      'file = "a" ; input = [ A = [ dim = 0 ; format = dense ] ]',
      /^reader:input:A:dim: expected at least 1/,
    ],
    [
      'file = "a" ; input = [ A = [ dim = 1 ; format = dense ; alias = "B" ] ; B = [ dim = 1 ; format = dense ] ]',
      /^reader:input:A:alias: inputs 'A' and 'B' have the same alias 'B'/,
    ],
  ])("%j is a mistake", (reader, message) => {
    const error = errorOf(() => textFormatSettings(sectionOf(reader)));
    expect(error.phase).toBe("configuring");
    expect(error.message).toMatch(message);
  });
});

describe("createReader", () => {
  const log = () => undefined;
  const lines = Array.from({ length: 10 }, (_, i) => `|A ${i} 0\n`).join("");
  const withFile = (keys = "") => sectionOf(`file = "${fileOf(lines)}"\n${INPUT}\n${keys}`);

  it.each([
    [{ log }, "6|3|1|5|9|0|4|2|7|8"],
    [{ log, randomize: true }, "6|3|1|5|9|0|4|2|7|8"],
    [{ log, randomize: false }, "0|1|2|3|4|5|6|7|8|9"],
  ])("makes a CNTKTextFormatReader by default: %j", async (options, order) => {
    const [batch] = epoch(await createReader(withFile("chunkSizeInBytes = 14"), options));
    expect(batch && shown(batch)).toEqual({ A: order.replaceAll(/\d/g, "$& 0") });
  });

  it("lets an action set the traceLevel", async () => {
    const file = fileOf("|A 1\n");
    const told = async (traceLevel: number) => {
      const messages: string[] = [];
      const options = { log: (line: string) => messages.push(line), traceLevel };
      epoch(await createReader(sectionOf(`file = "${file}"\n${INPUT}`), options));
      return messages.length;
    };
    expect([await told(0), await told(1), await told(2)]).toEqual([0, 1, 2]);
  });

  it.each([
    ['readerType = "ImageReader"', "readerType ImageReader is not supported", /^supported: /],
    ['readerType = "CNTKTextFormatReeder"', "unknown readerType", /^did you mean CNTKTextFormat/],
    ['readerType = "Nonsense"', "unknown readerType 'Nonsense'", /^supported: /],
    ["readers = (a:b)", "several sources in one reader are not supported", /readerType/],
  ])("%s is a mistake", (keys, message, hint) => {
    const error = errorOf(() => configureReader(withFile(keys)));
    expect(error.phase).toBe("configuring");
    expect(error.message).toContain(message);
    expect(error.hint).toMatch(hint);
  });
});
