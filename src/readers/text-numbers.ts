/** Numbers of the CNTK text format, computed as CNTK does, bit by bit (readers.md 1.1). */

import { describeByte, type TextEvents } from "./text-events.js";

const PLUS = 43;
const MINUS = 45;
const POINT = 46;

const isDigit = (byte: number) => byte >= 48 && byte <= 57;
const isLetterE = (byte: number) => byte === 69 || byte === 101;

/** Rounded correctly, which Math.pow does not promise; beyond these 0 or infinity. */
const LARGEST_EXPONENT = 400;
/** From the -400th to the 400th. */
export const POWERS_OF_TEN: Readonly<Float64Array> = Float64Array.from(
  { length: 2 * LARGEST_EXPONENT + 1 },
  (_, i) => Number(`1e${i - LARGEST_EXPONENT}`),
);

function powerOfTen(exponent: number): number {
  const limited = Math.max(-LARGEST_EXPONENT, Math.min(LARGEST_EXPONENT, exponent));
  return POWERS_OF_TEN[limited + LARGEST_EXPONENT] ?? 0;
}

/** Scans one number after another; leaves its `value` and the `position` behind it, or that of the wrong byte. */
export class NumberScanner {
  readonly #events: TextEvents;
  #bytes: Uint8Array = new Uint8Array();
  #end = 0;
  position = 0;
  value = 0;
  /** of the digits read last: their value, and ten to the power of how many there are */
  #integer = 0;
  #scale = 1;

  constructor(events: TextEvents) {
    this.#events = events;
  }

  /** Positions refer to these bytes from now on. */
  enter(bytes: Uint8Array): void {
    this.#bytes = bytes;
  }

  /**
   * `[sign] digits [. [digits [exponent]]]` or `[sign] digits exponent`; "1.e1" is the number 1 before a wrong byte.
   * @returns false after a mistake that was told
   */
  scan(begin: number, end: number): boolean {
    this.position = begin;
    this.#end = end;
    const isNegative = this.#readSign();
    if (!this.#readDigits()) return this.#mistake("a digit");
    let value = this.#integer;
    let mayHaveExponent = true;
    if (this.#byte() === POINT) {
      this.position++;
      mayHaveExponent = this.#readDigits();
      if (mayHaveExponent) value += this.#integer / this.#scale;
    }
    if (isNegative) value = -value;
    if (mayHaveExponent && isLetterE(this.#byte())) {
      this.position++;
      const isSmall = this.#readSign();
      if (!this.#readDigits()) return this.#mistake("the digits of an exponent");
      value *= powerOfTen(isSmall ? -this.#integer : this.#integer);
    }
    this.value = value;
    return true;
  }

  /** The byte at the position; 0 at the end, which no number contains. */
  #byte(): number {
    return this.position < this.#end ? (this.#bytes[this.position] ?? 0) : 0;
  }

  #readSign(): boolean {
    const byte = this.#byte();
    if (byte === MINUS || byte === PLUS) this.position++;
    return byte === MINUS;
  }

  #readDigits(): boolean {
    const begin = this.position;
    this.#integer = 0;
    this.#scale = 1;
    for (let byte = this.#byte(); isDigit(byte); byte = this.#byte()) {
      this.#integer = this.#integer * 10 + (byte - 48);
      this.#scale *= 10;
      this.position++;
    }
    return this.position > begin;
  }

  #mistake(expected: string): false {
    const byte = this.position < this.#end ? this.#bytes[this.position] : undefined;
    this.#events.mistake(
      this.position,
      `malformed number: expected ${expected}, found ${describeByte(byte)}`,
    );
    return false;
  }
}
