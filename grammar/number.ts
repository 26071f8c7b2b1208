/** The value of a C floating literal, decimal or hexadecimal, as both layers of a .cntk file write numbers. */

/** Matches a whole literal without sign. */
export const floatingLiteral =
  /^(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/;

/** @param literal matches `floatingLiteral` */
export function valueOfLiteral(literal: string): number {
  const hexadecimal = /^0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?$/.exec(literal);
  if (hexadecimal === null) return Number(literal);
  const [, whole = "", fraction = "", exponent = "0"] = hexadecimal;
  // The digits as one integer are rounded once; a power of two then changes the exponent only.
  const digits = Number(BigInt(`0x${whole}${fraction}`));
  return digits * 2 ** (Number(exponent) - 4 * fraction.length);
}
