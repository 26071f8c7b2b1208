/** Action `createLabelMap`: the labels of a data file, one a line, for a reader that numbers them (actions.md 13). */

import { existsSync } from "node:fs";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { writeFileAtomically } from "../train/checkpoint.js";

/** The reader whose labels have names in its data; readers of newer kinds take numbers. */
const READER = "UCIFastReader";

/** The keys of the section and of the labels of its reader. @throws CntkError "configuring" */
export function labelMapSettings(section: Section) {
  const reader = section.section(section.string("section")).section("reader");
  const labels = [...reader.ownSections().values()].find((stream) =>
    ["labelMappingFile", "labelType", "labelDim"].some((key) => stream.hasOwn(key)),
  );
  if (labels === undefined) {
    throw section.error("section", `CreateLabelMap: the reader '${reader.path}' has no labels`);
  }
  const labelMappingFile = labels.string("labelMappingFile", "");
  if (labelMappingFile === "")
    throw labels.error("labelMappingFile", "CreateLabelMap: the labels have no labelMappingFile");
  return { labelMappingFile, reader, labels };
}

export function createLabelMapAction(section: Section, run: Run): Promise<void> {
  const { labelMappingFile: file, reader, labels } = labelMapSettings(section);
  if (existsSync(file)) {
    run.log(`CreateLabelMap: the label mapping file '${file}' already exists, no work to do.`);
    return Promise.resolve();
  }
  run.log(`CreateLabelMap: Creating the mapping file '${file}' `);
  const found = labelsInColumn(reader, labels, run);
  writeFileAtomically(file, Buffer.from(found.map((label) => `${label}\n`).join("")));
  return Promise.resolve();
}

/** The different texts of the label column in the order of their first appearance. */
function labelsInColumn(reader: Section, labels: Section, run: Run): readonly string[] {
  const readerType = reader.string("readerType");
  if (readerType !== READER) {
    throw reader.error(
      "readerType",
      `CreateLabelMap: expected ${READER}, found ${readerType}`,
      "readers of other kinds have numbers for labels in their data and need no such file",
    );
  }
  const type = labels.string("labelType", "Category");
  if (type.toLowerCase() !== "category") {
    throw labels.error("labelType", `CreateLabelMap: expected Category, found ${type}`);
  }
  const column = labels.integer("start", 0);
  const delimiter = reader.string("customDelimiter", "");
  const path = labels.string("file");
  const found = new Set<string>();
  for (const [index, line] of run.readText(path).text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const columns = delimiter === "" ? line.trim().split(/\s+/) : line.split(delimiter);
    const label = columns[column]?.trim();
    if (label === undefined || label === "") {
      throw labels.error(
        "start",
        `CreateLabelMap: ${path}:${index + 1} has ${columns.length} columns, none at ${column}`,
        "columns are counted from 0",
      );
    }
    found.add(label);
  }
  return [...found];
}
