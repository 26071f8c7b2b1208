/** Action `writeWordAndClass`: counting, the order of the words, classes, the four files. */

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "@jest/globals";
import { countWords } from "../../src/actions/words/vocabulary.js";
import { runAction } from "./run-action.js";

const directory = mkdtempSync(path.join(tmpdir(), "words-"));
const inDirectory = (name: string) => path.join(directory, name);
const read = (name: string) => readFileSync(inDirectory(name), "utf8");
afterAll(() => rmSync(directory, { recursive: true }));

const TEXT = "the cat saw the dog\n\tthe  dog \n<s> a cat </s>\r\nZebra the unkempt";

function keysOf(keys: string): string {
  return `action = writeWordAndClass
    inputFile = "${inDirectory("text.txt")}" ; outputVocabFile = "${inDirectory("vocab.txt")}"
    outputWord2Cls = "${inDirectory("class.txt")}" ; outputCls2Index = "${inDirectory("index.txt")}"
    outputMappingFile = "${inDirectory("map.txt")}"
    beginSequence = "<s>" ; endSequence = "</s>"
    ${keys}`;
}

beforeEach(() => {
  rmSync(directory, { recursive: true });
  mkdirSync(directory);
  writeFileSync(inDirectory("text.txt"), TEXT);
});

describe("writeWordAndClass", () => {
  it("sorts all words by their bytes if there are no classes", async () => {
    const log = await runAction(keysOf("vocabSize = 3 ; nbrClass = 0"));
    const words = ["</s>", "<s>", "Zebra", "a", "cat", "dog", "saw", "the", "unkempt"];
    const counts = [4, 4, 1, 1, 2, 2, 1, 4, 1];
    expect(read("vocab.txt")).toBe(
      words.map((word, i) => `     ${i}\t     ${counts[i] ?? 0}\t${word}\t0\n`).join(""),
    );
    expect(read("map.txt")).toBe(words.map((word) => `${word}\n`).join(""));
    expect(readdirSync(directory)).not.toContain("class.txt");
    expect(log).toEqual([
      `Vocabulary file    --> ${inDirectory("vocab.txt")}`,
      `Mapping file       --> ${inDirectory("map.txt")}`,
      "Vocabulary size 3.",
      "Created mapping file with 9 entries.",
      "Created vocabulary file with 9 entries.",
    ]);
  });

  // shares 6, 4, 4, 4, 2 of 20; their square roots add up to 2.2056, so the third word passes one half
  it("divides the most frequent words into classes, the unknown one among them", async () => {
    const log = await runAction(keysOf("vocabSize = 10 ; nbrClass = 2"));
    expect(read("vocab.txt")).toBe(
      [
        "     0\t     6\t<unk>\t0\n",
        "     1\t     4\t</s>\t0\n",
        "     2\t     4\t<s>\t0\n",
        "     3\t     4\tthe\t1\n",
        "     4\t     2\tcat\t1\n",
      ].join(""),
    );
    expect(read("class.txt")).toBe("0\n0\n0\n1\n1\n");
    expect(read("index.txt")).toBe("0\n3\n");
    expect(log).toContain("Vocabulary size 5.");
    expect(log).toContain("Warning: vocabSize is 10, but only 5 words occur more than 1 times.");
  });

  it("keeps bytes that are no text as they are", async () => {
    const bytes = Uint8Array.of(0xff, 0x20, 0xc3, 0xa4, 0x0a);
    writeFileSync(inDirectory("text.txt"), bytes);
    await runAction(keysOf("vocabSize = 9 ; cutoff = 0 ; unk = ü"));
    const map = readFileSync(inDirectory("map.txt"));
    expect(map).toEqual(Buffer.from([...Buffer.from("</s>\n<s>\n"), 0xc3, 0xa4, 0x0a, 0xff, 0x0a]));
  });

  it("does nothing if all files are newer than the text", async () => {
    const keys = keysOf("vocabSize = 9 ; nbrClass = 2");
    await runAction(keys);
    const now = Date.now() / 1000;
    utimesSync(inDirectory("text.txt"), now - 60, now - 60);
    expect(await runAction(keys)).toEqual(["All output files up to date."]);
    expect((await runAction(`${keys} ; makeMode = false`)).length).toBeGreaterThan(1);
    utimesSync(inDirectory("index.txt"), now - 90, now - 90);
    expect((await runAction(keys)).length).toBeGreaterThan(1);
  });

  it.each([
    { keys: "vocabSize = 0", message: /vocabSize: expected at least 1, found 0/ },
    { keys: "vocabSize = 9 ; nbrClass = -1", message: /nbrClass: expected at least 0/ },
    { keys: "vocabSize = 9 ; nbrClass = 2 ; outputWord2Cls = ", message: /outputWord2Cls/ },
    { keys: "vocabSize = 9 ; beginSequence = ", message: /beginSequence/ },
    { keys: "vocabSize = 9 ; inputFile = none.txt", message: /cannot read 'none\.txt'/ },
  ])("refuses '$keys'", async ({ keys, message }) => {
    await expect(runAction(keysOf(keys))).rejects.toThrow(message);
  });
});

describe("words of a sentence", () => {
  async function countsOf(sentence: string, begin: string, end: string) {
    async function* sentences() {
      yield await Promise.resolve(sentence);
    }
    return Object.fromEntries(await countWords(sentences(), { begin, end }));
  }

  interface Case {
    readonly sentence: string;
    readonly begin: string;
    readonly end: string;
    readonly counts: Readonly<Record<string, number>>;
  }
  const cases: readonly Case[] = [
    { sentence: "a b", begin: "<s>", end: "</s>", counts: { "<s>": 1, a: 1, b: 1, "</s>": 1 } },
    { sentence: "<s> a </s> ", begin: "<s>", end: "</s>", counts: { "<s>": 1, a: 1, "</s>": 1 } },
    { sentence: "", begin: "<s>", end: "</s>", counts: { "<s>": 1, "</s>": 1 } },
    // one mark for both ends counts once
    { sentence: "a b", begin: "</s>", end: "</s>", counts: { a: 1, b: 1, "</s>": 1 } },
    {
      sentence: "constructor a",
      begin: "<",
      end: ">",
      counts: { "<": 1, constructor: 1, a: 1, ">": 1 },
    },
  ];
  it.each(cases)("$sentence between $begin and $end", async ({ sentence, begin, end, counts }) => {
    expect(await countsOf(sentence, begin, end)).toEqual(counts);
  });
});
