/** Signatures of the library's functions: the names of parameters are part of node names and of calls (library.md 5-20). */

import { describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import type { Expression, Lambda } from "../../grammar/ast.js";
import { libraryMembers } from "../../src/script/library.js";

const members = new Map(libraryMembers().map((member) => [member.name, member]));

/** What a dotted name stands for, aliases followed. */
function definition(name: string): Expression | undefined {
  const [first = "", ...rest] = name.split(".");
  let found = members.get(first)?.value;
  for (const part of rest) {
    const record = resolved(found);
    if (record?.kind !== "record") return undefined;
    found = record.members.find((member) => member.name === part)?.value;
    // an alias inside a record names a member of that record
    if (found?.kind === "identifier") {
      const alias = found.name;
      found = record.members.find((member) => member.name === alias)?.value ?? found;
    }
  }
  return resolved(found);
}

function resolved(expression: Expression | undefined): Expression | undefined {
  if (expression?.kind === "identifier") return definition(expression.name);
  if (expression?.kind === "member") return definition(textOf(expression));
  return expression;
}

const textOf = ({ range: { file, start, end } }: Expression) => file.text.slice(start, end);

function signature({ positional, optional }: Lambda): string {
  const named = optional.map(
    ({ name, defaultValue }) => `${name} = ${textOf(defaultValue).replace(/\s+/g, "")}`,
  );
  const parts = [positional.map(({ name }) => name).join(", "), named.join(", ")];
  return `(${parts.filter((part) => part !== "").join(" | ")})`;
}

/** `name (positional | optional = default)`, one a line. */
const table = readFileSync(new URL("../cases/signatures.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

describe("library", () => {
  it.each(table)("%s", (line) => {
    const name = line.slice(0, line.indexOf(" "));
    const found = definition(name);
    expect(found?.kind === "lambda" ? `${name} ${signature(found)}` : found?.kind).toBe(line);
  });
});
