/** Seeded mutations of texts: what a slip of the hand, a bad editor or a bad disk makes of a config. */

import { MersenneTwister } from "../../src/random/mersenne-twister.js";

/** Draws from a seeded generator. */
export class Dice {
  readonly #generator: MersenneTwister;

  constructor(seed: number) {
    this.#generator = new MersenneTwister(seed);
  }

  /** An integer from 0 on, less than `count`. */
  below(count: number): number {
    return count <= 1 ? 0 : this.#generator.below(count);
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }
}

/** Words that mean something to one of the two layers, and values that are larger than anybody needs. */
const WORDS = [
  ..."{ } [ ] ( ) [| |] = == ; ;; , : . .. => -> + - * .* / % ** << >> && || ! < > \" ' # // /* */ $ $x$ \\ ~".split(
    " ",
  ),
  ..."if then else new with array include true false x n None Inferred BS.Constants.One tag axis".split(
    " ",
  ),
  ..."Input Parameter ParameterTensor Constant Times Plus Sequential DenseLayer ConvolutionalLayer".split(
    " ",
  ),
  ..."DeconvLayer MaxPoolingLayer MaxUnpoolingLayer BatchNormalizationLayer Splice Slice Reshape".split(
    " ",
  ),
  ..."NewReshape ReduceSum PastValue FutureValue Repeat Length Format Replace Substr Chr Fail Print".split(
    " ",
  ),
  ..."RowStack TransposeDimensions ElementTimes criterionNodes outputNodes featureNodes command".split(
    " ",
  ),
  "\n",
  " ",
];

const NUMBERS =
  "0 1 -1 2 0.5 1e9 1e18 1e308 1e400 -1e308 1e-320 65536 2147483648 4294967296 99999999999999999999 0x7fffffff nan inf".split(
    " ",
  );

/** Expressions without end, or of no reasonable size. */
const MONSTERS = [
  "array[0..1000000000](i => i)",
  "array[-1e300..1e300](i => i)",
  "Repeat (100000000, 1)",
  "Repeat (3000, Repeat (3000, 1))",
  "{ f (n) = f (n) ; r = f (1) }.r",
  "{ f (n) = 1 + f (n) ; r = f (1) }.r",
  "{ f (n) = f (f (n)) ; r = f (1) }.r",
  "{ f (n) = if n < 2 then n else f (n - 1) + f (n - 2) ; r = f (60) }.r",
  "{ f (n, s) = if n == 0 then s else f (n - 1, s + s) ; r = f (60, 'xxxxxxxx') }.r",
  "{ f (n, s) = if n == 0 then s else f (n - 1, Replace (s, 'x', 'xx')) ; r = f (60, 'x') }.r",
  "{ f (n, x) = if n == 0 then x else f (n - 1, x + x) ; r = f (20000, Input {3}) }.r",
  "Format (1.5, '1000000000')",
  "Format (1.5, '.1000000000')",
  "Chr (-1)",
  "Input {1e9:1e9:1e9}",
  "ParameterTensor {1e12, initValue = 0}",
  "ConstantTensor (1, 2000000000)",
  "DenseLayer {1e9} (Input {1e9})",
  "ConvolutionalLayer {1e9, (1e6:1e6), pad = true, stride = 1e9} (Input {1e7:1e7:3})",
  "Sequential (array[0..100000](i => ReLU)) (Input {3})",
  "LayerStack {100000, i => DenseLayer {10}} (Input {3})",
  "RowStack (array[0..100000](i => Input {3}))",
  "RowRepeat (Input {3}, 1000000000)",
  "PastValue (1000000000, x, timeStep = 1e9)",
];

/** Works on characters that stand for bytes, so that text that is no UTF-8 can be made, too. */
type Mutation = (text: string, dice: Dice, others: readonly string[]) => string;

const byte = (dice: Dice) => String.fromCharCode(dice.below(256));

const tokensOf = (text: string): string[] => text.match(/\w+|\s+|[^\w\s]/g) ?? [];

/** Changes one token; blanks count, too. */
const onToken =
  (change: (token: string, dice: Dice) => string): Mutation =>
  (text, dice) => {
    const tokens = tokensOf(text);
    const at = dice.below(tokens.length);
    tokens[at] = change(tokens[at] ?? "", dice);
    return tokens.join("");
  };

const replaceNumber: Mutation = (text, dice) => {
  const numbers = [...text.matchAll(/\d+(?:\.\d+)?(?:e[+-]?\d+)?/g)];
  if (numbers.length === 0) return text;
  const { index, 0: old } = dice.pick(numbers);
  return text.slice(0, index) + dice.pick(NUMBERS) + text.slice(index + old.length);
};

/** One name in the place of another, or in the place of a number. */
const replaceName: Mutation = (text, dice) => {
  const words = [...text.matchAll(/[A-Za-z_]\w*|\d+/g)];
  if (words.length === 0) return text;
  const { index, 0: old } = dice.pick(words);
  const name = dice.below(3) === 0 ? dice.pick(WORDS) : dice.pick(words)[0];
  return text.slice(0, index) + name + text.slice(index + old.length);
};

const replaceByMonster: Mutation = (text, dice) => {
  const words = [...text.matchAll(/=[ \t]*([^=;\n]+)/g)];
  const monster = dice.pick(MONSTERS);
  if (words.length === 0) return text + monster;
  const { index, 0: whole, 1: old = "" } = dice.pick(words);
  const start = index + whole.length - old.length;
  return text.slice(0, start) + monster + text.slice(start + old.length);
};

const cut: Mutation = (text, dice) => {
  const start = dice.below(text.length);
  const length = dice.below(3) === 0 ? text.length : dice.below(40);
  return text.slice(0, start) + text.slice(start + length);
};

const swap: Mutation = (text, dice) => {
  const tokens = tokensOf(text);
  const [one, other] = [dice.below(tokens.length), dice.below(tokens.length)];
  [tokens[one], tokens[other]] = [tokens[other] ?? "", tokens[one] ?? ""];
  return tokens.join("");
};

const splice: Mutation = (text, dice, others) => {
  const other = dice.pick(others);
  const start = dice.below(other.length);
  const at = dice.below(text.length);
  return text.slice(0, at) + other.slice(start, start + dice.below(200)) + text.slice(at);
};

const flipBytes: Mutation = (text, dice) => {
  let result = text;
  for (let count = 1 + dice.below(4); count > 0; count--) {
    const at = dice.below(result.length);
    result = result.slice(0, at) + byte(dice) + result.slice(at + 1);
  }
  return result;
};

const nest = onToken((token, dice) => {
  const [open = "", close = ""] = dice
    .pick(["( )", "{ }", "[ ]", "{x= }", "f( )", "[| |]", "-", "if"])
    .replace("if", "if\u0020c\u0020then\u00201\u0020else")
    .split(" ");
  const depth = dice.pick([3, 100, 1000, 20_000]);
  return open.repeat(depth) + token + (dice.below(4) === 0 ? "" : close.repeat(depth));
});

const bytesOf = (text: string, encoding: BufferEncoding) =>
  Buffer.from(text, encoding).toString("latin1");

/** The whole text in another encoding, or with other line ends. */
const encode: Mutation = (text, dice) =>
  dice.pick<(text: string) => string>([
    (plain) => `\xEF\xBB\xBF${plain}`,
    (plain) => plain.replaceAll("\n", "\r\n"),
    (plain) => plain.replaceAll("\n", "\r"),
    (plain) => bytesOf(`\uFEFF${plain}`, "utf16le"),
    (plain) => plain.replaceAll("x", "\u00C3\u00A4"),
    (plain) => plain.replaceAll(" ", "\u00C2\u00A0"),
  ])(text);

const insertBytes = onToken(
  (token, dice) =>
    // NUL, bytes that are no UTF-8, a lone surrogate, a cut character, a control character, a mark in the middle
    token + dice.pick(["\0", "\xFF\xFE", "\xED\xA0\x80", "\xE2\x82", "\x1B[2J", "\xEF\xBB\xBF"]),
);

const MUTATIONS: readonly Mutation[] = [
  flipBytes,
  cut,
  swap,
  splice,
  replaceNumber,
  replaceNumber,
  replaceNumber,
  replaceName,
  replaceName,
  replaceName,
  nest,
  encode,
  insertBytes,
  onToken(() => ""),
  onToken((token, dice) => token.repeat(dice.pick([2, 2, 3, 1000]))),
  onToken((_, dice) => dice.pick(WORDS)),
  onToken((token, dice) => token + dice.pick(WORDS)),
];

/** A text after one to three mutations. @param others texts to take pieces from */
export function mutate(bytes: Buffer, dice: Dice, others: readonly Buffer[]): Buffer {
  const pieces = others.map((other) => other.toString("latin1"));
  let text = bytes.toString("latin1");
  // these take long, until a limit ends them
  if (dice.below(50) === 0) text = replaceByMonster(text, dice, pieces);
  for (let count = dice.pick([1, 1, 1, 2, 3]); count > 0; count--) {
    text = dice.pick(MUTATIONS)(text, dice, pieces);
    // some mutations multiply
    if (text.length > 300_000) text = text.slice(0, 300_000);
  }
  return Buffer.from(text, "latin1");
}
