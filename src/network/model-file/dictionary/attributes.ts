/** Entries of a dictionary with the types their reader expects. */

import { CntkError } from "../../../../grammar/errors.js";
import type {
  ArrayView,
  Axis,
  Dictionary,
  DictionaryValue,
  ValueOfKind,
  Values,
} from "./values.js";

/** What stands for "to be inferred" in a shape, or for a size that is free. */
const LEAST_UNKNOWN_SIZE = 2 ** 63;

/** @throws CntkError "reading" if an entry is missing or of another type */
export class Entries {
  readonly #entries: Dictionary;
  /** the file and what the dictionary describes, for messages */
  readonly #where: string;

  constructor(entries: Dictionary, where: string) {
    this.#entries = entries;
    this.#where = where;
  }

  /** The same for an entry of this dictionary, or of a list in it. */
  of(entries: Dictionary, what: string): Entries {
    return new Entries(entries, `${this.#where}: ${what}`);
  }

  error(message: string, hint?: string): CntkError {
    return new CntkError("reading", `${this.#where}: ${message}`, { hint });
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  bool(key: string, absent?: boolean): boolean {
    return this.#get(key, "bool", absent);
  }

  string(key: string, absent?: string): string {
    return this.#get(key, "string", absent);
  }

  axis(key: string): Axis {
    return this.#get(key, "axis", undefined);
  }

  array(key: string): ArrayView {
    return this.#get(key, "array", undefined);
  }

  dictionary(key: string): Entries {
    return this.of(this.#get(key, "dictionary", new Map()), key);
  }

  /** A whole or real number of any type. */
  number(key: string, absent?: number): number {
    const value = this.#entries.get(key);
    if (value === undefined && absent !== undefined) return absent;
    if (value?.kind === "number") return value.value;
    if (value?.kind === "size" && value.value <= Number.MAX_SAFE_INTEGER)
      return Number(value.value);
    throw this.#wrong(key, "a number", value);
  }

  /** 64 bits. */
  bits(key: string): bigint {
    return this.#get(key, "size", 0n);
  }

  /** A size to be inferred is 0; a scalar has one axis of size 1. */
  shape(key: string, absent?: readonly number[]): readonly number[] {
    const sizes = this.#get(key, "shape", absent);
    if (sizes.length === 0) return [1];
    return sizes.map((size) => {
      if (size >= LEAST_UNKNOWN_SIZE) return 0;
      if (size < 2 ** 32) return size;
      throw this.error(`${key}: expected sizes below 2^32, found ${size}`);
    });
  }

  /** A list of values of one type. */
  list<K extends keyof Values>(key: string, kind: K, absent?: readonly never[]): Values[K][] {
    return this.#get(key, "vector", absent).map((value) => {
      if (isOfKind(value, kind)) return value.value;
      throw this.#wrong(key, `a list of type ${kind}`, value);
    });
  }

  #get<K extends keyof Values>(key: string, kind: K, absent: Values[K] | undefined): Values[K] {
    const value = this.#entries.get(key);
    if (value === undefined && absent !== undefined) return absent;
    if (value !== undefined && isOfKind(value, kind)) return value.value;
    throw this.#wrong(key, `a value of type ${kind}`, value);
  }

  #wrong(key: string, expected: string, found: DictionaryValue | undefined): CntkError {
    return this.error(
      `'${key}': expected ${expected}, found ${found === undefined ? "nothing" : `one of type ${found.kind}`}`,
    );
  }
}

function isOfKind<K extends keyof Values>(
  value: DictionaryValue,
  kind: K,
): value is DictionaryValue & ValueOfKind<K> {
  return value.kind === kind;
}
