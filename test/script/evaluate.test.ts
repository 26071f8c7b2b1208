import { describe, expect, it } from "@jest/globals";
import { parseScript } from "../../grammar/brainscript/parser.js";
import { SourceText, type SourceFile } from "../../grammar/source.js";
import { Interpreter } from "../../src/script/evaluate.js";
import { formatValue } from "../../src/script/format.js";
import { libraryFiles } from "../../src/script/library.js";
import { nativeClasses } from "../../src/script/native.js";
import type { NodeOperators } from "../../src/script/operators.js";
import { Thunk } from "../../src/script/thunk.js";
import { runToEnd, type Evaluation } from "../../src/script/trampoline.js";
import { stringValue } from "../../src/script/value.js";
import { goldenCases, textOrError } from "../golden-cases.js";

const noNodes: NodeOperators = {
  infix: () => expectNoNode(),
  prefix: () => expectNoNode(),
  conditional: () => expectNoNode(),
};

function expectNoNode(): never {
  throw new Error("these cases make no nodes");
}

const noInclude = (path: string): SourceFile => expectFile(path);
function expectFile(path: string): never {
  throw new Error(`these cases include no files, but ask for ${path}`);
}

/** Values of the script's members, one `name = value` a line, in the order in which they are written. */
function evaluateMembers(source: string): string {
  const interpreter = new Interpreter({
    classes: nativeClasses(() => undefined),
    nodeOperators: noNodes,
  });
  const library = libraryFiles()
    .filter(({ name }) => name.endsWith("values.bs") || name.endsWith("namespaces.bs"))
    .flatMap((file) => parseScript(SourceText.of(file), noInclude));
  const members = parseScript(SourceText.of({ name: "case", text: source }), noInclude);
  const outer = interpreter.recordScope(library, undefined, "");
  const scope = interpreter.recordScope(members, outer, "");
  const lines = members.map(({ name }) => {
    const member = scope.find(name) ?? Thunk.of(stringValue(""));
    return `${name} = ${runText(member)}`;
  });
  return lines.join("\n");
}

function runText(member: Thunk): string {
  function* task(): Evaluation {
    return stringValue(yield* formatValue(yield member.force(), ""));
  }
  const value = runToEnd(task());
  return value.kind === "string" ? value.value : "";
}

describe("evaluation", () => {
  it.each(goldenCases("script.txt"))("$name", ({ source, expected }) => {
    expect(textOrError(() => evaluateMembers(source))).toBe(expected);
  });

  it("nests 12,000 evaluations deep with the default stack", () => {
    const text = "f (n) = if n == 0 then 0 else 1 + f (n - 1) ; x = f (4000)";
    expect(evaluateMembers(text)).toBe("f = function\nx = 4000");
  });
});
