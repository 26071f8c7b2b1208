/** The grammars and the problem matcher of editors/: what tokens are called, and that whole files come out balanced. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import oniguruma from "vscode-oniguruma";
import textmate, { type IGrammar, type StateStack } from "vscode-textmate";
import { runProgram } from "../src/cli/program.js";

const EXTENSION = path.resolve("editors/vscode");
const readJson = (name: string): unknown =>
  JSON.parse(readFileSync(path.join(EXTENSION, name), "utf8"));

interface Manifest {
  readonly contributes: {
    readonly languages: readonly { readonly extensions: readonly string[] }[];
    readonly grammars: readonly { readonly scopeName: string; readonly path: string }[];
    readonly problemPatterns: readonly Readonly<Record<string, string>>[];
  };
}
const manifest = readJson("package.json") as Manifest; // the tests below would fail

/** The grammars by scope name, as the extension's manifest lists them. */
const grammars = new Map<string, IGrammar>();

beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm");
  await oniguruma.loadWASM(readFileSync(wasm));
  const files = new Map(
    manifest.contributes.grammars.map((entry) => [entry.scopeName, entry.path]),
  );
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: (scope) => {
      const file = files.get(scope);
      if (file === undefined) return Promise.resolve(null);
      const text = readFileSync(path.join(EXTENSION, file), "utf8");
      return Promise.resolve(textmate.parseRawGrammar(text, file));
    },
  });
  for (const scope of files.keys()) {
    const grammar = await registry.loadGrammar(scope);
    if (grammar !== null) grammars.set(scope, grammar);
  }
});

interface Token {
  readonly text: string;
  /** innermost */
  readonly scope: string;
}

function tokenize(
  text: string,
  scopeName: string,
): { readonly tokens: Token[]; readonly depth: number } {
  const grammar = grammars.get(scopeName);
  if (grammar === undefined) throw new Error(`no grammar ${scopeName}`);
  let stack: StateStack = textmate.INITIAL;
  const tokens = text.split(/\r\n|\r|\n/).flatMap((line) => {
    const result = grammar.tokenizeLine(line, stack);
    stack = result.ruleStack;
    return result.tokens.map(({ startIndex, endIndex, scopes }) => ({
      text: line.slice(startIndex, endIndex),
      scope: scopes.at(-1) ?? "",
    }));
  });
  return { tokens: tokens.filter((token) => token.text.trim() !== ""), depth: stack.depth };
}

/** The scope of the first token that is or contains the text. */
function scopeOf(text: string, wanted: string, language: string): string | undefined {
  const { tokens } = tokenize(text, `source.${language}`);
  const token =
    tokens.find((one) => one.text.trim() === wanted) ??
    tokens.find((one) => one.text.includes(wanted));
  return token?.scope;
}

describe("outer layer", () => {
  it.each([
    ["# a comment", "a comment", "comment.line.number-sign.cntk"],
    ["a = 1   # a comment", "a comment", "comment.line.number-sign.cntk"],
    ["a = x#1 # kept", "kept", "string.unquoted.cntk"],
    ["traceLevel = 1", "traceLevel", "support.type.property-name.cntk"],
    ["a = 1 ; maxEpochs=2", "maxEpochs", "support.type.property-name.cntk"],
    ["train = {", "train", "entity.name.section.cntk"],
    ["SGD [", "SGD", "entity.name.section.cntk"],
    ["a = 0.01*5:0.005", "0.01", "constant.numeric.cntk"],
    ["a = 0.01*5:0.005", "*", "keyword.operator.array.cntk"],
    ["a = 0.01*5:0.005", "0.005", "constant.numeric.cntk"],
    ["a = 1#INF", "1#INF", "constant.numeric.cntk"],
    ["a = -3e-2", "-3e-2", "constant.numeric.cntk"],
    ["makeMode = false", "false", "constant.language.boolean.cntk"],
    ['file = "a b"', "a b", "string.quoted.double.cntk"],
    ['file = "$dir$/x"', "dir", "variable.other.expansion.cntk"],
    ['file = "$dir$/x"', "/x", "string.quoted.double.cntk"],
    ["in = $inputDef$", "inputDef", "variable.other.expansion.cntk"],
    ["command = train:test", "test", "string.unquoted.cntk"],
    ["include=more.cntk", "include", "keyword.control.import.cntk"],
    ["include=more.cntk", "more.cntk", "string.unquoted.path.cntk"],
    [
      "BrainScriptNetworkBuilder = {",
      "BrainScriptNetworkBuilder",
      "entity.name.section.builder.cntk",
    ],
    ["ds = ({ type = A } : { type = B })", "type", "support.type.property-name.cntk"],
    [
      "BrainScriptNetworkBuilder_off = { a = 1#x",
      "BrainScriptNetworkBuilder_off",
      "entity.name.section.cntk",
    ],
  ])("%s: %s", (text, wanted, scope) => {
    expect(scopeOf(text, wanted, "cntk")).toBe(scope);
  });

  it("goes on behind a network", () => {
    const text = "BrainScriptNetworkBuilder = {\n  a = [ b = (1:2) ]\n}\nSGD = { maxEpochs = 1 }";
    expect(scopeOf(text, "b", "cntk")).toBe("variable.other.member.brainscript");
    expect(scopeOf(text, "maxEpochs", "cntk")).toBe("support.type.property-name.cntk");
  });
});

describe("BrainScript", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["a = 1# comment", "comment", "comment.line.number-sign"],
    ["a = 1 // comment", "comment", "comment.line.double-slash"],
    ["/* comment\n more */ a = 1", "more", "comment.block"],
    ["/* comment\n more */ a = 1", "a", "variable.other.member"],
    ['s = "a // b"', "a // b", "string.quoted.double"],
    ["s = 'a // b'", "a // b", "string.quoted.single"],
    ["x = if c then 1 else 2", "then", "keyword.control.conditional"],
    ["x = if c then 1 else 2", "else", "keyword.control.conditional"],
    ['include "more.bs"', "include", "keyword.control.import"],
    ["x = new ComputationNode [ a = 1 ]", "new", "keyword.operator.new"],
    ["x = new ComputationNode [ a = 1 ]", "ComputationNode", "entity.name.type.class"],
    ["x = new ComputationNode [ a = 1 ]", "a", "variable.other.member"],
    ["v = array[1..3](i => i)", "array", "keyword.other"],
    ["v = array[1..3](i => i)", "1", "constant.numeric"],
    ["v = array[1..3](i => i)", "..", "keyword.operator.range"],
    ["v = array[1..3](i => i)", "=>", "storage.type.function.arrow"],
    ["x = 0x1F + .5e-3", "0x1F", "constant.numeric"],
    ["x = 0x1F + .5e-3", ".5e-3", "constant.numeric"],
    ["x = true", "true", "constant.language.boolean"],
    ["y = 2 .* x ** 3", ".*", "keyword.operator.arithmetic"],
    ["y = 2 .* x ** 3", "**", "keyword.operator.arithmetic"],
    ["y = a == b", "==", "keyword.operator.comparison"],
    ["y = a && !b", "&&", "keyword.operator.logical"],
    ["y = f >> g", ">>", "keyword.operator.composition"],
    ["d = 28:28:1", ":", "keyword.operator.list"],
    ["h = DenseLayer {200, activation=ReLU} (x)", "DenseLayer", "support.function.layer"],
    ["h = DenseLayer {200, activation=ReLU} (x)", "activation", "variable.parameter"],
    ["h = DenseLayer {200, activation=ReLU} (x)", "ReLU", "support.function.layer"],
    ["f = Input {2}", "Input", "support.function"],
    ["y = scale (x, by=2)", "scale", "entity.name.function.call"],
    ["y = scale (x, by=2)", "by", "variable.parameter"],
    ["scale (x, by=2) = x * by", "scale", "entity.name.function"],
    ["Scale{f, dims=(1:2)} = x => f", "Scale", "entity.name.function"],
    ["r = { a = 1 }.a", "a", "variable.other.member"],
    ["y = BS.Network.Load (m)", "BS", "support.module"],
    ["outputNodes = (z)", "outputNodes", "support.variable.group"],
    ["c = $cMap$", "cMap", "variable.other.expansion"],
  ];

  it.each(cases)("%s: %s", (text, wanted, scope) => {
    const suffix = scope.endsWith("expansion") ? "cntk" : "brainscript";
    expect(scopeOf(text, wanted, "brainscript")).toBe(`${scope}.${suffix}`);
  });
});

describe("files that come with the program", () => {
  const files = ["configs", "src/library"].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.(cntk|bs)$/.test(name))
      .map((name) => path.join(folder, name)),
  );

  it.each(files)("%s", (file) => {
    const language = file.endsWith(".cntk") ? "cntk" : "brainscript";
    const { tokens, depth } = tokenize(readFileSync(file, "utf8"), `source.${language}`);
    // every bracket, string and comment has ended
    expect(depth).toBe(1);
    const unnamed = tokens.filter(({ scope }) => /^(source|meta)\./.test(scope));
    expect(unnamed).toEqual([]);
  });
});

describe("the extension", () => {
  it("has a grammar for each file type", () => {
    const { languages } = manifest.contributes;
    expect(languages.flatMap(({ extensions }) => extensions)).toEqual([".cntk", ".bs"]);
    expect([...grammars.keys()]).toEqual(["source.cntk", "source.brainscript"]);
    expect(readJson("language-configuration.json")).toMatchObject({
      comments: { lineComment: "#" },
    });
  });

  it("finds the problems in what check prints", async () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), "tscntk-editor-"));
    const file = path.join(directory, "wrong.cntk");
    writeFileSync(file, "traceLevel = high\ncolour = red\ncommand = none\n");
    let printed = "";
    const stderr = { write: () => undefined, columns: undefined };
    const stdout = (text: string) => void (printed += text);
    await runProgram(["check", `configFile=${file}`], { stdout, stderr });
    rmSync(directory, { recursive: true });
    const pattern = new RegExp(manifest.contributes.problemPatterns[0]?.regexp ?? "");
    const problems = printed.split("\n").flatMap((line) => {
      const match = pattern.exec(line);
      return match === null ? [] : [match.slice(1)];
    });
    expect(problems).toEqual([
      [file, "1", "14", "configuring", 'traceLevel: expected an integer, found "high"'],
      [file, "2", "1", "warning", "nobody reads the key 'colour'"],
      [file, "3", "11", "configuring", "command: there is no section 'none'"],
    ]);
  });
});
