import { describe, expect, it } from "@jest/globals";
import { PNG } from "pngjs";
import {
  contactSheet,
  drawMaps,
  encodePng,
  enlarge,
  mapLayout,
  type ImagePictures,
  type Picture,
} from "../../../src/actions/visualize/pictures.js";

/** A picture from its rows. */
function picture(...rows: number[][]): Picture {
  const width = rows[0]?.length ?? 0;
  return { width, height: rows.length, pixels: Uint8Array.from(rows.flat()) };
}

const rowsOf = ({ width, height, pixels }: Picture) =>
  Array.from({ length: height }, (_, row) => [...pixels.subarray(row * width, (row + 1) * width)]);

const even = (side: number, level: number): Picture => ({
  width: side,
  height: side,
  pixels: new Uint8Array(side * side).fill(level),
});

describe("mapLayout", () => {
  it.each([
    { shape: [28, 28, 1], layout: { width: 28, height: 28, maps: 1 } },
    { shape: [7, 5, 3], layout: { width: 7, height: 5, maps: 3 } },
    { shape: [28, 28], layout: { width: 28, height: 28, maps: 1 } },
    { shape: [784], layout: { width: 28, height: 28, maps: 1 } },
    { shape: [200], layout: undefined },
    { shape: [], layout: undefined },
  ])("of $shape", ({ shape, layout }) => {
    expect(mapLayout(shape)).toEqual(layout);
  });
});

describe("drawMaps", () => {
  it.each([
    {
      name: "width runs fastest",
      values: [0, 1, 2, 3, 4, 5],
      layout: { width: 3, height: 2, maps: 1 },
      scale: 10,
      rows: [
        [0, 10, 20],
        [30, 40, 50],
      ],
    },
    {
      name: "levels are rounded and cut to 0..255",
      values: [-1, 0.5, 1, NaN],
      layout: { width: 4, height: 1, maps: 1 },
      scale: 256,
      rows: [[0, 128, 255, 0]],
    },
    {
      name: "three maps stand in a grid with grey lines and a grey hole",
      values: [1, 2, 3],
      layout: { width: 1, height: 1, maps: 3 },
      scale: 1,
      rows: [
        [1, 128, 2],
        [128, 128, 128],
        [3, 128, 128],
      ],
    },
  ])("$name", ({ values, layout, scale, rows }) => {
    expect(rowsOf(drawMaps(values, layout, scale))).toEqual(rows);
  });
});

describe("enlarge", () => {
  it("makes squares of pixels", () => {
    expect(rowsOf(enlarge(picture([1, 2], [3, 4]), 2))).toEqual([
      [1, 1, 2, 2],
      [1, 1, 2, 2],
      [3, 3, 4, 4],
      [3, 3, 4, 4],
    ]);
  });
});

describe("encodePng", () => {
  it("is read back pixel for pixel", () => {
    const original = picture([0, 127, 255], [1, 2, 3]);
    const { width, height, data } = PNG.sync.read(encodePng(original));
    const [red, green, blue, alpha] = [0, 1, 2, 3].map((channel) =>
      [...data].filter((_, index) => index % 4 === channel),
    );
    expect({ width, height }).toEqual({ width: 3, height: 2 });
    expect(red).toEqual([...original.pixels]);
    expect(green).toEqual(red);
    expect(blue).toEqual(red);
    expect(alpha).toEqual([255, 255, 255, 255, 255, 255]);
  });
});

describe("contactSheet", () => {
  const image = (encoding: Picture | undefined): ImagePictures => ({
    input: even(28, 10),
    encoding,
    output: even(28, 30),
  });
  const level = (sheet: Picture, x: number, y: number) => sheet.pixels[y * sheet.width + x];

  it("puts input, encoding and output below each other, enlarged to the same size", () => {
    const sheet = contactSheet([image(even(7, 20)), image(even(7, 20))]);
    expect([sheet.width, sheet.height]).toEqual([6 + 2 * 90, 6 + 3 * 90]);
    expect([48, 138, 228].map((y) => level(sheet, 48, y))).toEqual([10, 20, 30]);
    expect(level(sheet, 138, 228)).toBe(30);
    // the corners of a cell, and the gap after it
    expect([6, 89, 90].map((x) => level(sheet, x, 6))).toEqual([10, 10, 255]);
  });

  it("centres what does not fill its cell", () => {
    const wide: Picture = { width: 4, height: 1, pixels: Uint8Array.of(20, 20, 20, 20) };
    const sheet = contactSheet([image(wide)]);
    expect([96, 137, 138, 158, 159].map((y) => level(sheet, 48, y))).toEqual([
      255, 20, 20, 255, 255,
    ]);
  });

  it("leaves the encoding out where there is none", () => {
    const sheet = contactSheet([image(undefined)]);
    expect(sheet.height).toBe(6 + 2 * 90);
    expect([48, 138].map((y) => level(sheet, 48, y))).toEqual([10, 30]);
  });

  it("starts a new band after ten images", () => {
    const sheet = contactSheet(Array.from({ length: 11 }, () => image(undefined)));
    expect([sheet.width, sheet.height]).toEqual([6 + 10 * 90, 2 * (2 * 90 + 12) - 6]);
    const secondBand = 2 * 90 + 12;
    expect(level(sheet, 48, secondBand + 48)).toBe(10);
    expect(level(sheet, 138, secondBand + 48)).toBe(255);
  });
});
