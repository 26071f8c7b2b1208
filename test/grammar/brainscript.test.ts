import { describe, expect, it } from "@jest/globals";
import type { Expression, Member } from "../../grammar/ast.js";
import { BrainScriptGrammar } from "../../grammar/brainscript/grammar.js";
import { parseExpression, parseScript } from "../../grammar/brainscript/parser.js";
import { CntkError } from "../../grammar/errors.js";
import { type SourceFile, type SourceRange, SourceText } from "../../grammar/source.js";
import { goldenCases, textOrError } from "../golden-cases.js";
import { printMembers, printTree } from "./print-tree.js";

const textOf = (text: string, name = "case") => SourceText.of({ name, text });

const noIncludes = (path: string): never => {
  throw new CntkError("reading", `cannot read ${path}`);
};

const printScript = (text: string) =>
  printMembers(parseScript(textOf(text), noIncludes)).join("\n");

it("has a grammar without ambiguities", () => {
  expect(new BrainScriptGrammar({ skipValidations: false })).toBeDefined();
});

describe("trees", () => {
  it.each(goldenCases("grammar.txt"))("$name", ({ source, expected }) => {
    expect(textOrError(() => printScript(source))).toBe(expected);
  });
});

describe("mistakes", () => {
  it.each(goldenCases("grammar-errors.txt"))("$name", ({ source, expected }) => {
    expect(textOrError(() => printScript(source))).toBe(expected);
  });
});

describe("a single expression", () => {
  it("is read to the end of the text", () => {
    expect(printTree(parseExpression(textOf("(new C { a = 1 })"), noIncludes))).toBe(
      "(new C {a = 1})",
    );
  });

  it.each([
    ["a b", "case:1:3: parsing: expected an operator or the end of the text, found 'b'"],
    ["", "case:1:1: parsing: expected an expression, found the end of the text"],
    ["{} = 1", "case:1:4: parsing: expected an operator or the end of the text, found '='"],
  ])("refuses %p", (text, message) => {
    const printed = textOrError(() => printTree(parseExpression(textOf(text), noIncludes)));
    expect(printed.split("\n")[0]).toBe(message);
  });
});

/** Every place in the tree, as the text found there. */
function placesOf(tree: Expression): string[] {
  const here = `${tree.kind}: ${textAt(tree.range)}`;
  switch (tree.kind) {
    case "number":
    case "string":
    case "bool":
    case "identifier":
      return [here];
    case "record":
      return [here, ...tree.members.flatMap(placesOfMember)];
    case "list":
      return [here, ...tree.elements.flatMap(placesOf)];
    case "array":
      return [here, ...[tree.first, tree.last, tree.initializer].flatMap(placesOf)];
    case "member":
      return [here, ...placesOf(tree.record), `name: ${textAt(tree.nameRange)}`];
    case "index":
      return [here, ...placesOf(tree.vector), ...placesOf(tree.index)];
    case "call": {
      const named = tree.named.flatMap(({ nameRange, value }) => [
        `name: ${textAt(nameRange)}`,
        ...placesOf(value),
      ]);
      return [here, ...placesOf(tree.callee), ...tree.positional.flatMap(placesOf), ...named];
    }
    case "prefix":
      return [here, ...placesOf(tree.operand)];
    case "infix": {
      const operator = `operator: ${textAt(tree.operatorRange)}`;
      return [here, ...placesOf(tree.left), operator, ...placesOf(tree.right)];
    }
    case "if":
      return [
        here,
        ...[tree.condition, tree.thenBranch, tree.elseBranch].flatMap((branch) => placesOf(branch)),
      ];
    case "new":
      return [here, `class: ${textAt(tree.classRange)}`, ...placesOf(tree.operand)];
    case "lambda": {
      const positional = tree.positional.map(({ range }) => `parameter: ${textAt(range)}`);
      const optional = tree.optional.flatMap(({ range, defaultValue }) => [
        `parameter: ${textAt(range)}`,
        ...placesOf(defaultValue),
      ]);
      return [here, ...positional, ...optional, ...placesOf(tree.body)];
    }
  }
}

const placesOfMember = (member: Member): string[] => [
  `member: ${textAt(member.nameRange)}`,
  ...placesOf(member.value),
];

const textAt = ({ file, start, end }: SourceRange) => file.text.slice(start, end);

describe("places", () => {
  it.each<[string, string[]]>([
    ["aa + b", ["infix: aa + b", "identifier: aa", "operator: +", "identifier: b"]],
    [
      "(a + 1) * -(2)",
      [
        "infix: (a + 1) * -(2)",
        "infix: a + 1",
        "identifier: a",
        "operator: +",
        "number: 1",
        "operator: *",
        "prefix: -(2)",
        "number: 2",
      ],
    ],
    [
      "f (x, k=1){}.m[0]",
      [
        "index: f (x, k=1){}.m[0]",
        "member: f (x, k=1){}.m",
        "call: f (x, k=1){}",
        "call: f (x, k=1)",
        "identifier: f",
        "identifier: x",
        "name: k",
        "number: 1",
        "name: m",
        "number: 0",
      ],
    ],
    [
      "{ f(x, k='s') = x ; v[i:0..1] = i }",
      [
        "record: { f(x, k='s') = x ; v[i:0..1] = i }",
        "member: f",
        "lambda: (x, k='s') = x",
        "parameter: x",
        "parameter: k",
        "string: 's'",
        "identifier: x",
        "member: v",
        "array: [i:0..1] = i",
        "number: 0",
        "number: 1",
        "lambda: i:0..1] = i",
        "parameter: i",
        "identifier: i",
      ],
    ],
    [
      "if true then [|a|] else (a : b)",
      [
        "if: if true then [|a|] else (a : b)",
        "bool: true",
        "list: [|a|]",
        "identifier: a",
        "list: a : b",
        "identifier: a",
        "identifier: b",
      ],
    ],
    [
      "new C array[1..2](x => x)",
      [
        "new: new C array[1..2](x => x)",
        "class: C",
        "array: array[1..2](x => x)",
        "number: 1",
        "number: 2",
        "lambda: x => x",
        "parameter: x",
        "identifier: x",
      ],
    ],
  ])("of %p", (source, expected) => {
    expect(placesOf(parseExpression(textOf(source), noIncludes))).toEqual(expected);
  });

  it("are those of the pieces of a text", () => {
    const config = {
      name: "a.cntk",
      text: "dim = 10\nnet = { n = $dim$ * k # here\n  s = '$dim$/x' }",
    };
    const block = SourceText.of(config);
    const dim = block.slice(6, 8);
    const text = SourceText.concat([
      ...[block.slice(15, 21), dim, block.slice(26, 31), block.slice(37, 45)],
      ...[dim, block.slice(50)],
    ]);
    expect(text.text).toBe("{ n = 10 * k \n  s = '10/x' }");
    expect(placesOf(parseExpression(text, noIncludes))).toEqual([
      `record: ${config.text.slice(15)}`,
      "member: n",
      // It begins where the variable has its value.
      `infix: ${config.text.slice(6, config.text.indexOf(" # here"))}`,
      "number: 10",
      "operator: *",
      "identifier: k",
      "member: s",
      "string: '$dim$/x'",
    ]);
  });
});

describe("include", () => {
  const files: Readonly<Record<string, string>> = {
    "members.bs": "b = 2 # no line end",
    "expression.bs": "x + 1",
    "nested.bs": 'include "members.bs" c = 3',
    "self.bs": 'include "self.bs"',
    "ring1.bs": 'a = 1\ninclude "ring2.bs"',
    "ring2.bs": "include 'ring1.bs'",
    "wrong.bs": "b = 2\nc = )",
    "unclosed.bs": "b = {",
    "character.bs": "b = ~",
    "empty.bs": "// nothing",
  };
  const resolve = (path: string): SourceFile => {
    const text = files[path];
    return text === undefined ? noIncludes(path) : { name: path, text };
  };
  const print = (text: string) =>
    textOrError(() => printMembers(parseScript(textOf(text), resolve)).join("\n"));

  it.each([
    ['a = 1 include "members.bs" c = 3', "a = 1\nb = 2\nc = 3"],
    ["a = { include 'members.bs' }", "a = {b = 2}"],
    ["a = 2 * include 'expression.bs' * 3", "a = (+ (* 2 x) (* 1 3))"],
    ['include "nested.bs"', "b = 2\nc = 3"],
    ['a = 1 include "empty.bs"', "a = 1"],
    ["r = { include 'members.bs' } s = { include 'members.bs' }", "r = {b = 2}\ns = {b = 2}"],
  ])("%p", (source, expected) => {
    expect(print(source)).toBe(expected);
  });

  it("calls the resolver with the place of the directive", () => {
    const places: string[] = [];
    parseScript(textOf('a = 1 include   "members.bs"'), (path, from) => {
      places.push(`${from.file.name}: ${textAt(from)}`);
      return resolve(path);
    });
    expect(places).toEqual(['case: include   "members.bs"']);
  });

  it("gives members the place in their own file, which may be a library", () => {
    const library = { name: "library.bs", text: "b = 2", isLibrary: true };
    const [member] = parseScript(textOf("include 'l'"), () => library);
    expect(member?.nameRange.file).toBe(library);
    expect(member?.value.range.file.isLibrary).toBe(true);
  });

  it.each([
    [
      "include 'missing.bs'",
      `case:1:1: reading: cannot read missing.bs
  1 | include 'missing.bs'
    | ^^^^^^^^^^^^^^^^^^^^`,
    ],
    [
      "a = 1\ninclude 'wrong.bs'",
      `wrong.bs:2:5: parsing: expected an expression, found ')'
  2 | c = )
    |     ^
  called from case:2:1`,
    ],
    [
      "include 'character.bs'",
      `character.bs:1:5: tokenizing: unexpected character '~'
  1 | b = ~
    |     ^
  called from case:1:1`,
    ],
    [
      "include 'unclosed.bs' c = 3",
      `case:1:28: parsing: expected a member or '}', found the end of the text
  1 | include 'unclosed.bs' c = 3
    |                            ^
  hint: the '{' at unclosed.bs:1:5 is not closed`,
    ],
    [
      "include 'members.bs' b = 3",
      `case:1:22: parsing: the member 'b' is given twice
  1 | include 'members.bs' b = 3
    |                      ^
  hint: the first 'b' is at members.bs:1:1`,
    ],
    [
      "include 'self.bs'",
      `self.bs:1:1: tokenizing: a file cannot include itself: 'self.bs' includes 'self.bs'
  1 | include "self.bs"
    | ^^^^^^^^^^^^^^^^^
  called from case:1:1`,
    ],
    [
      "include 'ring1.bs'",
      `ring2.bs:1:1: tokenizing: a file cannot include itself: 'ring1.bs' includes 'ring2.bs' includes 'ring1.bs'
  1 | include 'ring1.bs'
    | ^^^^^^^^^^^^^^^^^^
  called from ring1.bs:2:1
  called from case:1:1`,
    ],
  ])("reports %p", (source, expected) => {
    expect(print(source)).toBe(expected);
  });
});

describe("deep nesting", () => {
  const nested = (open: string, depth: number, close: string) =>
    `a = ${open.repeat(depth)}1${close.repeat(depth)}`;

  it.each([
    ["(", 500, ")"],
    ["{ x = ", 200, "}"],
    ["f(", 200, ")"],
    ["if c then 1 else ", 300, ""],
    ["x => ", 500, ""],
  ])("%p is read %i deep", (open, depth, close) => {
    expect(parseScript(textOf(nested(open, depth, close)), noIncludes)).toHaveLength(1);
  });

  it.each([
    ["(", ")"],
    ["{ x = ", "}"],
    ["f(", ")"],
    ["- - - new C ", ""],
  ])("of 100000 %p is an error", (open, close) => {
    const [line] = textOrError(() => printScript(nested(open, 100_000, close))).split("\n");
    expect(line).toMatch(/^case:1:\d+: parsing: brackets and expressions are nested too deeply$/);
  });

  it("does no harm to the text after it", () => {
    textOrError(() => printScript(nested("(", 100_000, ")")));
    expect(printScript("a = (1)")).toBe("a = 1");
  });

  it("is none of a long sum", () => {
    const [member] = parseScript(textOf(`a = 1${" + 1".repeat(20_000)}`), noIncludes);
    expect(member?.value.kind).toBe("infix");
  });
});
