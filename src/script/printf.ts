/** C's number formatting, which CNTK's log, its files of values and BrainScript's strings use. */

import assert from "node:assert/strict";

interface Conversion {
  readonly leftAligned: boolean;
  readonly zeroPadded: boolean;
  readonly width: number;
  readonly precision: number | undefined;
  readonly kind: string;
}

const CONVERSION = /%([-0]*)(\d*)(?:\.(\d+))?([dufegs%])/g;

/**
 * C's printf for `%d %u %f %e %g %s %%` with the flags `-` and `0`, a width and a precision. Exact ties round to even, as
 * the C library does it on the binary value; JavaScript's own conversions round them up.
 */
export function printf(format: string, ...values: readonly (number | string)[]): string {
  let next = 0;
  return format.replace(CONVERSION, (_, flags: string, width: string, precision, kind: string) => {
    if (kind === "%") return "%";
    const value = values[next++];
    assert(value !== undefined, `printf: too few values for "${format}"`);
    return convert(value, {
      leftAligned: flags.includes("-"),
      zeroPadded: flags.includes("0"),
      width: Number(width),
      precision: precision === undefined ? undefined : Number(precision),
      kind,
    });
  });
}

function convert(value: number | string, conversion: Conversion): string {
  const { leftAligned, zeroPadded, width } = conversion;
  if (typeof value === "string") return leftAligned ? value.padEnd(width) : value.padStart(width);
  const text = convertNumber(value, conversion);
  if (leftAligned) return text.padEnd(width);
  if (!zeroPadded || !Number.isFinite(value)) return text.padStart(width);
  const sign = text.startsWith("-") ? "-" : "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}

function convertNumber(value: number, { kind, precision = 6 }: Conversion): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  switch (kind) {
    case "f":
      return fixed(value, precision);
    case "e":
      return exponential(value, precision);
    case "g":
      return general(value, precision);
    default:
      return BigInt(Math.trunc(value)).toString();
  }
}

const sign = (value: number) => (value < 0 || Object.is(value, -0) ? "-" : "");

/** `%.<digits>f` */
export function fixed(value: number, digits: number): string {
  const size = Math.abs(value);
  // toFixed changes to exponents from 1e21 on; such a number is an integer
  if (size >= 1e21) {
    return `${sign(value)}${BigInt(size)}${digits > 0 ? `.${"0".repeat(digits)}` : ""}`;
  }
  const text = size.toFixed(digits);
  return sign(value) + (isTie(size, digits) ? roundedToEven(text) : text);
}

// 2 * 10^digits; files of values are formatted number by number, so this must be quick
const DOUBLED_POWERS = Array.from({ length: 101 }, (_, digits) => 2 * 10 ** digits);

/** True if the number lies exactly between two neighbours with that many decimals. */
function isTie(size: number, digits: number): boolean {
  const doubled = size * (DOUBLED_POWERS[digits] ?? 0);
  // an exact tie makes this an exact odd integer, unless it is too large to be exact
  if (doubled < Number.MAX_SAFE_INTEGER) {
    if (doubled !== Math.floor(doubled) || doubled % 2 === 0) return false;
  }
  const more = Math.min(100, digits + 60);
  return /^50*$/.test(size.toFixed(more).slice(-(more - digits)));
}

/** Takes back the upward rounding of a tie if that made the last digit odd. */
function roundedToEven(text: string): string {
  const last = Number(text.at(-1));
  return last % 2 === 0 ? text : text.slice(0, -1) + String(last - 1);
}

/** `%.<digits>e` */
export function exponential(value: number, digits: number): string {
  const [mantissa = "", exponent = "0"] = exactExponential(Math.abs(value), digits).split("e");
  const power = Number(exponent);
  const sized = String(Math.abs(power)).padStart(2, "0");
  return `${sign(value)}${mantissa}e${power < 0 ? "-" : "+"}${sized}`;
}

function exactExponential(size: number, digits: number): string {
  const text = size.toExponential(digits);
  const more = Math.min(100, digits + 60);
  const exact = size.toExponential(more).split("e")[0] ?? "";
  if (!/^50*$/.test(exact.slice(-(more - digits)))) return text;
  const [mantissa = "", exponent = "0"] = text.split("e");
  return `${roundedToEven(mantissa)}e${exponent}`;
}

/** `%.<significant>g` */
export function general(value: number, significant: number): string {
  const wanted = Math.max(1, significant);
  const scientific = exponential(value, wanted - 1);
  const [mantissa = "", exponent = "0"] = scientific.split("e");
  const power = Number(exponent);
  if (power < -4 || power >= wanted) return `${withoutTrailingZeros(mantissa)}e${exponent}`;
  return withoutTrailingZeros(fixed(value, wanted - 1 - power));
}

function withoutTrailingZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
