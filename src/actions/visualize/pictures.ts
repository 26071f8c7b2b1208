/** Grey pictures from node values, PNG files from pictures, and the contact sheet of a whole set. */

import { PNG } from "pngjs";
import type { Shape } from "../../operations/shape.js";

/** A grey picture: one byte a pixel, row by row from the top left, 0 black, 255 white. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** What a sample looks like on paper: so many maps of width x height. */
export interface MapLayout {
  readonly width: number;
  readonly height: number;
  readonly maps: number;
}

/** The pictures of one image; without an encoding where the encoding is no map. */
export interface ImagePictures {
  readonly input: Picture;
  readonly encoding: Picture | undefined;
  readonly output: Picture;
}

/**
 * How to draw a sample of the given shape: `[W x H x C]` is C maps, a vector is drawn as a square.
 * Undefined for a vector whose length is not a square number.
 */
export function mapLayout(shape: Shape): MapLayout | undefined {
  const [width = 0, height, ...rest] = shape;
  if (height !== undefined) {
    return { width, height, maps: rest.reduce((product, size) => product * size, 1) };
  }
  const side = Math.round(Math.sqrt(width));
  return side > 0 && side * side === width ? { width: side, height: side, maps: 1 } : undefined;
}

const BLACK = 0;
const GREY = 128;
const WHITE = 255;

/**
 * Draws the maps of one sample, several of them in a grid with grey lines between.
 * @param values one sample, first axis fastest: already the order of pixels in a row
 * @param scale grey levels for a value of 1
 */
export function drawMaps(values: ArrayLike<number>, layout: MapLayout, scale: number): Picture {
  const { width, height, maps } = layout;
  const columns = Math.ceil(Math.sqrt(maps));
  const rows = Math.ceil(maps / columns);
  const picture = blank(columns * (width + 1) - 1, rows * (height + 1) - 1, GREY);
  for (let map = 0; map < maps; map++) {
    const first = map * width * height;
    const pixels = Uint8Array.from({ length: width * height }, (_, pixel) =>
      greyLevel((values[first + pixel] ?? 0) * scale),
    );
    const column = map % columns;
    const row = Math.floor(map / columns);
    paste(picture, { width, height, pixels }, column * (width + 1), row * (height + 1));
  }
  return picture;
}

function greyLevel(level: number): number {
  return Number.isNaN(level) ? BLACK : Math.min(WHITE, Math.max(BLACK, Math.round(level)));
}

/** Every pixel becomes a square of `zoom` x `zoom` pixels. */
export function enlarge(picture: Picture, zoom: number): Picture {
  const width = picture.width * zoom;
  const height = picture.height * zoom;
  const pixels = Uint8Array.from({ length: width * height }, (_, index) => {
    const x = Math.floor((index % width) / zoom);
    const y = Math.floor(index / width / zoom);
    return picture.pixels[y * picture.width + x] ?? BLACK;
  });
  return { width, height, pixels };
}

/** The bytes of a PNG file with one grey channel of 8 bits. */
export function encodePng(picture: Picture): Buffer {
  const png = new PNG({ width: picture.width, height: picture.height });
  png.data = Buffer.from(picture.pixels);
  const grey = 0;
  return PNG.sync.write(png, {
    colorType: grey,
    inputColorType: grey,
    inputHasAlpha: false,
    bitDepth: 8,
  });
}

/** Pixels of a cell of the contact sheet: three times MNIST. A larger picture makes the cells larger. */
const CELL = 84;
const GAP = 6;
const IMAGES_PER_BAND = 10;

/** One picture of all images: columns of input, encoding and output below each other, ten images in a band. */
export function contactSheet(images: readonly ImagePictures[]): Picture {
  const columns = images.map(({ input, encoding, output }) =>
    encoding === undefined ? [input, output] : [input, encoding, output],
  );
  const sides = columns.flat().map((picture) => Math.max(picture.width, picture.height));
  const step = Math.max(CELL, ...sides) + GAP;
  const perBand = Math.min(IMAGES_PER_BAND, images.length);
  const rows = Math.max(0, ...columns.map((column) => column.length));
  const bandHeight = rows * step + 2 * GAP;
  const bands = Math.ceil(images.length / IMAGES_PER_BAND);
  const sheet = blank(perBand * step + GAP, bands * bandHeight - GAP, WHITE);
  columns.forEach((column, image) => {
    const left = GAP + (image % IMAGES_PER_BAND) * step;
    const top = GAP + Math.floor(image / IMAGES_PER_BAND) * bandHeight;
    column.forEach((picture, row) => {
      const fitted = fitInto(picture, step - GAP);
      const x = left + Math.floor((step - GAP - fitted.width) / 2);
      const y = top + row * step + Math.floor((step - GAP - fitted.height) / 2);
      paste(sheet, fitted, x, y);
    });
  });
  return sheet;
}

/** The picture, enlarged as often as it fits into a square: whole pixels stay whole. */
function fitInto(picture: Picture, side: number): Picture {
  const zoom = Math.floor(side / Math.max(picture.width, picture.height));
  return enlarge(picture, Math.max(1, zoom));
}

function blank(width: number, height: number, level: number): Picture {
  return { width, height, pixels: new Uint8Array(width * height).fill(level) };
}

/** Changes `target`: puts `picture` into it with its top left corner at (x, y). */
function paste(target: Picture, picture: Picture, x: number, y: number): void {
  for (let row = 0; row < picture.height; row++) {
    const line = picture.pixels.subarray(row * picture.width, (row + 1) * picture.width);
    target.pixels.set(line, (y + row) * target.width + x);
  }
}
