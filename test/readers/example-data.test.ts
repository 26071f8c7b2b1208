/** Sequences of CNTK's own example data, in the order in which CNTK 2.7 delivers them. */

import { existsSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import type { Minibatch, StreamData } from "../../src/readers/reader.js";
import type { TextFormatSettings } from "../../src/readers/settings.js";
import { CNTKTextFormatReader } from "../../src/readers/text-format.js";
import { streamsOf } from "./small-texts.js";

const DATA = "../shared/data";

/** Samples of a stream and a checksum of its indices (sparse) or its values in thousandths (dense), in order. */
function digest(stream: StreamData): string {
  let sum = 0;
  const add = (value: number) => {
    sum = (sum * 31 + value) % 1000003;
  };
  if (stream.kind === "sparse") {
    stream.indices.forEach(add);
    return `${stream.starts.length - 1}:${sum}`;
  }
  stream.values.forEach((value) => {
    add(Math.round(value * 1000) + 100000);
  });
  return `${stream.values.length / stream.dimension}:${sum}`;
}

const shown = ({ streams }: Minibatch) => [...streams.values()].map(digest).join(" ");

const ATIS = "S0:943s S1:26s S2:129s";

// With the sample counts and sums that cntk.io.MinibatchSource gave for the same settings.
describe.each<[string, string, number, number, number, number, string[]]>([
  [
    "atis/atis.train.ctf",
    ATIS,
    33554432,
    128,
    70,
    66547,
    [
      "67:832014 5:943152 67:331006",
      "63:124159 5:360231 63:420851",
      "68:887416 5:972076 68:87252",
      "70:480296 5:201530 70:677024",
    ],
  ],
  [
    "atis/atis.train.ctf",
    ATIS,
    100000,
    5,
    70,
    66547,
    [
      "69:942912 5:366710 69:405294",
      "61:334044 4:430968 61:952338",
      "56:914239 4:430976 56:623669",
      "66:941576 5:972506 66:139742",
    ],
  ],
  [
    "sequence-classification/Train.ctf",
    "x:2000s y:5",
    33554432,
    128,
    200,
    5433,
    [
      "200:901030 44:910426",
      "199:447584 47:827607",
      "199:356472 42:280074",
      "197:771586 44:512902",
    ],
  ],
])(
  "%s, inputs %s, chunks of %i bytes, window %i, minibatches of %i",
  (name, streams, chunkSizeInBytes, window, minibatchSize, sweepSize, expected) => {
    const file = `${DATA}/${name}`;
    if (!existsSync(file)) {
      console.warn(`skipped: ${file} is missing`);
      it.skip("comes in CNTK's order", () => undefined);
      return;
    }
    it("comes in CNTK's order", () => {
      const settings: TextFormatSettings = {
        file,
        streams: streamsOf(streams),
        randomization: { window, unit: "chunks" },
        chunkSizeInBytes,
        keepDataInMemory: false,
        frameMode: false,
        skipSequenceIds: false,
        maxErrors: 0,
        traceLevel: 1,
      };
      const reader = CNTKTextFormatReader(settings, (line) => {
        throw new Error(line);
      });
      expect(reader.sweepSize).toBe(sweepSize);
      reader.startEpoch({ minibatchSize, epoch: 0, epochSize: 0 });
      const found = expected.map(() => reader.nextMinibatch());
      expect(found.map((batch) => batch && shown(batch))).toEqual(expected);
    });
  },
);
