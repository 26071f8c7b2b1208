import { describe, expect, it } from "@jest/globals";
import { cleanComments } from "../../grammar/config/comments.js";
import { ConfigGrammar } from "../../grammar/config/grammar.js";
import { parseArray, parseElements, parseEntries } from "../../grammar/config/parser.js";
import { type SourceRange, SourceText } from "../../grammar/source.js";
import { goldenCases, textOrError } from "../golden-cases.js";

const textOf = (text: string) => SourceText.of({ name: "case", text });

const textAt = ({ file, start, end }: SourceRange) => file.text.slice(start, end);

it("has a grammar without ambiguities", () => {
  expect(new ConfigGrammar({ skipValidations: false })).toBeDefined();
});

describe("entries", () => {
  const print = (text: string) =>
    parseEntries(textOf(text))
      .map(({ key, value, isFlag }) => (isFlag ? key : `${key} |${value.text}|`))
      .join("\n");

  it.each(goldenCases("config-entries.txt"))("$name", ({ source, expected }) => {
    expect(textOrError(() => print(source))).toBe(expected);
  });

  it("know their places", () => {
    const places = parseEntries(textOf('{ a = [ x = 1 ] ; b\n c = " y " d = p (q) }')).map(
      ({ keyRange, value, valueRange }) => [
        textAt(keyRange),
        textAt(valueRange),
        textAt(value.rangeOf(0, value.length)),
      ],
    );
    expect(places).toEqual([
      ["a", "[ x = 1 ]", "[ x = 1 ]"],
      ["b", "b", "b"],
      ["c", '" y "', "y"],
      ["d", "p (q)", "p (q)"],
    ]);
  });

  it("nest as deep as memory allows", () => {
    const depth = 100_000;
    const [entry] = parseEntries(textOf(`a = ${"[".repeat(depth)}${"]".repeat(depth)}`));
    expect(entry?.value.length).toBe(2 * depth);
  });
});

describe("arrays", () => {
  const print = (text: string) =>
    parseArray(textOf(text))
      .map((element) => `|${element.text}|`)
      .join("\n");

  it.each(goldenCases("config-arrays.txt"))("$name", ({ source, expected }) => {
    expect(textOrError(() => print(source))).toBe(expected);
  });

  it("know the places of elements and repeat factors", () => {
    const places = parseElements(textOf('( 0.1 * 5 : "a b" : [x]*2 )')).map(
      ({ range, value, repeatRange }) => [
        textAt(range),
        textAt(value.rangeOf(0, value.length)),
        repeatRange === undefined ? undefined : textAt(repeatRange),
      ],
    );
    expect(places).toEqual([
      ["0.1 * 5", "0.1", "5"],
      ['"a b"', "a b", undefined],
      ["[x]*2", "[x]", "2"],
    ]);
  });
});

describe("comments", () => {
  it.each([
    ["a=1 # c", "a=1 "],
    ["a=1\t# c", "a=1\t"],
    ["a=1# c", "a=1# c"],
    ["x = 1#INF", "x = 1#INF"],
    ["a=x#1 # c", "a=x#1 # c"],
    ['s = "a # b"', 's = "a '],
    ["# c", ""],
    [" \t # c # d", ""],
    ["#", ""],
    ["  a = 1 # c", "a = 1 "],
    ["  a = 1", "  a = 1"],
    ["a\n\n\n# c\n\nb\n", "a\nb\n"],
    ["a\r\n# c\r\nb # c\r\n", "a\nb \n"],
    ["a\r# c\rb", "a\rb"],
    ["// no comment /* nor */", "// no comment /* nor */"],
    ["", ""],
  ])("of %j leave %j", (text, expected) => {
    expect(cleanComments(textOf(text)).text).toBe(expected);
  });

  it("leave the rest in its place", () => {
    const cleaned = cleanComments(textOf("# first\r\n  a = 1 # c\r\nb = 2\r\n"));
    const places = ["a", "b"].map((name) => cleaned.rangeOf(cleaned.text.indexOf(name), 100));
    expect(places.map(({ start }) => start)).toEqual([11, 22]);
  });
});

it("finds what is not closed among very many brackets on one line", () => {
  // with time that grew with the square of the line this would last for minutes
  const depth = 200_000;
  const text = `a = {${"{".repeat(depth)}${"}".repeat(depth)}\n`;
  expect(() => parseEntries(textOf(text))).toThrow(/the '\{' is not closed: expected '\}'/);
});
