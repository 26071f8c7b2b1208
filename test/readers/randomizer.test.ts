/** Golden orders of the randomiser (readers.md 2.6 and 2.7). */

import { crc32 } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { shuffleSweep, type ChunkSize } from "../../src/readers/randomizer.js";

const chunksOf = (...sizes: number[]): ChunkSize[] =>
  sizes.map((size) => ({ sequences: size, samples: size }));

const equalChunks = (count: number, size: number) =>
  chunksOf(...Array.from({ length: count }, () => size));

const numbers = (text: string) => text.trim().split(/\s+/).map(Number);

/** zlib's CRC of the indices as little-endian 32-bit numbers. */
function checksum(order: Uint32Array): string {
  const bytes = Buffer.alloc(4 * order.length);
  order.forEach((sequence, position) => bytes.writeUInt32LE(sequence, 4 * position));
  return crc32(bytes).toString(16).padStart(8, "0");
}

const ALL = { window: 128, unit: "chunks" } as const;

describe("small data", () => {
  it.each([
    [5, 2, ALL, 0, "4 0 3 1 2", "", "6 3 1 5 9 0 4 2 7 8"],
    [5, 2, ALL, 1, "1 0 3 2 4", "", "3 0 8 4 7 5 2 9 1 6"],
    [5, 2, ALL, 2, "1 4 2 0 3", "", "6 5 1 9 0 4 7 3 2 8"],
    [5, 2, { window: Infinity, unit: "samples" }, 0, "4 0 3 1 2", "", "6 3 1 5 9 0 4 2 7 8"],
    [
      5,
      2,
      { window: 4, unit: "samples" },
      0,
      "4 0 3 1 2",
      "0-1 0-2 1-3 2-4 3-5",
      "8 9 1 0 6 7 2 3 4 5",
    ],
    [
      10,
      2,
      { window: 18, unit: "samples" },
      0,
      "4 7 3 9 1 2 8 6 5 0",
      "0-4 0-5 0-6 0-7 0-8 1-9 2-10 3-10 4-10 5-10",
      "18 19 7 14 6 9 8 15 5 2 10 13 16 17 1 4 3 12 11 0",
    ],
    [
      5,
      2,
      { window: 3, unit: "chunks" },
      0,
      "4 0 3 1 2",
      "0-3 0-3 1-4 2-5 2-5",
      "0 9 8 7 1 6 2 5 4 3",
    ],
    [5, 2, { window: 3, unit: "chunks" }, 1, "1 0 3 2 4", "", "1 0 3 2 6 7 9 5 8 4"],
    [5, 2, { window: 3, unit: "chunks" }, 2, "1 4 2 0 3", "", "3 8 9 2 0 4 5 6 7 1"],
    [
      6,
      3,
      { window: 2, unit: "chunks" },
      0,
      "3 2 1 0 4 5",
      "0-2 0-2 1-3 2-4 3-5 4-6",
      "6 11 10 9 7 8 5 4 3 0 2 1 14 13 12 16 17 15",
    ],
  ] as const)(
    "%i chunks of %i, window %j, sweep %i",
    (count, size, randomization, sweep, chunks, windows, order) => {
      const shuffled = shuffleSweep(equalChunks(count, size), randomization, sweep);
      expect(shuffled.chunks).toEqual(numbers(chunks));
      expect([...shuffled.sequences]).toEqual(numbers(order));
      const found = shuffled.windows.map(({ begin, end }) => `${begin}-${end}`).join(" ");
      if (windows !== "") expect(found).toBe(windows);
    },
  );

  it("reads what the windows of later chunks reach back to", () => {
    const { loadedUntil } = shuffleSweep(equalChunks(6, 3), { window: 2, unit: "chunks" }, 0);
    expect(loadedUntil).toEqual([2, 3, 4, 5, 6, 6]);
  });
});

describe("10000 sequences in one chunk", () => {
  it.each([
    [
      0,
      "5694 8810 4377 3278 6387 2618 3663 8257",
      "2074 1358 5571 3796 3272 4439 9238 9973",
      "a0081137",
    ],
    [
      1,
      "4685 2462 2743 313 4031 6409 8628 581",
      "2180 1172 9679 6953 3789 6822 9850 9282",
      "50ea8a32",
    ],
    [
      2,
      "6099 345 8917 3365 1769 5005 5415 3315",
      "9597 3513 9275 4960 6313 4318 9613 5025",
      "3149a91e",
    ],
  ])("sweep %i", (sweep, first, last, sum) => {
    const { sequences } = shuffleSweep(chunksOf(10000), ALL, sweep);
    expect([...sequences.subarray(0, 8)]).toEqual(numbers(first));
    expect([...sequences.subarray(-8)]).toEqual(numbers(last));
    expect(checksum(sequences)).toBe(sum);
  });
});

const WITH_BLANK = [17998, 18011, 18013, 5978];
const WITHOUT_BLANK = [18008, 18021, 18022, 5949];

/** First minibatch of 64 of MNIST in the layout with a blank at the end of each line. */
const FIRST_WITH_BLANK = `
  6105  7054  8249 46290 42396 47927 25650 43576 35305 51842  9810  6638 29592 51007 27387 30808
  4462 42868 14007 10911 11762 49325  5381 38963 53186 49131 43459 34796  8994  7948 44993 44994
 59146 44348 12086  1106 37349 55266 37859 49977 35020 11956 20658 38798 10207 38784  2502 52005
 53669 43132 44179 36018 59950 32783 34932 14559  8366  1516 19698 10180  6895 58686 20727 14999`;
const FIRST_WITHOUT_BLANK = `
  6096  7045  8240 46310 42416 47947 25641 43596 35296 51862  9801  6629 29583 51027 27378 30799
  4453 42888 13998 10902 11753 49345  5372 38983 53206 49151 43479 34787  8985  7939 45013 45014
 59146 44368 12077  1097 37369 55266 37879 49997 35011 11947 20649 38818 10198 38804  2493 52025
 53689 43152 44199 36038 59950 32774 34923 14550  8357  1507 19689 10171  6886 58686 20718 14990`;

describe("MNIST", () => {
  it.each([
    [
      WITH_BLANK,
      0,
      "2 0 1 3",
      FIRST_WITH_BLANK,
      "6869 38184 39813 49465 9531 43626 20888 10957",
      "b8d36f23",
    ],
    [
      WITH_BLANK,
      1,
      "0 2 3 1",
      "19042 12057 54273 10487 10145 8073 13000 54547 2894 9424 3776 22643 43405 23499 47214 19842",
      "",
      "26c4fb72",
    ],
    [
      WITH_BLANK,
      2,
      "0 2 1 3",
      "5659 345 8836 5637 1769 15005 16896 35302 38342 26843 54173 10985 22707 7268 40625 5817",
      "",
      "1efcb8a8",
    ],
    [
      WITHOUT_BLANK,
      0,
      "2 0 1 3",
      FIRST_WITHOUT_BLANK,
      "6860 38204 39833 49485 9522 43646 20879 10948",
      "2082106d",
    ],
    [
      WITHOUT_BLANK,
      1,
      "0 2 3 1",
      "19062 12057 54283 10487 10145 8073 13000 54557 2894 9424 3776 22663 43415 23519 47224 19862",
      "5840",
      "695e85c4",
    ],
    [
      WITHOUT_BLANK,
      2,
      "0 2 1 3",
      "5659 345 8836 5637 1769 15005 16896 35293 38352 26834 54173 10985 22698 7268 40635 5817",
      "25063",
      "3113bbd5",
    ],
  ])("chunks %j, sweep %i", (sizes, sweep, chunks, first, last, sum) => {
    const shuffled = shuffleSweep(chunksOf(...sizes), ALL, sweep);
    const { sequences } = shuffled;
    expect(shuffled.chunks).toEqual(numbers(chunks));
    const expected = numbers(first);
    expect([...sequences.subarray(0, expected.length)]).toEqual(expected);
    const lastExpected = last === "" ? [] : numbers(last);
    expect([...sequences.subarray(sequences.length - lastExpected.length)]).toEqual(lastExpected);
    expect(checksum(sequences)).toBe(sum);
  });
});
