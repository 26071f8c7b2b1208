/** Values as text, by the formatting rule that Format and Print share (brainscript.md 5). */

import { CntkError } from "../../grammar/errors.js";
import type { Task } from "./trampoline.js";
import type { Value } from "./value.js";

const deepest = 100;
const mostCharacters = 1_000_000;

/**
 * @param how what stands between `%` and the conversion letter of printf: flags, width, precision
 * @param depth of the value in what is formatted
 * @throws CntkError if `how` is no such thing, or the value has no reasonable size
 */
export function* formatValue(value: Value, how: string, depth = 0): Task<string> {
  if (depth > deepest) throw tooLarge(`${deepest} records and arrays in each other`);
  const text = yield* textOf(value, how, depth);
  if (text.length > mostCharacters) throw tooLarge(`${mostCharacters} characters`);
  return text;
}

function tooLarge(limit: string): CntkError {
  return new CntkError("evaluating", `the value cannot be shown as text: more than ${limit}`);
}

function* textOf(value: Value, how: string, depth: number): Task<string> {
  switch (value.kind) {
    case "string":
      return formatString(value.value, how);
    case "number":
      return formatNumber(value.value, how);
    case "bool":
      return value.value ? "true" : "false";
    case "record": {
      const lines: string[] = [];
      for (const [name, member] of value.scope.ownMembers()) {
        const text = yield* formatValue(yield member.force(), how, depth + 1);
        lines.push(indent(`${name} = ${text}`));
      }
      return `[\n${lines.join("\n")}\n]`;
    }
    case "array": {
      const texts: string[] = [];
      for (const element of value.elements) {
        texts.push(indent(yield* formatValue(yield element.force(), how, depth + 1)));
      }
      return `(${texts.join("\n").slice(1)} )`;
    }
    case "function":
      return "function";
    case "object":
      return formatObject(value);
  }
}

function formatObject(value: Value & { kind: "object" }): string {
  const name = value.isNode ? value.member("name") : undefined;
  const operation = value.isNode ? value.member("operation") : undefined;
  return name?.kind === "string" && operation?.kind === "string"
    ? `${name.value} : ${operation.value}`
    : value.className;
}

const indent = (text: string) => text.replace(/^/gm, "  ");

interface Conversion {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
}

function parseHow(how: string): Conversion {
  const match = /^([-+ #0]*)(\d*)(?:\.(\d*))?$/.exec(how);
  if (match === null || Number(match[2]) > 100 || Number(match[3] ?? 0) > 100) {
    throw new CntkError("evaluating", `Format: '${how}' is not a format, such as '.2' or '05'`);
  }
  const precision = match[3] === undefined ? undefined : Number(match[3]);
  return { flags: match[1] ?? "", width: Number(match[2] ?? ""), precision };
}

function formatString(text: string, how: string): string {
  const { flags, width, precision } = parseHow(how);
  const cut = precision === undefined ? text : text.slice(0, precision);
  return flags.includes("-") ? cut.padEnd(width) : cut.padStart(width);
}

function formatNumber(value: number, how: string): string {
  const { flags, width, precision } = parseHow(how);
  const magnitude = Number.isInteger(value)
    ? Math.abs(value)
        .toString()
        .padStart(precision ?? 0, "0")
    : Math.abs(value).toFixed(precision ?? 6);
  const plus = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const sign = value < 0 ? "-" : plus;
  if (flags.includes("-")) return (sign + magnitude).padEnd(width);
  if (flags.includes("0")) return sign + magnitude.padStart(width - sign.length, "0");
  return (sign + magnitude).padStart(width);
}
