/** What `--help` prints: usage, description, and tables of commands, positionals and options. */

import type { Syntax } from "./arguments.js";
import { positionalForm, type Parameter } from "./parameters.js";

const WIDTH = 100;

/** Two columns: what to type, and the pieces of its explanation, which lines do not break. */
type Row = readonly [string, readonly string[]];

type Section = readonly [title: string, rows: readonly Row[]];

/** Help on the program as a whole. */
export function programHelp(
  usage: string,
  program: Syntax,
  subcommands: readonly Syntax[],
): string {
  const commands = subcommands.map((command): Row => [usageOf(command), words(command.describe)]);
  return helpText(usage, program.describe, [
    ["Commands", commands],
    ["Options", program.options.map(optionRow)],
  ]);
}

/** Help on a subcommand. */
export function subcommandHelp(subcommand: Syntax): string {
  const { describe, positionals, options } = subcommand;
  return helpText(usageOf(subcommand), describe, [
    ["Positionals", positionals.map((positional) => [positional.name, explanation(positional)])],
    ["Options", options.map(optionRow)],
  ]);
}

const usageOf = ({ name, positionals }: Syntax) =>
  ["tscntk", name, ...positionals.map(positionalForm)].join(" ");

const PLACEHOLDERS = { nothing: "", text: " TEXT", number: " NUMBER" } as const;

function optionRow(option: Parameter<unknown>): Row {
  const more = option.isMany === true ? ".." : "";
  return [`--${option.name}${PLACEHOLDERS[option.takes]}${more}`, explanation(option)];
}

function explanation({ describe, isRequired, choices, ...rest }: Parameter<unknown>): string[] {
  const notes = [
    isRequired === true ? "[required]" : "",
    choices === undefined ? "" : `[choices: ${choices.map((name) => `"${name}"`).join(", ")}]`,
    rest.default === undefined ? "" : `[default: ${JSON.stringify(rest.default)}]`,
  ];
  return [...words(describe), ...notes.filter((note) => note !== "")];
}

const words = (sentence: string) => sentence.split(" ");

function helpText(usage: string, description: string, sections: readonly Section[]): string {
  const tables = sections
    .filter(([, rows]) => rows.length > 0)
    .map(([title, rows]) => [`${title}:`, ...tableLines(rows), ""].join("\n"));
  return [usage, "", description, "", ...tables].join("\n");
}

function tableLines(rows: readonly Row[]): string[] {
  const left = Math.max(...rows.map(([name]) => name.length));
  const indent = " ".repeat(left + 4);
  return rows.flatMap(([name, pieces]) => {
    const [first = "", ...more] = wrapped(pieces, WIDTH - indent.length);
    return [`  ${name.padEnd(left)}  ${first}`, ...more.map((line) => indent + line)];
  });
}

/** Lines of whole pieces; a piece that is wider has a line for itself. */
function wrapped(pieces: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + piece.length <= width) {
      lines[lines.length - 1] = `${line} ${piece}`;
    } else lines.push(piece);
  }
  return lines;
}
