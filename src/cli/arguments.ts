/** Reads the arguments of a command against what it declares: positionals and options, each with its type. */

import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { CntkError, nearestName } from "../../grammar/errors.js";
import { positionalForm, type Mismatch, type Parameter } from "./parameters.js";

export interface Syntax {
  /** what selects it among the subcommands; empty for the program itself */
  readonly name: string;
  /** for help */
  readonly describe: string;
  /** only the last one may be many */
  readonly positionals: readonly Parameter<unknown>[];
  readonly options: readonly Parameter<unknown>[];
  /** what to say about an option that it does not have, instead of listing those it has */
  readonly adviceOnOptions?: string;
}

/** The value of a parameter. @throws CntkError "configuring" if what was given does not fit */
export type Values = <Value>(parameter: Parameter<Value>) => Value;

/**
 * Where the first word stands that is neither an option nor the value of one; undefined if there is none, or if what
 * stands in front of it is not understood.
 */
export function firstWord(args: readonly string[], options: Syntax["options"]): number | undefined {
  for (const token of tokensOf(args, options)) {
    if (token.kind === "positional") return token.index;
    if (token.kind === "option" && !options.some(({ name }) => name === token.name)) return;
  }
  return undefined;
}

/**
 * Assigns arguments to parameters; their values are not looked at before someone asks for them.
 * @throws CntkError "configuring" for unknown options, options without their value, and too many positionals
 */
export function parseArguments(args: readonly string[], syntax: Syntax): Values {
  const { positionals, options } = syntax;
  const given = [...assigned(args, syntax)];
  const givenFor = (option: Parameter<unknown> | undefined) =>
    given.filter((each) => each.option === option).map(({ argument }) => argument);
  const words = givenFor(undefined);
  expectPlaces(words, syntax);
  return (parameter) => {
    const place = positionals.indexOf(parameter);
    assert(place >= 0 || options.includes(parameter), `${parameter.name} is not declared`);
    const end = parameter.isMany === true ? undefined : place + 1;
    const values = place < 0 ? givenFor(parameter) : words.slice(place, end);
    return parameter.read(values, mismatchOf(parameter, syntax));
  };
}

interface Given {
  /** undefined for a positional */
  readonly option: Parameter<unknown> | undefined;
  readonly argument: string;
}

function* assigned(args: readonly string[], syntax: Syntax): Generator<Given> {
  // an option that takes many values has the words behind it, up to the next option
  let many: Parameter<unknown> | undefined;
  for (const token of tokensOf(args, syntax.options)) {
    if (token.kind === "positional") {
      yield { option: many, argument: token.value };
      continue;
    }
    many = undefined;
    if (token.kind === "option-terminator") continue;
    const option = syntax.options.find(({ name }) => name === token.name);
    if (option === undefined) throw unknownOption(args[token.index] ?? token.rawName, syntax);
    if (option.isMany === true) many = option;
    yield { option, argument: valueOf(option, token, syntax) };
  }
}

function tokensOf(args: readonly string[], options: Syntax["options"]) {
  const types = options.map(({ name, takes }) => {
    const type: "boolean" | "string" = takes === "nothing" ? "boolean" : "string";
    return [name, { type }] as const;
  });
  const config = { args: [...args], options: Object.fromEntries(types), tokens: true } as const;
  return parseArgs({ ...config, strict: false, allowPositionals: true }).tokens;
}

interface OptionToken {
  readonly value: string | undefined;
  /** true for `--name=value` */
  readonly inlineValue: boolean | undefined;
}

/** @throws CntkError "configuring" if there is none where there must be one, or the other way round */
function valueOf(
  option: Parameter<unknown>,
  { value, inlineValue }: OptionToken,
  syntax: Syntax,
): string {
  const mismatch = mismatchOf(option, syntax);
  if (option.takes === "nothing") {
    if (value !== undefined) throw mismatch(`"${value}"`);
    return option.name;
  }
  if (value === undefined) throw mismatch("nothing");
  // whoever forgets the value has the next argument taken for it
  const isNextArgument = inlineValue !== true && /^--|^configFile=/i.test(value);
  if (isNextArgument) throw mismatch(`"${value}"`);
  return value;
}

function unknownOption(argument: string, { name, options, adviceOnOptions }: Syntax): CntkError {
  const [option = ""] = argument.split("=");
  const names = options.map((known) => known.name);
  const nearest = nearestName(option.replace(/^-+/, ""), names);
  const known = names.map((known) => `--${known}`).join(", ");
  const advice = adviceOnOptions ?? `known to ${name}: ${known}`;
  const hint = nearest === undefined ? advice : `did you mean --${nearest}?`;
  return new CntkError("configuring", `unknown option ${option}`, { hint });
}

/** @throws CntkError "configuring" for more words than there are positionals */
function expectPlaces(words: readonly string[], syntax: Syntax): void {
  const { name, positionals } = syntax;
  const last = positionals.at(-1);
  if (last?.isMany === true || words.length <= positionals.length) return;
  const expected = last === undefined ? "but options" : `behind ${positionalForm(last)}`;
  const found = words[positionals.length] ?? "";
  throw new CntkError("configuring", `${name}: expected nothing ${expected}, found "${found}"`, {
    hint: adviceOnHelp(syntax),
  });
}

function mismatchOf(parameter: Parameter<unknown>, syntax: Syntax): Mismatch {
  const { name, positionals } = syntax;
  const isPositional = positionals.includes(parameter);
  const form = isPositional ? positionalForm(parameter) : `--${parameter.name}`;
  const place = [name, form].filter(Boolean).join(" ");
  return (found, hint = adviceOnHelp(syntax)) =>
    new CntkError("configuring", `${place}: expected ${parameter.expects}, found ${found}`, {
      hint,
    });
}

const adviceOnHelp = ({ name }: Syntax) =>
  `${["tscntk", name].filter(Boolean).join(" ")} --help lists what is possible`;
