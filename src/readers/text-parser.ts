/** The grammar of the CNTK text format: bytes to samples (readers.md 1.1 to 1.4; CNTK: TextParser). */

import { describeByte, type TextEvents, type TextInView } from "./text-events.js";
import type { TextIndex } from "./text-index.js";
import { NumberScanner } from "./text-numbers.js";
import type { DenseColumns, ParsedStream, SparseColumns } from "./text-streams.js";

const TAB = 9;
const LINE_FEED = 10;
const BLANK = 32;
const HASH = 35;
const COLON = 58;
const PIPE = 0x7c;

/** Parses one sequence after another and appends their samples to the streams. */
export class TextParser {
  readonly #events: TextEvents;
  readonly #streams: readonly ParsedStream[];
  readonly #longestAlias: number;
  readonly #numbers: NumberScanner;
  #bytes: Uint8Array = new Uint8Array();
  /** next byte, and end of the sequence being read */
  #position = 0;
  #end = 0;

  constructor(streams: readonly ParsedStream[], events: TextEvents) {
    this.#events = events;
    this.#numbers = new NumberScanner(events);
    this.#streams = streams;
    this.#longestAlias = Math.max(...streams.map(({ alias }) => alias.length));
  }

  /** Positions refer to this text from now on, those of the events too. */
  enter(text: TextInView): void {
    this.#bytes = text.bytes;
    this.#numbers.enter(text.bytes);
    this.#events.enter(text);
  }

  /**
   * @param sequence its number in the file
   * @param position its first byte in the buffer
   * @throws CntkError "reading" if there are more mistakes than allowed
   */
  parse({ starts, lengths, isLinePerSequence }: TextIndex, sequence: number, position: number) {
    this.#position = position;
    this.#end = position + (starts[sequence + 1] ?? 0) - (starts[sequence] ?? 0);
    this.#readRows(lengths[sequence] ?? 1, () =>
      isLinePerSequence ? `${sequence}` : this.#idAt(position),
    );
  }

  /** @param key of the sequence, for messages */
  #readRows(rows: number, key: () => string): void {
    const events = this.#events;
    const begin = this.#position;
    let rowsRead = 0;
    for (let row = 1; row <= rows; row++) {
      const rowBegin = this.#position;
      if (this.#readRow()) rowsRead++;
      else {
        const message = `row ${row} of sequence ${key()} has no sample`;
        events.mistake(this.#position, message, rowBegin);
      }
      if (this.#position >= this.#end && rowsRead < rows) {
        const found = `only ${rowsRead} of its ${rows} rows could be read`;
        events.warn(this.#position, `sequence ${key()} has ended, but ${found}`);
        break;
      }
    }
    this.#checkLengths(rows, begin, key);
    if (events.tellsNotes)
      events.note(this.#position, `sequence ${key()}: ${rowsRead} of ${rows} rows read`);
  }

  #checkLengths(rows: number, begin: number, key: () => string): void {
    let longest = 0;
    let isTooLong = false;
    const empty: string[] = [];
    for (const { name, columns } of this.#streams) {
      const samples = columns.samplesInSequence;
      columns.endSequence();
      if (samples === 0) empty.push(`'${name}'`);
      if (samples > longest) longest = samples;
      if (samples <= rows) continue;
      isTooLong = true;
      const message = `input '${name}' has ${samples} samples in sequence ${key()} of ${rows} rows`;
      this.#events.warn(this.#position, message);
    }
    if (empty.length > 0) {
      const message = `input ${empty.join(", ")} has no sample in sequence ${key()}`;
      const hint = "each sequence must have at least one sample of each input";
      throw this.#events.fatal(begin, message, hint);
    }
    if (isTooLong) {
      const message = `sequence ${key()} has more samples of an input than its ${rows} rows`;
      this.#events.mistake(this.#position, message, begin);
    } else if (longest < rows) {
      const message = `sequence ${key()} has ${rows} rows, but at most ${longest} samples of an input`;
      this.#events.mistake(this.#position, message, begin);
    }
  }

  /** Reads up to the end of the line; false if there was no sample. */
  #readRow(): boolean {
    this.#skipDigits();
    let samples = 0;
    while (this.#position < this.#end) {
      const byte = this.#bytes[this.#position] ?? 0;
      if (byte === PIPE) {
        if (this.#readItem()) samples++;
      } else if (byte === LINE_FEED) {
        this.#position++;
        if (samples === 0) this.#events.warn(this.#position, "a row without samples");
        else if (samples > this.#streams.length) {
          const message = `a row of ${samples} samples, but there are ${this.#streams.length} inputs`;
          this.#events.warn(this.#position, message);
        }
        return samples > 0;
      } else if (byte <= BLANK || byte >= 0x80) {
        this.#position++;
      } else {
        const message = `expected '|' and the name of an input, found ${describeByte(byte)}`;
        this.#events.mistake(this.#position, message);
        this.#skipItem();
      }
    }
    this.#events.warn(this.#position, "the last row does not end with a line feed");
    return true;
  }

  #skipDigits(): void {
    while (this.#position < this.#end) {
      const byte = this.#bytes[this.#position] ?? 0;
      if (byte < 48 || byte > 57) return;
      this.#position++;
    }
  }

  /** Skips to the next '|' or end of line. */
  #skipItem(): void {
    while (this.#position < this.#end) {
      const byte = this.#bytes[this.#position];
      if (byte === PIPE || byte === LINE_FEED) return;
      this.#position++;
    }
  }

  /** Reads a sample or a comment; false if no sample came of it. */
  #readItem(): boolean {
    this.#position++;
    const isComment = this.#position < this.#end && this.#bytes[this.#position] === HASH;
    const stream = isComment ? undefined : this.#readName();
    const isRead =
      stream !== undefined &&
      (stream.columns.kind === "dense"
        ? this.#readDense(stream, stream.columns)
        : this.#readSparse(stream, stream.columns));
    if (!isRead) this.#skipItem();
    return isRead;
  }

  #readName(): ParsedStream | undefined {
    const begin = this.#position;
    for (; this.#position < this.#end; this.#position++) {
      const byte = this.#bytes[this.#position] ?? 0;
      const length = this.#position - begin;
      if (byte <= BLANK || byte >= 0x80 || byte === PIPE) {
        if (length > 0) return this.#streamNamed(begin, this.#position);
        const message = `expected the name of an input after '|', found ${describeByte(byte)}`;
        this.#events.mistake(begin, message);
        return undefined;
      }
      if (length >= this.#longestAlias) {
        const known = this.#streams.map(({ alias }) => `'${Buffer.from(alias).toString()}'`);
        const message = `the name of an input is longer than any of ${known.join(", ")}`;
        this.#events.mistake(this.#position, message, begin);
        return undefined;
      }
    }
    this.#events.mistake(this.#position, "the sequence ends in the name of an input", begin);
    return undefined;
  }

  #streamNamed(begin: number, end: number): ParsedStream | undefined {
    for (const stream of this.#streams) {
      const { alias } = stream;
      if (alias.length !== end - begin) continue;
      let i = 0;
      while (i < alias.length && alias[i] === this.#bytes[begin + i]) i++;
      if (i === alias.length) return stream;
    }
    if (this.#events.tellsNotes) {
      this.#events.note(
        end,
        `input '${this.#textAt(begin, end)}' is skipped: the config does not mention it`,
      );
    }
    return undefined;
  }

  #readDense({ name, dimension }: ParsedStream, columns: DenseColumns): boolean {
    const count = this.#readDenseValues(columns, dimension);
    if (count === undefined) return false;
    if (this.#position < this.#end) {
      if (!this.#checkCount(name, count, dimension)) return false;
    } else if (count === 0) {
      const message = `the sequence ends before the values of input '${name}'`;
      this.#events.mistake(this.#position, message);
      return false;
    }
    columns.append(count);
    return true;
  }

  /** Reads to the end of the sample and returns the number of values; undefined after a mistake. */
  #readDenseValues(columns: DenseColumns, dimension: number): number | undefined {
    const { sample, sampleBytes } = columns;
    const bytes = this.#bytes;
    const end = this.#end;
    let position = this.#position;
    let count = 0;
    let largest = 0;
    while (position < end) {
      let byte = bytes[position] ?? 0;
      if (byte === BLANK || byte === TAB) {
        position++;
        continue;
      }
      if (byte === PIPE || byte < BLANK || byte >= 0x80) break;
      // Plain digits, by far the most frequent case, are read here; all other numbers by the scanner. A sequence ends
      // with a line feed or with the file: digits stop there without a look at `end`.
      const begin = position;
      let value = byte - 48;
      let isPlain = value >= 0 && value <= 9;
      if (isPlain) {
        byte = bytes[++position] ?? 0;
        while (byte >= 48 && byte <= 57) {
          value = value * 10 + (byte - 48);
          byte = bytes[++position] ?? 0;
        }
        isPlain = byte !== 46 && byte !== 69 && byte !== 101;
      }
      if (!isPlain) {
        const isNumber = this.#numbers.scan(begin, end);
        this.#position = position = this.#numbers.position;
        if (!isNumber) return undefined;
        value = this.#numbers.value;
        if (!fitsByte(value)) largest = Infinity;
      }
      if (count < dimension) {
        sample[count] = value;
        sampleBytes[count] = value;
      }
      if (value > largest) largest = value;
      count++;
    }
    this.#position = position;
    columns.sampleFitsBytes = largest <= 255;
    return count;
  }

  /** Compares a number of dense values with the one expected; fewer are filled up with zeros. */
  #checkCount(name: string, count: number, dimension: number): boolean {
    if (count > dimension) {
      const message = `input '${name}' has dimension ${dimension}, but here are ${count} values`;
      this.#events.mistake(this.#position, message);
      return false;
    }
    if (count < dimension) {
      const message = `input '${name}' has dimension ${dimension}, but here are ${count} values; the rest are zeros`;
      this.#events.warn(this.#position, message);
    }
    return true;
  }

  #readSparse(stream: ParsedStream, columns: SparseColumns): boolean {
    while (this.#position < this.#end) {
      const byte = this.#bytes[this.#position] ?? 0;
      if (byte === BLANK || byte === TAB) {
        this.#position++;
      } else if (byte === PIPE || byte < BLANK || byte >= 0x80) {
        columns.append();
        return true;
      } else if (!this.#readEntry(stream, columns)) {
        columns.drop();
        return false;
      }
    }
    if (columns.entriesInSequence === 0) {
      const message = `the sequence ends before the values of input '${stream.name}'`;
      this.#events.mistake(this.#position, message);
      return false;
    }
    columns.append();
    return true;
  }

  /** `index:value` */
  #readEntry({ name, dimension }: ParsedStream, columns: SparseColumns): boolean {
    const begin = this.#position;
    let index = 0;
    let byte = this.#bytes[begin] ?? 0;
    while (this.#position < this.#end && byte >= 48 && byte <= 57) {
      index = index * 10 + (byte - 48);
      byte = this.#bytes[++this.#position] ?? 0;
    }
    const found = this.#position < this.#end ? byte : undefined;
    const mistake = (message: string) => {
      this.#events.mistake(this.#position, `input '${name}': ${message}`, begin);
      return false;
    };
    if (this.#position === begin)
      return mistake(`expected index:value, found ${describeByte(found)}`);
    if (index >= dimension) {
      const digits = this.#textAt(begin, this.#position);
      return mistake(`index ${digits} is not below the dimension ${dimension}`);
    }
    if (found !== COLON)
      return mistake(`expected ':' after the index ${index}, found ${describeByte(found)}`);
    const isNumber = this.#numbers.scan(this.#position + 1, this.#end);
    this.#position = this.#numbers.position;
    if (isNumber) columns.addValue(index, this.#numbers.value);
    return isNumber;
  }

  #idAt(begin: number): string {
    let end = begin;
    for (let byte = this.#bytes[end]; byte !== undefined && byte >= 48 && byte <= 57;)
      byte = this.#bytes[++end];
    return this.#textAt(begin, end);
  }

  #textAt(begin: number, end: number): string {
    return Buffer.from(this.#bytes.subarray(begin, end)).toString();
  }
}

function fitsByte(value: number): boolean {
  return value >= 0 && value <= 255 && Number.isInteger(value) && !Object.is(value, -0);
}
