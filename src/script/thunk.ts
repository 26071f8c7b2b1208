/** A value computed on first use, at most once (brainscript.md 4.3). */

import { CntkError } from "../../grammar/errors.js";
import type { SourceRange } from "../../grammar/source.js";
import type { Evaluation } from "./trampoline.js";
import type { Value } from "./value.js";

export class Thunk {
  readonly #begin: () => Evaluation;
  /** what the value is called in messages, and where it stands */
  readonly name: string;
  readonly range: SourceRange | undefined;
  #value: Value | undefined;
  #isBusy = false;

  constructor(name: string, range: SourceRange | undefined, begin: () => Evaluation) {
    this.name = name;
    this.range = range;
    this.#begin = begin;
  }

  /** A thunk whose value is already there. */
  static of(value: Value, name = "", range?: SourceRange): Thunk {
    const thunk = new Thunk(name, range, () => {
      throw new Error("a finished thunk is not evaluated");
    });
    thunk.#value = value;
    return thunk;
  }

  /** The value; evaluates it if nobody has asked for it before. */
  *force(): Evaluation {
    if (this.#value !== undefined) return this.#value;
    if (this.#isBusy) {
      throw new CntkError("evaluating", `circular reference: '${this.name}' needs its own value`, {
        hint: "a recurrence must pass through PastValue or FutureValue",
        ranges: this.range === undefined ? [] : [this.range],
      });
    }
    this.#isBusy = true;
    const value = yield this.#begin();
    this.#isBusy = false;
    this.#value = value;
    return value;
  }
}
