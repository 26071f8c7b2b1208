/** Prints a syntax tree on one line, operators first, for the golden cases. */

import type { Expression, Lambda, Member } from "../../grammar/ast.js";

/** One text for each member. */
export const printMembers = (members: readonly Member[]): string[] =>
  members.map((member) => `${member.name} = ${printTree(member.value)}`);

export function printTree(tree: Expression): string {
  switch (tree.kind) {
    case "number":
    case "bool":
      return String(tree.value);
    case "string":
      return JSON.stringify(tree.value);
    case "identifier":
      return tree.name;
    case "record":
      return `{${printMembers(tree.members).join(" ; ")}}`;
    case "list":
      return form(":", ...tree.elements.map(printTree));
    case "array":
      return form(
        "array",
        printTree(tree.first),
        printTree(tree.last),
        printTree(tree.initializer),
      );
    case "member":
      return form(".", printTree(tree.record), tree.name);
    case "index":
      return form("[]", printTree(tree.vector), printTree(tree.index));
    case "call": {
      const named = tree.named.map((argument) => `${argument.name}=${printTree(argument.value)}`);
      return form("call", printTree(tree.callee), ...tree.positional.map(printTree), ...named);
    }
    case "prefix":
      return form(tree.operator, printTree(tree.operand));
    case "infix":
      return form(tree.operator, printTree(tree.left), printTree(tree.right));
    case "if":
      return form("if", ...[tree.condition, tree.thenBranch, tree.elseBranch].map(printTree));
    case "new":
      return form("new", tree.className, printTree(tree.operand));
    case "lambda":
      return `(${parameters(tree).join(" ")} => ${printTree(tree.body)})`;
  }
}

const form = (...parts: readonly string[]) => `(${parts.join(" ")})`;

function parameters({ positional, optional }: Lambda): string[] {
  const defaults = optional.map(({ name, defaultValue }) => `${name}=${printTree(defaultValue)}`);
  return [...positional.map(({ name }) => name), ...defaults];
}
