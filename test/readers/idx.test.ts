/** idx files and the text made of them. */

import { writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { cntkText, parseIdx, readIdx } from "../../src/readers/idx.js";
import { idxOf } from "./idx-files.js";
import { folder } from "./small-texts.js";

describe("readIdx", () => {
  const bytes = idxOf([2, 2, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 255]);

  it.each([
    ["plain", bytes],
    ["gzip", gzipSync(bytes)],
  ])("%s", (name, content) => {
    const file = path.join(folder, name);
    writeFileSync(file, content);
    const { dimensions, data } = readIdx(file);
    expect(dimensions).toEqual([2, 2, 3]);
    expect([...data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 255]);
  });

  it.each([
    ["no idx file", Buffer.from("GIF89a"), /found magic number 0x47494638$/],
    ["floats", Buffer.from([0, 0, 13, 1, 0, 0, 0, 0]), /found magic number 0x00000d01$/],
    ["cut", bytes.subarray(0, -1), /found 11 bytes for 2 x 2 x 3, which are 12$/],
    ["too long", Buffer.concat([bytes, bytes]), /found 40 bytes for 2 x 2 x 3, which are 12$/],
    ["cut in the header", bytes.subarray(0, 7), /found 7 bytes$/],
    ["empty", Buffer.alloc(0), /found 0 bytes$/],
  ])("%s is a mistake", (_, content, message) => {
    expect(() => parseIdx("digits", content)).toThrow(message);
  });

  it("a damaged gzip file is a mistake", () => {
    const file = path.join(folder, "damaged");
    writeFileSync(file, gzipSync(bytes).subarray(0, -9));
    expect(() => readIdx(file)).toThrow(/damaged: damaged gzip file: /);
  });
});

describe("cntkText", () => {
  const text = (images: Buffer, labels: Buffer) =>
    Buffer.concat([
      ...cntkText({ images: parseIdx("images", images), labels: parseIdx("labels", labels) }),
    ]).toString();

  it("is a line for each image, without blank at its end", () => {
    const images = idxOf([3, 1, 4], [0, 1, 2, 9, 10, 99, 100, 101, 109, 110, 200, 255]);
    expect(text(images, idxOf([3], [0, 9, 3]))).toBe(
      "|labels 1 0 0 0 0 0 0 0 0 0 |features 0 1 2 9\n" +
        "|labels 0 0 0 0 0 0 0 0 0 1 |features 10 99 100 101\n" +
        "|labels 0 0 0 1 0 0 0 0 0 0 |features 109 110 200 255\n",
    );
  });

  it("comes in blocks", () => {
    const count = 2345;
    const images = idxOf(
      [count, 1],
      Array.from({ length: count }, (_, i) => i % 256),
    );
    const lines = text(
      images,
      idxOf(
        [count],
        Array.from({ length: count }, () => 1),
      ),
    ).split("\n");
    expect(lines.length).toBe(count + 1);
    expect(lines[2344]).toBe("|labels 0 1 0 0 0 0 0 0 0 0 |features 40");
  });

  it.each([
    [idxOf([2, 1], [0, 0]), idxOf([3], [0, 0, 0]), /as many images as labels, found 2 x 1 and 3$/],
    [idxOf([2, 1], [0, 0]), idxOf([2], [0, 10]), /labels from 0 to 9, found 10 for image 1$/],
  ])("images and labels have to fit together", (images, labels, message) => {
    expect(() => text(images, labels)).toThrow(message);
  });
});
