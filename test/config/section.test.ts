import { describe, expect, it } from "@jest/globals";
import { parseExpression } from "../../grammar/brainscript/parser.js";
import { SourceText } from "../../grammar/source.js";
import { readCommandLine } from "../../src/config/command-line.js";
import { rootSection, type Section } from "../../src/config/section.js";
import { goldenCases, textOrError } from "../golden-cases.js";
import { printConfiguration } from "./print-config.js";

const root = (text: string) => rootSection(SourceText.of({ name: "case", text }), "a.cntk");

describe("configurations", () => {
  it.each(goldenCases("config-commands.txt"))("$name", ({ source, expected }) => {
    expect(textOrError(() => printConfiguration(source)).trimEnd()).toBe(expected);
  });
});

describe("command line", () => {
  const read = (...args: string[]) => {
    const directories: string[] = [];
    const files: string[] = [];
    const access = {
      readText: (path: string) => {
        files.push(path);
        return { name: path, text: "\uFEFFa = 1" };
      },
      changeDirectory: (path: string) => void directories.push(`${path} after ${files.length}`),
    };
    return { ...readCommandLine(args, access, () => undefined), directories, files };
  };

  it("tells config files and their directories as written", () => {
    const commandLine = read("configFile=d/a.cntk+b.cntk", "x=1", "CONFIGFILE=../c.cntk");
    expect(commandLine.configFiles).toEqual(["d/a.cntk", "b.cntk", "../c.cntk"]);
    expect(commandLine.includeDirectories).toEqual(["d", ".", ".."]);
    expect(commandLine.commandLineText).toBe(
      "configFile=d/a.cntk+b.cntk  x=1  CONFIGFILE=../c.cntk",
    );
    expect(commandLine.root.path).toBe("c.cntk");
  });

  it("changes the directory before it reads what comes behind", () => {
    const { directories } = read("configFile=a", "CurrentDirectory=d e", "configFile=b");
    expect(directories).toEqual(["d e after 1"]);
  });

  it("overlooks a byte order mark", () => {
    expect(read("configFile=a").root.keys()).toEqual(["a"]);
  });
});

describe("lookup", () => {
  const config = root(`
    precision = double ; modelPath = m.dnn
    train = { precision = float ; SGD = { maxEpochs = 3 } ; reader = { file = x } }
    test = { modelPath = n.dnn }
    reader = { file = y } ; empty = "" ; word = default ; Flag`);
  const SGD = config.section("train").section("SGD");

  it.each<[string, unknown, unknown]>([
    ["own key", SGD.integer("maxEpochs"), 3],
    ["without case", SGD.integer("MAXEPOCHS"), 3],
    ["enclosing section", SGD.string("precision"), "float"],
    ["root", SGD.string("modelPath"), "m.dnn"],
    ["own before root", config.section("test").string("modelPath"), "n.dnn"],
    ["inherited section", SGD.section("reader").string("file"), "x"],
    [
      "an inherited section inherits from where it stands",
      config.section("test").section("reader").string("precision"),
      "double",
    ],
    ["default of a missing key", SGD.string("nothing", "x"), "x"],
    ["default by its name", SGD.string("word", "x"), "x"],
    ["the word default without a default", SGD.string("word"), "default"],
    ["an empty value has no default", SGD.string("empty", "x"), ""],
    ["a flag", [config.bool("flag"), config.string("flag")], [true, "true"]],
    ["has", ["maxEpochs", "precision", "nothing"].map((key) => SGD.has(key)), [true, true, false]],
    ["hasOwn", ["MaxEpochs", "precision"].map((key) => SGD.hasOwn(key)), [true, false]],
    ["keys", config.section("train").keys(), ["precision", "SGD", "reader"]],
    ["path", SGD.path, "a.cntk:train:SGD"],
    ["optional section", SGD.optionalSection("cvReader"), undefined],
    ["optional inherited section", SGD.optionalSection("READER")?.path, "a.cntk:train:reader"],
    ["own sections", [...config.section("train").ownSections().keys()], ["SGD", "reader"]],
    ["text", config.text("train")?.text.slice(0, 11), "{ precision"],
    ["text of a missing key", config.text("nothing"), undefined],
    ["range", config.rangeOf("modelPath")?.start, 38],
    ["range of a missing key", config.rangeOf("nothing"), undefined],
  ])("%s", (_, found, expected) => {
    expect(found).toEqual(expected);
  });

  it("reads the same section once", () => {
    expect(config.section("train")).toBe(config.section("TRAIN"));
  });
});

describe("values", () => {
  const read = (type: "bool" | "integer" | "number" | "strings" | "string", value: string) =>
    root(`x = ${value}`)[type]("x");

  type Row = ["bool" | "integer" | "number" | "strings", string, unknown];
  it.each<Row>([
    ...["1", "t", "T", "true", "True", "TRUE"].map((text) => ["bool", text, true] as Row),
    ...["0", "f", "F", "false", "False", "FALSE"].map((text) => ["bool", text, false] as Row),
    ["integer", "12", 12],
    ["integer", "-3", -3],
    ["integer", "+4", 4],
    ["integer", "007", 7],
    ["integer", "40000000000", 40_000_000_000],
    ["number", "0.5", 0.5],
    ["number", "-.5", -0.5],
    ["number", "+5.", 5],
    ["number", "1e-3", 0.001],
    ["number", "0x10", 16],
    ["number", "1#INF", Infinity],
    ["number", "-1.5#inf", Infinity],
    ["number", "inf", Infinity],
    ["number", "-INF", -Infinity],
    ["strings", "a:b*2", ["a", "b", "b"]],
    ["strings", '("a:b", c)', ["a:b", "c"]],
    ["strings", "()", []],
  ])("%s %p", (type, text, expected) => {
    expect(read(type, text)).toEqual(expected);
  });

  it("an empty value is false where there is a default, and an empty array", () => {
    expect(root('x = ""').bool("x", true)).toBe(false);
    expect(root('x = ""').strings("x", ["a"])).toEqual([]);
  });

  it.each([
    ["bool", "yes", 'x: expected true or false, found "yes"'],
    ["integer", "1e3", 'x: expected an integer, found "1e3"'],
    ["integer", "2.0", 'x: expected an integer, found "2.0"'],
    ["integer", "ten", 'x: expected an integer, found "ten"'],
    ["integer", "1 2", 'x: expected an integer, found "1 2"'],
    [
      "integer",
      "99999999999999999999",
      'x: expected an integer up to 9007199254740991, found "99999999999999999999"',
    ],
    ["number", "1,5", ""],
    ["number", "1f", 'x: expected a number, found "1f"'],
    ["number", "1e", 'x: expected a number, found "1e"'],
    ["number", "nan", 'x: expected a number, found "nan"'],
    ["number", "#INF", 'x: expected a number, found "#INF"'],
    ["number", '""', "x: expected a value, found an empty value"],
    ["string", '""', "x: expected a value, found an empty value"],
  ] as const)("%s refuses %p", (type, text, message) => {
    if (message === "")
      expect(read(type, text)).toBe(1); // the comma ends the entry
    else expect(() => read(type, text)).toThrow(expect.objectContaining({ message }));
  });
});

describe("schedules", () => {
  it.each<["real" | "integer", string, number[]]>([
    ["real", "0.1*5:0.05", [0.1, 0.1, 0.1, 0.1, 0.1, 0.05]],
    ["real", "0.5:0.2*2:1#INF", [0.5, 0.2, 0.2, Infinity]],
    ["real", "(-1:1e3)", [-1, 1000]],
    ["integer", "128*2 : 256", [128, 128, 256]],
    ["integer", "64", [64]],
  ])("%s %p", (element, text, values) => {
    expect(root(`x = ${text}`).schedule("x", element).values).toEqual(values);
  });

  it("hold their last value for ever", () => {
    const schedule = root("x = 1:2*2:3").schedule("x", "integer");
    expect([0, 1, 2, 3, 4, 1000].map((epoch) => schedule.at(epoch))).toEqual([1, 2, 2, 3, 3, 3]);
  });

  it("have defaults", () => {
    expect(root("x = default").schedule("x", "real", [0.9]).at(7)).toBe(0.9);
    expect(root("y = 1").schedule("x", "real", [0.9]).values).toEqual([0.9]);
  });
});

/** Mistakes found when a value is asked for, as they are printed. */
describe("messages", () => {
  const config = root(`train = {
  SGD = { maxEpochs = ten ; minibatchSize = 128*2:1e3 ; momentumPerMB = 0.9*0:0.5
          learningRatesPerMB = () ; useNAG = yes }
  reader = file.txt
}
epochSize = 1.5`);
  const SGD = () => config.section("train").section("SGD");

  it.each<[string, () => unknown, string]>([
    [
      "a wrong type",
      () => SGD().integer("maxEpochs"),
      `case:2:23: configuring: train:SGD:maxEpochs: expected an integer, found "ten"
  2 |   SGD = { maxEpochs = ten ; minibatchSize = 128*2:1e3 ; momentumPerMB = 0.9*0:0.5
    |                       ^^^`,
    ],
    [
      "a wrong type of an inherited value",
      () => SGD().integer("epochSize"),
      `case:6:13: configuring: epochSize: expected an integer, found "1.5"
  6 | epochSize = 1.5
    |             ^^^`,
    ],
    [
      "a wrong element",
      () => SGD().schedule("minibatchSize", "integer"),
      `case:2:51: configuring: train:SGD:minibatchSize: expected an integer, found "1e3"
  2 |   SGD = { maxEpochs = ten ; minibatchSize = 128*2:1e3 ; momentumPerMB = 0.9*0:0.5
    |                                                   ^^^
  hint: write 1000`,
    ],
    [
      "a repeat factor",
      () => SGD().schedule("momentumPerMB", "real"),
      `case:2:77: configuring: train:SGD:momentumPerMB: expected a repeat factor of at least 1, found 0
  2 |   SGD = { maxEpochs = ten ; minibatchSize = 128*2:1e3 ; momentumPerMB = 0.9*0:0.5
    |                                                                             ^`,
    ],
    [
      "a schedule without values",
      () => SGD().schedule("learningRatesPerMB", "real"),
      `case:3:32: configuring: train:SGD:learningRatesPerMB: expected at least one value, found an empty value
  3 |           learningRatesPerMB = () ; useNAG = yes }
    |                                ^^`,
    ],
    [
      "a wrong bool",
      () => SGD().bool("useNAG", false),
      `case:3:46: configuring: train:SGD:useNAG: expected true or false, found "yes"
  3 |           learningRatesPerMB = () ; useNAG = yes }
    |                                              ^^^
  hint: spellings: 1, t, T, true, True, TRUE; 0, f, F, false, False, FALSE`,
    ],
    [
      "a missing key",
      () => SGD().string("modelPath"),
      `case:2:3: configuring: a.cntk:train:SGD:modelPath: required, but missing
  2 |   SGD = { maxEpochs = ten ; minibatchSize = 128*2:1e3 ; momentumPerMB = 0.9*0:0.5
    |   ^^^
  hint: searched in a.cntk:train:SGD, a.cntk:train, a.cntk`,
    ],
    [
      "a missing key like another one",
      () => SGD().string("maxEpoch"),
      `case:2:3: configuring: a.cntk:train:SGD:maxEpoch: required, but missing
  2 |   SGD = { maxEpochs = ten ; minibatchSize = 128*2:1e3 ; momentumPerMB = 0.9*0:0.5
    |   ^^^
  hint: is 'maxEpochs' meant? searched in a.cntk:train:SGD, a.cntk:train, a.cntk`,
    ],
    [
      "a missing section",
      () => config.section("test"),
      `configuring: a.cntk:test: required, but missing
  hint: searched in a.cntk`,
    ],
    [
      "a section that is none",
      () => config.section("train").section("reader"),
      `case:4:12: configuring: train:reader: expected a section in [ ] or { }, found "file.txt"
  4 |   reader = file.txt
    |            ^^^^^^^^`,
    ],
    [
      "the mistake of a component",
      () => {
        throw SGD().error("epochSize", "expected more than 0, found 1.5", "0 is one sweep");
      },
      `case:6:13: configuring: epochSize: expected more than 0, found 1.5
  6 | epochSize = 1.5
    |             ^^^
  hint: 0 is one sweep`,
    ],
    [
      "the mistake of a component about a missing key",
      () => {
        throw SGD().error("dropoutRate", "expected a value");
      },
      `case:2:3: configuring: train:SGD:dropoutRate: expected a value
  2 |   SGD = { maxEpochs = ten ; minibatchSize = 128*2:1e3 ; momentumPerMB = 0.9*0:0.5
    |   ^^^`,
    ],
  ])("%s", (_, ask, expected) => {
    expect(textOrError(() => String(ask()))).toBe(expected);
  });

  it("of BrainScript show the place in the config", () => {
    const text = "dim = 3\nnet = {  # begin\n  # comment\n  z = W * $dim$ + ;\n}";
    const builder = printConfigAsBlock(text);
    expect(builder).toBe(`case:4:19: parsing: expected an expression, found ';'
  4 |   z = W * $dim$ + ;
    |                   ^`);
  });
});

function printConfigAsBlock(text: string): string {
  const access = { readText: () => ({ name: "case", text }), changeDirectory: () => undefined };
  const { root: config } = readCommandLine(["configFile=case"], access, () => undefined);
  const block = config.text("net");
  if (block === undefined) throw new Error("net is missing");
  const noIncludes = () => {
    throw new Error("includes nothing");
  };
  return textOrError(() => parseExpression(block, noIncludes).kind);
}

describe("unread keys", () => {
  it("are those nobody asked for", () => {
    const config = root(
      "a = 1 ; b = $c$ ; c = 2 ; d = 3 ; s = { x = 1 ; y = 2 ; t = { z = 1 } } ; u = { v = 1 } ; w = { k = 1 }",
    );
    const read = (section: Section) => section.integer("x") + section.integer("b");
    expect(read(config.section("s"))).toBe(3);
    expect(config.has("d")).toBe(true);
    expect(config.section("u").keys()).toEqual(["v"]);
    const unread = config.entries().filter(({ isRead }) => !isRead);
    expect(unread.map(({ section, entry }) => [section, entry.key])).toEqual([
      ["", "a"],
      ["s", "y"],
      ["s", "t"],
      ["u", "v"],
      ["", "w"],
    ]);
    expect([...(unread[1]?.asked ?? [])]).toEqual(["x", "b"]);
  });
});
