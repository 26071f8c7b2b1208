/** The CNTK text format: values, rows, sequences, chunks, files (readers.md 1 and 2.1). */

import { appendFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { CntkError } from "../../grammar/errors.js";
import { epoch, errorOf, fileOf, folder, open, read, shown, type Options } from "./small-texts.js";

describe("numbers", () => {
  it.each([
    ["0", 0],
    ["-0", -0],
    ["-123", -123],
    ["+7", 7],
    ["007", 7],
    ["45.", 45],
    ["6.78", 6.78],
    ["-6.5", -6.5],
    ["2e3", 2000],
    ["2E+3", 2000],
    ["25.5e-1", 2.55],
    ["9.10e-11", 9.1e-11],
    ["-1e2", -100],
    ["255", 255],
    ["256", 256],
    ["4294967296", 4294967296],
    ["18446744073709551616", 18446744073709551616],
    ["1e400", Infinity],
    ["-1e400", -Infinity],
    ["1e-400", 0],
    ["1e39", Infinity],
    ["0.1", 0.1],
    ["0.30000000000000004", 0.3],
  ])("%s", (text, value) => {
    for (const end of ["\n", "", "\r\n"]) {
      const [batch] = epoch(open(`|A ${text}${end}`, "A:1"));
      expect(batch?.streams.get("A")).toMatchObject({
        kind: "dense",
        dimension: 1,
        values: Float32Array.of(value),
      });
    }
  });

  it("sums digits in double, as CNTK does", () => {
    // 0.1 + 0.02 ... by one division, not by correct rounding of the decimal number
    const text = "16777217.00000001";
    const [batch] = epoch(open(`|A ${text}\n`, "A:1"));
    expect(batch?.streams.get("A")).toMatchObject({
      values: Float32Array.of(16777217 + 1 / 1e8),
    });
  });

  it.each([
    ".5",
    "-.5",
    "inf",
    "nan",
    "0x1",
    "1,2",
    "2#0",
    "2.0f",
    "1.e1",
    "-",
    "+",
    "1e",
    "1e+",
    "--1",
  ])("%s is malformed", (text) => {
    const error = errorOf(() => epoch(open(`|A ${text}\n|A 1\n`, "A:2")));
    expect(error.message).toMatch(
      /^malformed number: expected .* found .*, at byte offset \d+ of /,
    );
  });

  it.each(["", "\t", "  ", " -", " +", " 12.+", " 12.+e", " 1:"])(
    "'|A%s' at the end of the file is a mistake",
    (text) => {
      expect(() => epoch(open(`|A${text}`, "A:1"))).toThrow(CntkError);
    },
  );
});

describe("precision", () => {
  const byPrecision = { float: Float32Array, double: Float64Array } as const;
  it.each<[string, string, readonly number[]]>([
    ["|A 0.1 1e-300\n", "A:2", [0.1, 1e-300]],
    ["|A 7 255\n", "A:2", [7, 255]],
    ["|A 7 255\n|A 0.1 0\n", "A:2", [7, 255, 0.1, 0]],
    ["|A 4:0.1 0:16777217\n", "A:5s", [0.1, 16777217]],
  ])("%j", (text, streams, expected) => {
    for (const precision of ["float", "double"] as const) {
      const [batch] = epoch(open(text, streams, { precision }));
      const values = byPrecision[precision].from(expected);
      expect(batch?.streams.get("A")?.values).toEqual(values);
    }
  });
});

describe("rows", () => {
  it.each<[string, string | Uint8Array, string, object]>([
    ["two streams", "|A 1 2 |B 3\n|A 4 5 |B 6\n", "A:2 B:1", { A: "1 2|4 5", B: "3|6" }],
    ["streams in any order", "|B 3 |A 1 2\n|A 4 5|B 6\n", "A:2 B:1", { A: "1 2|4 5", B: "3|6" }],
    ["TAB and CRLF", "|A\t1\t2\r\n\t|A 3 4 \r\n", "A:2", { A: "1 2|3 4" }],
    ["no line feed at the end", "|A 1 2\n|A 3 4", "A:2", { A: "1 2|3 4" }],
    ["byte order mark", "\ufeff|A 1 2\n", "A:2", { A: "1 2" }],
    ["numbers need no blank between", "|A 1-2\n|A 1+2\n", "A:2", { A: "1 -2|1 2" }],
    ["comments", "|# A 9 |A 1 2 |# x |# y\n|A 3 4|#\n", "A:2", { A: "1 2|3 4" }],
    ["letters beyond ASCII end a sample", "|A 1é |B 2\n", "A:2 B:1", { A: "1 0", B: "2" }],
    ["ids in rows of a file that begins with '|'", "|A 1\n7 |A 2\n8|A 3\n", "A:1", { A: "1|2|3" }],
    ["inputs the config does not mention", "|AB 5 |A 1\n|A 2|AB 6\n", "X=AB:1", { X: "5|6" }],
    ["alias", "|labels 1 |A 2\n", "A:1 L=labels:1", { A: "2", L: "1" }],
    ["fewer values are filled up", "|A 1\n|A\n|A |#\n", "A:3", { A: "1 0 0|0 0 0|0 0 0" }],
    ["sparse", "|B 1:2 0:3.5\n|B\n|B 4:1 4:2 \n", "B:5s", { B: "1:2 0:3.5||4:1 4:2" }],
    ["floats and bytes", "|A 1 2\n|A 0.5 300\n", "A:2", { A: "1 2|0.5 300" }],
    ["at the end the number of values is free", "|A 1 2 3\n|A 1", "A:3", { A: "1 2 3|1 0 0" }],
    ["at the end too many are cut", "|A 1 2 3\n|A 1 2 3 4", "A:3", { A: "1 2 3|1 2 3" }],
    ["a sparse sample at the end", "|B 1:2\n|B 1:3", "B:5s", { B: "1:2|1:3" }],
  ])("%s", (_, text, streams, expected) => {
    expect(read(text, streams)).toEqual(expected);
  });
});

describe("sequences", () => {
  it.each<[string, string, string, Options, object]>([
    [
      "rows with the same id or none",
      "0 |A 1 |B 2\n0 |A 3\n|A 4\n1 |A 5 |B 6\n",
      "A:1 B:1",
      {},
      { A: "(1|3|4)(5)", B: "(2)(6)" },
    ],
    ["an id that comes back", "1 |A 1\n2 |A 2\n1 |A 3\n", "A:1", {}, { A: "1|2|3" }],
    ["leading zeros", "1 |A 1\n01 |A 2\n", "A:1", {}, { A: "(1|2)" }],
    [
      "ids of 64 bits wrap",
      "18446744073709551617 |A 1\n1|A 2\n9007199254740993|A 3\n9007199254740992|A 4\n",
      "A:1",
      {},
      { A: "(1|2)(3)(4)" },
    ],
    ["digits at the end of the file are no row", "1 |A 1\n2 |A 2\n33", "A:1", {}, { A: "1|2" }],
    ["skipSequenceIds", "1 |A 1\n1 |A 2\n", "A:1", { skipSequenceIds: true }, { A: "1|2" }],
    ["a row may begin with a blank", "1 |A 1\n |A 2\n", "A:1", {}, { A: "(1|2)" }],
    [
      "sparse sequences",
      "0 |B 1:1\n0 |B\n1 |B 2:1 3:1\n1 |B 4:1\n",
      "B:5s",
      {},
      { B: "(1:1|)(2:1 3:1|4:1)" },
    ],
    [
      "blank rows, forgiven",
      "3 |A 1\n\n3 |A 2\n4 |A 3\n",
      "A:1",
      { maxErrors: 2 },
      { A: "(1|2)(3)" },
    ],
  ])("%s", (_, text, streams, options, expected) => {
    expect(read(text, streams, options)).toEqual(expected);
  });

  it("counts declared lengths: minibatches and sweep size", () => {
    const text = "0 |A 1\n0 |A 2\n1 |A 3\n2 |A 4\n2 |A 5\n2 |A 6\n";
    const reader = open(text, "A:1");
    expect(reader.sweepSize).toBe(6);
    expect(epoch(reader, 3).map((batch) => shown(batch))).toEqual([
      { A: "(1|2)(3)" },
      { A: "(4|5|6)" },
    ]);
  });

  it("rejects sequences in frameMode", () => {
    expect(() => read("0 |A 1\n0 |A 2\n", "A:1", { frameMode: true })).toThrow(/frameMode/);
    expect(read("0 |A 1\n1 |A 2\n", "A:1", { frameMode: true })).toEqual({ A: "1|2" });
  });
});

describe("chunks", () => {
  const TEN_LINES = Array.from({ length: 10 }, (_, i) => `|A ${i}\n`).join(""); // of 5 bytes each
  const PAIRS_SHUFFLED = "6 3 1 5 9 0 4 2 7 8"; // readers.md 2.6

  it.each<[string, number, number, string]>([
    [TEN_LINES, 10, 128, PAIRS_SHUFFLED],
    [TEN_LINES, 14, 128, PAIRS_SHUFFLED],
    ["\ufeff" + TEN_LINES, 10, 128, PAIRS_SHUFFLED],
    [TEN_LINES.trimEnd(), 10, 128, PAIRS_SHUFFLED],
    [TEN_LINES.replaceAll("\n", "\r\n"), 12, 128, PAIRS_SHUFFLED],
    [TEN_LINES, 10, 3, "0 9 8 7 1 6 2 5 4 3"],
    [TEN_LINES.replaceAll("\n", " \n"), 12, 3, "0 9 8 7 1 6 2 5 4 3"],
  ])("%j, at most %i bytes, window of %i", (text, chunkSizeInBytes, window, expected) => {
    const randomization = { window, unit: "chunks" } as const;
    expect(read(text, "A:1", { chunkSizeInBytes, randomization })).toEqual({
      A: expected.replaceAll(" ", "|"),
    });
  });

  it("takes a sequence that is larger than the limit", () => {
    const text = "0|A 1\n0|A 2\n0|A 3\n1|A 4\n";
    expect(read(text, "A:1", { chunkSizeInBytes: 8 })).toEqual({ A: "(1|2|3)(4)" });
  });
});

describe("files", () => {
  it.each<[string, Uint8Array | string, RegExp]>([
    ["empty", "", /the file is empty$/],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x7c, 0), /encoded in UTF-16$/],
    ["neither '|' nor id", " |A 1\n", /expected '\|' or a sequence id at byte offset 0$/],
    ["nothing but digits", "123", /expected '\|' or a sequence id at byte offset 0$/],
    ["a mark only", "\ufeff", /expected '\|' or a sequence id at byte offset 0$/],
  ])("%s", (_, text, message) => {
    expect(errorOf(() => open(text, "A:1")).message).toMatch(message);
  });

  it("missing: names the file and its place in the config", () => {
    const config = { name: "x.cntk", text: 'file = "nowhere.txt"' };
    const fileRange = { file: config, start: 7, end: 20 };
    const file = path.join(folder, "nowhere.txt");
    const error = errorOf(() => open("", "A:1", { file, fileRange }));
    expect(error.format()).toMatch(
      /^x.cntk:1:8: reading: cannot open the data file '.*nowhere.txt'/,
    );
  });

  it("a folder", () => {
    expect(() => open("", "A:1", { file: folder })).toThrow(/is a folder$/);
  });

  it("that change after indexing are noticed", () => {
    const file = fileOf("|A 1\n|A 2\n");
    const reader = open("", "A:1", { file, chunkSizeInBytes: 5 });
    reader.startEpoch({ minibatchSize: 1, epoch: 0, epochSize: 0 });
    expect(reader.nextMinibatch()).toBeDefined();
    appendFileSync(file, "|A 3\n");
    expect(() => reader.nextMinibatch()).toThrow(/the file changed while it was being read/);
  });

  it("of several blocks, with an id across their border", () => {
    // 256 KiB are read at a time: borders fall into the ids of some rows.
    const rows = Array.from(
      { length: 300000 },
      (_, i) => `${1000000 + Math.floor(i / 3)} |A ${i % 7}\n`,
    );
    const reader = open(rows.join(""), "A:1", { keepDataInMemory: true });
    expect(reader.sweepSize).toBe(300000);
    const batches = epoch(reader, 30000);
    expect(batches.length).toBe(10);
    for (const [number, batch] of batches.entries()) {
      expect(batch.sequenceStarts?.get("A")?.length).toBe(10001);
      expect(batch.streams.get("A")?.values[29999]).toBe((number * 30000 + 29999) % 7);
    }
  });
});
