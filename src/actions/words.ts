/** Action `writeWordAndClass`: vocabulary and word classes of a text, for class-based softmax (actions.md 12). */

import { createReadStream, existsSync, statSync } from "node:fs";
import { CntkError, reasonOf } from "../../grammar/errors.js";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { writeFileAtomically } from "../train/checkpoint.js";
import {
  countWords,
  frequentWords,
  wordsByName,
  wordsWithClasses,
  type Vocabulary,
} from "./words/vocabulary.js";

/** The keys of the section. @throws CntkError "configuring" */
export function wordSettings(section: Section) {
  const classes = section.integer("nbrClass", 0);
  if (classes < 0) throw section.error("nbrClass", `expected at least 0, found ${classes}`);
  const vocabularySize = section.integer("vocabSize");
  if (vocabularySize < 1)
    throw section.error("vocabSize", `expected at least 1, found ${vocabularySize}`);
  const required = (key: string) => (classes > 0 ? section.string(key) : section.string(key, ""));
  return {
    inputFile: section.string("inputFile"),
    vocabularyFile: section.string("outputVocabFile"),
    mappingFile: section.string("outputMappingFile", ""),
    classFile: required("outputWord2Cls"),
    indexFile: required("outputCls2Index"),
    vocabularySize,
    classes,
    cutoff: section.integer("cutoff", 1),
    unknown: section.string("unk", "<unk>"),
    begin: section.string("beginSequence"),
    end: section.string("endSequence"),
    makeMode: section.bool("makeMode", true),
  };
}

type WordSettings = ReturnType<typeof wordSettings>;

export async function writeWordAndClassAction(section: Section, run: Run): Promise<void> {
  const settings = wordSettings(section);
  const { classes, cutoff, vocabularyFile } = settings;
  if (settings.makeMode && isUpToDate(settings)) {
    run.log("All output files up to date.");
    return;
  }
  announceFiles(settings, run.log);
  const counts = await countWords(linesOf(settings.inputFile), {
    begin: bytesOf(settings.begin),
    end: bytesOf(settings.end),
  });
  const frequent = frequentWords(counts, cutoff);
  const size = Math.min(settings.vocabularySize, frequent);
  if (size < settings.vocabularySize) {
    run.log(
      `Warning: vocabSize is ${settings.vocabularySize}, but only ${frequent} words occur more than ${cutoff} times.`,
    );
    run.log(`Warning: the vocabulary is reduced to these ${size} words.`);
  }
  run.log(`Vocabulary size ${size}.`);
  const unknown = bytesOf(settings.unknown);
  const vocabulary =
    classes > 0 ? wordsWithClasses(counts, { size, classes, unknown }) : wordsByName(counts);
  writeFiles(settings, vocabulary, run.log);
  run.log(`Created vocabulary file with ${vocabulary.length} entries.`);
  if (classes > 0) run.log(`Created word classes for '${vocabularyFile}': ${classes}.`);
}

function outputFiles({ vocabularyFile, mappingFile, classes, ...files }: WordSettings): string[] {
  return [
    vocabularyFile,
    ...(mappingFile === "" ? [] : [mappingFile]),
    ...(classes > 0 ? [files.classFile, files.indexFile] : []),
  ];
}

function isUpToDate(settings: WordSettings): boolean {
  if (!existsSync(settings.inputFile)) return false;
  const made = statSync(settings.inputFile).mtimeMs;
  return outputFiles(settings).every((file) => existsSync(file) && statSync(file).mtimeMs > made);
}

function announceFiles(settings: WordSettings, log: (text: string) => void): void {
  const { vocabularyFile, mappingFile, classFile, indexFile, classes } = settings;
  log(`Vocabulary file    --> ${vocabularyFile}`);
  if (mappingFile !== "") log(`Mapping file       --> ${mappingFile}`);
  if (classes === 0) return;
  log(`Word-to-class map  --> ${classFile}`);
  log(`Class-to-index map --> ${indexFile}`);
}

/** Bytes are kept as they are, one character each: words are compared and sorted as bytes. */
const ENCODING = "latin1";

const bytesOf = (text: string) => Buffer.from(text, "utf8").toString(ENCODING);

async function* linesOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file, ENCODING);
  const pieces: AsyncIterable<string> = stream;
  let rest = "";
  try {
    for await (const piece of pieces) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } catch (error) {
    const reason = reasonOf(error);
    throw new CntkError("reading", `cannot read '${file}': ${reason}`);
  } finally {
    stream.destroy();
  }
  if (rest !== "") yield rest;
}

function writeFiles(
  settings: WordSettings,
  vocabulary: Vocabulary,
  log: (text: string) => void,
): void {
  const { vocabularyFile, mappingFile, classFile, indexFile, classes } = settings;
  const write = (file: string, lines: readonly (string | number)[]) => {
    writeFileAtomically(file, Buffer.from(lines.map((line) => `${line}\n`).join(""), ENCODING));
  };
  write(
    vocabularyFile,
    vocabulary.map(
      ({ word, count, wordClass }, index) => `     ${index}\t     ${count}\t${word}\t${wordClass}`,
    ),
  );
  if (mappingFile !== "") {
    write(
      mappingFile,
      vocabulary.map(({ word }) => word),
    );
    log(`Created mapping file with ${vocabulary.length} entries.`);
  }
  if (classes === 0) return;
  const all = vocabulary.map(({ wordClass }) => wordClass);
  write(classFile, all);
  write(
    indexFile,
    [...new Set(all)].map((wordClass) => all.indexOf(wordClass)),
  );
}
