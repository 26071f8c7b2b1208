/** What commands take: options and positionals, each with its type and what help says about it. */

import { nearestName, type CntkError } from "../../grammar/errors.js";

/** The error for a value that does not fit. @param hint in place of the one that leads to the help */
export type Mismatch = (found: string, hint?: string) => CntkError;

/** Something a command takes: an option, or a positional, which is known by its place. */
export interface Parameter<Value> {
  readonly name: string;
  /** for help */
  readonly describe: string;
  /** for messages: "a model file" */
  readonly expects: string;
  readonly takes: "nothing" | "text" | "number";
  readonly isMany?: boolean;
  readonly isRequired?: boolean;
  readonly choices?: readonly string[];
  readonly default?: string | number;
  /** @param given in their order; of an option that takes nothing its name */
  readonly read: (given: readonly string[], mismatch: Mismatch) => Value;
}

/** True if it is given. */
export function flag(name: string, describe: string): Parameter<boolean> {
  const read = (given: readonly string[]) => given.length > 0;
  return { name, describe, expects: "no value", takes: "nothing", read };
}

/** A text; the last one, if it is given more than once. */
export function text(
  name: string,
  describe: string,
  expects = "a value",
): Parameter<string | undefined> {
  const read: Parameter<string | undefined>["read"] = (given, mismatch) => {
    const last = given.at(-1);
    if (last === "") throw mismatch('""');
    return last;
  };
  return { name, describe, expects, takes: "text", read };
}

/** All that are given: an option's are `--nodes f2 z.pool1 z` or `--nodes f2 --nodes z.pool1 ...`. */
export function texts(
  name: string,
  describe: string,
  expects = "a value",
): Parameter<readonly string[]> {
  return { name, describe, expects, takes: "text", isMany: true, read: (given) => given };
}

/** A text that is one of the choices. */
export function oneOf(
  name: string,
  describe: string,
  choices: readonly string[],
): Parameter<string | undefined> {
  const expects = [choices.slice(0, -1).join(", "), ...choices.slice(-1)].filter(Boolean);
  return {
    ...text(name, describe, expects.join(" or ")),
    choices,
    read: (given, mismatch) => {
      const choice = given.at(-1);
      if (choice === undefined || choices.includes(choice)) return choice;
      const nearest = nearestName(choice, choices);
      throw mismatch(`"${choice}"`, nearest && `did you mean ${nearest}?`);
    },
  };
}

/** 1, 2, ... */
export function positiveInteger(name: string, describe: string): Parameter<number | undefined> {
  return {
    ...{ name, describe, expects: "a positive integer", takes: "number" },
    read: (given, mismatch) => {
      const last = given.at(-1);
      if (last === undefined) return undefined;
      const number = Number(last);
      if (Number.isInteger(number) && number >= 1) return number;
      throw mismatch(`"${last}"`);
    },
  };
}

/** One that must be given. */
export function required<Value>(parameter: Parameter<Value | undefined>): Parameter<Value> {
  return {
    ...parameter,
    isRequired: true,
    read: (given, mismatch) => {
      const value = parameter.read(given, mismatch);
      if (value === undefined) throw mismatch("nothing");
      return value;
    },
  };
}

/** One that has a value also if it is not given. */
export function withDefault<Value extends string | number>(
  parameter: Parameter<Value | undefined>,
  value: NoInfer<Value>,
): Parameter<Value> {
  const read: Parameter<Value>["read"] = (...given) => parameter.read(...given) ?? value;
  return { ...parameter, default: value, read };
}

/** `<model>`, `[settings..]`. */
export function positionalForm({ name, isMany, isRequired }: Parameter<unknown>): string {
  const form = isMany === true ? `${name}..` : name;
  return isRequired === true ? `<${form}>` : `[${form}]`;
}
