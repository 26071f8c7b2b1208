/** What is said of mistakes in calls: wrong arguments, and the user's call behind a mistake found in the library. */

import type { Call, Expression } from "../../grammar/ast.js";
import { nearestName, type CntkError } from "../../grammar/errors.js";
import type { SourceRange } from "../../grammar/source.js";
import { evaluationError } from "./expect.js";
import type { Scope } from "./scope.js";
import type { Thunk } from "./thunk.js";
import type { FunctionValue } from "./value.js";

/** The function of a call as messages name it. */
export function writtenName(callee: Expression): string {
  if (callee.kind === "identifier" || callee.kind === "member") return callee.name;
  return callee.kind === "call" ? `${writtenName(callee.callee)} {...}` : "the function";
}

const listed = (names: readonly string[]) => names.map((name) => `'${name}'`).join(" and ");

/** The error of a call with too few or too many positional arguments. */
export function wrongCount({ callee, positional, named, range }: Call, called: FunctionValue) {
  const name = writtenName(callee);
  const [expected, given] = [called.positional.length, positional.length];
  const parameters = expected === 0 ? "" : ` (${called.positional.join(", ")})`;
  const plural = expected === 1 ? "" : "s";
  const message = `${name} takes ${expected} positional argument${plural}${parameters}, found ${given}`;
  return evaluationError(message, range, hintForCount());

  function hintForCount(): string | undefined {
    const misnamed = named.filter((argument) => called.positional.includes(argument.name));
    if (misnamed.length > 0) {
      const names = misnamed.map((argument) => argument.name);
      return `positional arguments are given without their names: ${listed(names)} by value only`;
    }
    if (given < expected) return `${listed(called.positional.slice(given))} is missing`;
    const optional = called.optional.map((argument) => argument.name).slice(0, 4);
    if (optional.length === 0) return undefined;
    return `optional arguments are given by name: ${optional.map((key) => `${key} = ...`).join(", ")}`;
  }
}

/** The error of a named argument that the function does not have. */
export function unknownArgument(
  name: string,
  range: SourceRange,
  callee: string,
  called: FunctionValue,
): CntkError {
  const known = called.optional.map((optional) => optional.name);
  const nearest = nearestName(name, known);
  const all = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
  const suggestion = nearest === undefined ? all : `did you mean '${nearest}'?`;
  const isPositional = called.positional.includes(name);
  const hint = isPositional ? "it is positional: give its value without the name" : suggestion;
  return evaluationError(`${callee} has no optional argument '${name}'`, range, hint);
}

/**
 * An error with the chain of users' calls that leads to it. One that the library finds in a value which the user gave as
 * an argument becomes an error about that argument.
 */
export function traced(error: CntkError, scope: Scope): CntkError {
  const about = isInLibrary(error) ? aboutArgument(error, scope) : undefined;
  return (about ?? error).traced(scope.callers());
}

const isInLibrary = ({ ranges }: CntkError) =>
  ranges.every((range) => range.file.isLibrary === true);

function aboutArgument(error: CntkError, scope: Scope): CntkError | undefined {
  const { culprit } = error;
  if (culprit === undefined) return undefined;
  for (const { site, arguments: given } of scope.userCalls()) {
    for (const [name, argument] of given) {
      const range = placeOfValue(argument, culprit.value);
      if (range === undefined) continue;
      return error.aboutArgument(`argument '${name}' of ${site.callee ?? "the function"}`, range);
    }
  }
  return undefined;
}

/**
 * Where the user wrote an argument that has this value or, in an array, an element that has it.
 * @param depth how deep to look into arrays of arrays
 */
function placeOfValue(argument: Thunk, value: object, depth = 3): SourceRange | undefined {
  const { range, value: known } = argument;
  if (range === undefined || range.file.isLibrary === true || known === undefined) return undefined;
  if (known === value) return range;
  if (known.kind !== "array" || known.elements.length > 100 || depth === 0) return undefined;
  for (const element of known.elements) {
    const place = placeOfValue(element, value, depth - 1);
    if (place !== undefined) return place;
  }
  return undefined;
}
