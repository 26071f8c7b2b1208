/** Sample shapes in CNTK's notation: first axis fastest, `[W x H x C]`. */

/** Sizes of one sample; 0 is a size not known yet; rank 0 is a shape not known at all. */
export type Shape = readonly number[];

/** Number of elements of one sample. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** `28 x 28 x 1`; an unknown shape prints as `0`. */
export function printShape(shape: Shape): string {
  return shape.length === 0 ? "0" : shape.join(" x ");
}

export function sameShape(one: Shape, other: Shape): boolean {
  return one.length === other.length && one.every((size, axis) => size === other[axis]);
}

/** True when every size is known. */
export function isKnown(shape: Shape): boolean {
  return shape.length > 0 && shape.every((size) => size > 0);
}
