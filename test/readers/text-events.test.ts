/** Every event of the text format: its message and level, whether it counts, and what is read all the same (readers.md 1.4). */

import { describe, expect, it } from "@jest/globals";
import { errorOf, read, type Options } from "./small-texts.js";

interface EventCase {
  readonly event: number;
  readonly what: string;
  readonly text: string;
  readonly streams: string;
  readonly options?: Options;
  /** everything that traceLevel 2 tells, but for the name of the file and the note on each sequence */
  readonly told: readonly string[];
  /** mistakes that count */
  readonly counted: number;
  /** undefined where no limit excuses the mistake */
  readonly result: object | undefined;
}

const NO_DIGIT = (found: string) => `malformed number: expected a digit, found ${found}`;

const EVENTS: readonly EventCase[] = [
  {
    event: 1,
    what: "another byte than '|' where an item must start",
    text: "|A 1\nx y |A 2 \n",
    streams: "A:1",
    told: ["WARNING: expected '|' and the name of an input, found 'x', at byte offset 5"],
    counted: 1,
    result: { A: "1|2" },
  },
  {
    event: 2,
    what: "a comment",
    text: "|A 1 |# 1 2 x |# |A 2\n",
    streams: "A:1",
    options: { skipSequenceIds: true },
    told: [
      "WARNING: a row of 2 samples, but there are 1 inputs, at byte offset 22",
      "WARNING: input 'A' has 2 samples in sequence 0 of 1 rows, at byte offset 22",
      "WARNING: sequence 0 has more samples of an input than its 1 rows, at byte offset 22",
    ],
    counted: 1,
    result: { A: "(1|2)" },
  },
  {
    event: 3,
    what: "an empty name",
    text: "|A 1 | B 2\n||A 2\n",
    streams: "A:1",
    told: [
      "WARNING: expected the name of an input after '|', found a blank, at byte offset 6",
      "WARNING: expected the name of an input after '|', found '|', at byte offset 12",
    ],
    counted: 2,
    result: { A: "1|2" },
  },
  {
    event: 4,
    what: "a name longer than all aliases",
    text: "|A 1 |labels 3\n",
    streams: "A:1",
    told: ["WARNING: the name of an input is longer than any of 'A', at byte offset 7"],
    counted: 1,
    result: { A: "1" },
  },
  {
    event: 5,
    what: "another name, not longer than an alias",
    text: "|Q 3 |A 1\n",
    streams: "A:1",
    told: ["INFO: input 'Q' is skipped: the config does not mention it, at byte offset 2"],
    counted: 0,
    result: { A: "1" },
  },
  {
    event: 6,
    what: "the end within a name",
    text: "|A 1 |A",
    streams: "A:1",
    told: [
      "WARNING: the sequence ends in the name of an input, at byte offset 7",
      "WARNING: the last row does not end with a line feed, at byte offset 7",
    ],
    counted: 1,
    result: { A: "1" },
  },
  {
    event: 7,
    what: "too many values",
    text: "7 |A 1 2 3\n7 |A 4\n7 |A 5 6\n",
    streams: "A:2",
    told: [
      "WARNING: input 'A' has dimension 2, but here are 3 values, at byte offset 10",
      "WARNING: a row without samples, at byte offset 11",
      "WARNING: row 1 of sequence 7 has no sample, at byte offset 11",
      "WARNING: input 'A' has dimension 2, but here are 1 values; the rest are zeros, at byte offset 17",
      "WARNING: sequence 7 has ended, but only 2 of its 3 rows could be read, at byte offset 27",
      "WARNING: sequence 7 has 3 rows, but at most 2 samples of an input, at byte offset 27",
    ],
    counted: 3,
    result: { A: "(4 0|5 6)" },
  },
  {
    event: 8,
    what: "too few values",
    text: "|A 1\n|A\t\r\n",
    streams: "A:2",
    told: [
      "WARNING: input 'A' has dimension 2, but here are 1 values; the rest are zeros, at byte offset 4",
      "WARNING: input 'A' has dimension 2, but here are 0 values; the rest are zeros, at byte offset 8",
    ],
    counted: 0,
    result: { A: "1 0|0 0" },
  },
  {
    event: 9,
    what: "a malformed number",
    text: "|A 1 x |A 2 3\n|A .5 |A 4\n",
    streams: "A:2",
    told: [
      `WARNING: ${NO_DIGIT("'x'")}, at byte offset 5`,
      `WARNING: ${NO_DIGIT("'.'")}, at byte offset 17`,
      "WARNING: input 'A' has dimension 2, but here are 1 values; the rest are zeros, at byte offset 24",
    ],
    counted: 2,
    result: { A: "2 3|4 0" },
  },
  {
    event: 10,
    what: "a wrong index",
    text: "|B 9:1 |B :1 |B 1 |B 99999999999999999999:1 |B 2:3\n",
    streams: "B:9s",
    told: [
      "WARNING: input 'B': index 9 is not below the dimension 9, at byte offset 4",
      "WARNING: input 'B': expected index:value, found ':', at byte offset 10",
      "WARNING: input 'B': expected ':' after the index 1, found a blank, at byte offset 17",
      "WARNING: input 'B': index 99999999999999999999 is not below the dimension 9, at byte offset 41",
    ],
    counted: 4,
    result: { B: "2:3" },
  },
  {
    event: 11,
    what: "rows without a sample, which are 12: unread",
    text: "3 |A 1\n\n3 |# nothing\n3 |A 2\n",
    streams: "A:1",
    told: [
      "WARNING: a row without samples, at byte offset 8",
      "WARNING: row 2 of sequence 3 has no sample, at byte offset 8",
      "WARNING: a row without samples, at byte offset 21",
      "WARNING: row 3 of sequence 3 has no sample, at byte offset 21",
      "WARNING: sequence 3 has ended, but only 2 of its 4 rows could be read, at byte offset 28",
      "WARNING: sequence 3 has 4 rows, but at most 2 samples of an input, at byte offset 28",
    ],
    counted: 3,
    result: { A: "(1|2)" },
  },
  {
    event: 13,
    what: "as many samples in a row as inputs",
    text: "4 |A 1 |A 2\n4 |A 3\n4 |B 1:1\n",
    streams: "A:1 B:5s",
    told: [],
    counted: 0,
    result: { A: "(1|2|3)", B: "(1:1)" },
  },
  {
    event: 13,
    what: "more samples in a row than inputs",
    text: "4 |A 1 |A 2\n4 |# none |A 3\n",
    streams: "A:1",
    told: [
      "WARNING: a row of 2 samples, but there are 1 inputs, at byte offset 12",
      "WARNING: input 'A' has 3 samples in sequence 4 of 2 rows, at byte offset 27",
      "WARNING: sequence 4 has more samples of an input than its 2 rows, at byte offset 27",
    ],
    counted: 1,
    result: { A: "(1|2|3)" },
  },
  {
    event: 14,
    what: "no line feed at the end",
    text: "|A 1\n|A 2",
    streams: "A:1",
    told: ["WARNING: the last row does not end with a line feed, at byte offset 9"],
    counted: 0,
    result: { A: "1|2" },
  },
  {
    event: 14,
    what: "no line feed at the end of a row without sample",
    text: "5 |A 1\n5 ",
    streams: "A:1",
    told: [
      "WARNING: the last row does not end with a line feed, at byte offset 9",
      "WARNING: sequence 5 has 2 rows, but at most 1 samples of an input, at byte offset 9",
    ],
    counted: 1,
    result: { A: "1" },
  },
  {
    event: 15,
    what: "an input without sample",
    text: "|A 1 |B 1:1\n|A 2\n",
    streams: "A:1 B:5s",
    told: ["ERROR: input 'B' has no sample in sequence 1, at byte offset 12"],
    counted: 0,
    result: undefined,
  },
  {
    event: 15,
    what: "a blank line where every line is a sequence",
    text: "|A 1\n\n|A 2\n",
    streams: "A:1",
    told: [
      "WARNING: a row without samples, at byte offset 6",
      "WARNING: row 1 of sequence 1 has no sample, at byte offset 6",
      "WARNING: sequence 1 has ended, but only 0 of its 1 rows could be read, at byte offset 6",
      "ERROR: input 'A' has no sample in sequence 1, at byte offset 5",
    ],
    counted: 1,
    result: undefined,
  },
  {
    event: 16,
    what: "more samples of several inputs than rows",
    text: "6 |A 1 |B 2 |A 1 |B 2\n",
    streams: "A:1 B:1",
    told: [
      "WARNING: a row of 4 samples, but there are 2 inputs, at byte offset 22",
      "WARNING: input 'A' has 2 samples in sequence 6 of 1 rows, at byte offset 22",
      "WARNING: input 'B' has 2 samples in sequence 6 of 1 rows, at byte offset 22",
      "WARNING: sequence 6 has more samples of an input than its 1 rows, at byte offset 22",
    ],
    counted: 1,
    result: { A: "(1|1)", B: "(2|2)" },
  },
  {
    event: 17,
    what: "fewer samples than rows",
    text: "8 |A 1\n8 |B 1\n",
    streams: "A:1 B:1",
    told: ["WARNING: sequence 8 has 2 rows, but at most 1 samples of an input, at byte offset 14"],
    counted: 1,
    result: { A: "1", B: "1" },
  },
];

interface Told {
  readonly lines: string[];
  readonly result: object | undefined;
}

/** Reads at a traceLevel; what ends it is told as ERROR. */
function readAt(traceLevel: number, maxErrors: number, one: EventCase): Told {
  const lines: string[] = [];
  const told = (line: string) =>
    void lines.push(line.replace(/ of \S+\.txt(; this is one.*)?$/, ""));
  const options = { ...one.options, maxErrors, traceLevel, log: told };
  try {
    return { lines, result: read(one.text, one.streams, options) };
  } catch (error) {
    told(
      `ERROR: ${
        errorOf(() => {
          throw error;
        }).message
      }`,
    );
    return { lines, result: undefined };
  }
}

const isNote = (line: string) => line.startsWith("INFO: ");
const isLoaded = (line: string) => /^INFO: sequence \d+: \d+ of \d+ rows read/.test(line);

describe.each(EVENTS)("event $event, $what", (one) => {
  it("is told with its offset, and what can be read is read", () => {
    const { lines, result } = readAt(2, 100, one);
    expect(lines.filter((line) => !isLoaded(line))).toEqual(one.told);
    expect(result).toEqual(one.result);
  });

  it("is told as traceLevel allows", () => {
    expect(readAt(1, 100, one).lines).toEqual(one.told.filter((line) => !isNote(line)));
    const errors = one.told.filter((line) => line.startsWith("ERROR: "));
    expect(readAt(0, 100, one).lines).toEqual(errors);
  });

  it(`counts ${one.counted} times`, () => {
    expect(readAt(1, one.counted, one).result).toEqual(one.result);
    if (one.counted === 0) return;
    const { lines, result } = readAt(1, one.counted - 1, one);
    expect(result).toBeUndefined();
    expect(one.told).toContain(lines.at(-1)?.replace("ERROR: ", "WARNING: "));
  });
});

describe("event 18, a sequence that was loaded", () => {
  it("is told at traceLevel 2", () => {
    const one: EventCase = { event: 18, what: "", told: [], counted: 0, result: undefined, ...TWO };
    expect(readAt(2, 0, one).lines).toEqual([
      "INFO: sequence 2: 2 of 2 rows read, at byte offset 14",
      "INFO: sequence 3: 1 of 1 rows read, at byte offset 21",
    ]);
    expect(readAt(1, 0, one).lines).toEqual([]);
  });
});

const TWO = { text: "2 |A 1\n2 |A 1\n3 |A 2\n", streams: "A:1" };
