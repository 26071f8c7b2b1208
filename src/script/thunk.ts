/** A value computed on first use, at most once (brainscript.md 4.3). */

import { CntkError } from "../../grammar/errors.js";
import { describePlace, type SourceRange } from "../../grammar/source.js";
import type { Evaluation } from "./trampoline.js";
import type { Value } from "./value.js";

export class Thunk {
  readonly #begin: () => Evaluation | Value;
  /** what the value is called in messages, and where it stands */
  readonly name: string;
  readonly range: SourceRange | undefined;
  #value: Value | undefined;
  #isBusy = false;

  constructor(name: string, range: SourceRange | undefined, begin: () => Evaluation | Value) {
    this.name = name;
    this.range = range;
    this.#begin = begin;
  }

  /** A thunk whose value is already there. */
  static of(value: Value, name = "", range?: SourceRange): Thunk {
    const thunk = new Thunk(name, range, () => value);
    thunk.#value = value;
    return thunk;
  }

  /** The value if somebody has asked for it before. */
  get value(): Value | undefined {
    return this.#value;
  }

  /** The value; evaluates it if nobody has asked for it before. */
  force(): Evaluation | Value {
    return this.#value ?? this.#compute();
  }

  *#compute(): Evaluation {
    if (this.#isBusy) throw new Circle(this);
    this.#isBusy = true;
    try {
      this.#value = yield this.#begin();
    } catch (error) {
      throw error instanceof Circle ? error.through(this) : error;
    }
    this.#isBusy = false;
    return this.#value;
  }
}

/** On its way from the thunk that asks for its own value, through those that wait between, back to that thunk. */
class Circle extends Error {
  readonly #start: Thunk;
  /** members of records between, innermost first; arguments have no name that the user knows */
  readonly #members: Thunk[] = [];

  constructor(start: Thunk) {
    super("circular reference");
    this.#start = start;
  }

  through(thunk: Thunk): Error {
    if (thunk === this.#start) return this.#closed();
    if (isMember(thunk)) this.#members.push(thunk);
    return this;
  }

  #closed(): CntkError {
    const start = this.#start;
    const others = this.#members.reverse();
    const circle = [start, ...others, start].map(({ name }) => name).join(" -> ");
    const message = `circular reference: '${start.name}' needs its own value`;
    const notes = others
      .slice(0, 10)
      .map(
        ({ name, range }) => `'${name}' is at ${range === undefined ? "?" : describePlace(range)}`,
      );
    return new CntkError("evaluating", others.length === 0 ? message : `${message}: ${circle}`, {
      hint:
        others.length === 0
          ? "in its own definition a name stands for what is being defined; a recurrence must pass through PastValue or FutureValue"
          : "a recurrence must pass through PastValue or FutureValue",
      notes,
      ranges: start.range === undefined ? [] : [start.range],
    });
  }
}

/** A member of a record in a user's file: its place is its name. */
function isMember({ name, range }: Thunk): boolean {
  if (range === undefined || range.file.isLibrary === true) return false;
  return range.file.text.slice(range.start, range.end) === name;
}
