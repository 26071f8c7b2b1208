/** What the text format reader says to mistakes: messages, places, maxErrors, traceLevel (readers.md 1.4). */

import { describe, expect, it } from "@jest/globals";
import { epoch, errorOf, fileOf, open, read } from "./small-texts.js";

describe("mistakes", () => {
  it.each<[string, string, string]>([
    ["|A 1\n|A 2 x\n", "A:2", "malformed number: expected a digit, found 'x', at byte offset 10"],
    ["|A 1\nx|A 2\n", "A:2", "expected '|' and the name of an input, found 'x', at byte offset 5"],
    [
      "|A 1\n|\n",
      "A:1",
      "expected the name of an input after '|', found the end of the line, at byte offset 6",
    ],
    ["|| A 1\n", "A:1", "expected the name of an input after '|', found '|', at byte offset 1"],
    [
      "|A 1\n| A 2\n",
      "A:1",
      "expected the name of an input after '|', found a blank, at byte offset 6",
    ],
    ["|labels 1\n", "A:1", "the name of an input is longer than any of 'A', at byte offset 2"],
    ["|A 1 2\n", "A:1", "input 'A' has dimension 1, but here are 2 values, at byte offset 6"],
    ["|B 5:1\n", "B:5s", "input 'B': index 5 is not below the dimension 5, at byte offset 4"],
    [
      "|B 99999999999999999999:1\n",
      "B:5s",
      "input 'B': index 99999999999999999999 is not below the dimension 5, at byte offset 23",
    ],
    [
      "|B 1 2\n",
      "B:5s",
      "input 'B': expected ':' after the index 1, found a blank, at byte offset 4",
    ],
    ["|B :1\n", "B:5s", "input 'B': expected index:value, found ':', at byte offset 3"],
    ["|B 1:x\n", "B:5s", "malformed number: expected a digit, found 'x', at byte offset 5"],
    [
      "|A 1 |A 2\n",
      "A:1",
      "sequence 0 has more samples of an input than its 1 rows, at byte offset 10",
    ],
    ["7 |A 1\n\n", "A:1", "row 2 of sequence 7 has no sample, at byte offset 8"],
    [
      "7 |A 1\n7 |A 1 |C\n7|A 2|B",
      "A:1",
      "the sequence ends in the name of an input, at byte offset 24",
    ],
  ])("%j", (text, streams, message) => {
    const error = errorOf(() => epoch(open(text, streams)));
    expect(error.phase).toBe("reading");
    expect(error.message.slice(0, message.length + 4)).toBe(`${message} of `);
  });

  it("a stream without samples is fatal whatever maxErrors says", () => {
    const error = errorOf(() => epoch(open("|A 1 |B 1\n|A 2\n", "A:1 B:1", { maxErrors: 100 })));
    expect(error.message).toMatch(/^input 'B' has no sample in sequence 1, at byte offset 10 of /);
  });

  it("are shown where they stand", () => {
    const text = `\ufeff${"|A 1 2\n".repeat(3)}|A 3 4 |# hé\t|A 1,5\n|A 1\n`;
    const file = fileOf(text);
    const error = errorOf(() => epoch(open("", "A:2", { file, chunkSizeInBytes: 16 })));
    expect(error.format()).toBe(
      [
        `${file}:4:18: reading: malformed number: expected a digit, found ',', at byte offset 42 of ${file}`,
        "  4 | |A 3 4 |# hé |A 1,5",
        "    |                  ^",
        "  hint: maxErrors in the reader section is the number of mistakes to skip",
      ].join("\n"),
    );
  });

  it("are skipped up to maxErrors, for the lifetime of the reader", () => {
    const text = "|A x |A 1\n|A 2 |A 3 3\n|A y |A 4\n";
    expect(read(text, "A:1", { maxErrors: 3 })).toEqual({ A: "1|2|4" });
    const error = errorOf(() => read(text, "A:1", { maxErrors: 2, traceLevel: 0 }));
    expect(error.message).toMatch(/found 'y'.*one more than maxErrors = 2 allows$/);
    expect(error.hint).toMatch(/traceLevel = 0 hid the warnings/);
  });

  it("a blank row costs two: the row, and the missing sample", () => {
    expect(() => read("3 |A 1\n\n3 |A 2\n", "A:1", { maxErrors: 1 })).toThrow(
      /3 rows, but at most 2/,
    );
  });
});

describe("messages", () => {
  /** Level, offset and the first words of everything that is told. */
  function told(text: string, streams: string, traceLevel: number): string[] {
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    epoch(open(text, streams, { maxErrors: 1000, traceLevel, log }));
    return lines.map((line) => {
      const [, level, message, offset] = /^(\w+): (.*), at byte offset (\d+) of /.exec(line) ?? [];
      return `${level?.[0] ?? ""} ${offset ?? ""} ${message ?? ""}`;
    });
  }

  const text =
    "1 |A 1 |B 9:1\n" + // 14 bytes
    "1 |A 1 1 |B 1:1\n" + // 30
    "\n" + // 31
    "1 |A 2|Q 3|B 1:2 |B\n" + // 51
    "2 |A |B 2:2";

  const warnings = [
    "W 11 input 'B': index 9 is not below the dimension 9",
    "W 23 input 'A' has dimension 1, but here are 2 values",
    "W 31 a row without samples",
    "W 31 row 3 of sequence 1 has no sample",
    "W 51 a row of 3 samples, but there are 2 inputs",
    "W 51 sequence 1 has ended, but only 3 of its 4 rows could be read",
    "W 51 sequence 1 has 4 rows, but at most 3 samples of an input",
    "W 56 input 'A' has dimension 1, but here are 0 values; the rest are zeros",
    "W 62 the last row does not end with a line feed",
  ];

  it("warn by default", () => {
    expect(told(text, "A:1 B:9s", 1)).toEqual(warnings);
  });

  it("are errors only at traceLevel 0", () => {
    expect(told(text, "A:1 B:9s", 0)).toEqual([]);
  });

  it("tell of sequences and unknown inputs at traceLevel 2", () => {
    const notes = told(text, "A:1 B:9s", 2).filter((line) => line.startsWith("I"));
    expect(notes).toEqual([
      "I 39 input 'Q' is skipped: the config does not mention it",
      "I 51 sequence 1: 3 of 4 rows read",
      "I 62 sequence 2: 1 of 1 rows read",
    ]);
  });
});
