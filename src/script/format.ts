/** Values as text, by the formatting rule that Format and Print share (brainscript.md 5). */

import { CntkError } from "../../grammar/errors.js";
import type { Task } from "./trampoline.js";
import type { Value } from "./value.js";

/**
 * @param how what stands between `%` and the conversion letter of printf: flags, width, precision
 * @throws CntkError if `how` is no such thing
 */
export function* formatValue(value: Value, how: string): Task<string> {
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
        const text = yield* formatValue(yield member.force(), how);
        lines.push(indent(`${name} = ${text}`));
      }
      return `[\n${lines.join("\n")}\n]`;
    }
    case "array": {
      const texts: string[] = [];
      for (const element of value.elements) {
        texts.push(indent(yield* formatValue(yield element.force(), how)));
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
  if (match === null) {
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
