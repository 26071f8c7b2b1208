import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { obtainNetwork } from "../src/actions/network-source.js";
import { readCommandLine } from "../src/config/command-line.js";
import type { Section } from "../src/config/section.js";
import type { Run } from "../src/engine/run.js";
import { findNode, type ComputationNetwork } from "../src/network/network.js";
import { sgdSettings } from "../src/train/settings.js";

const readText = (name: string) => ({ name, text: readFileSync(name, "utf8") });

/** The root section of a shipped config with overrides. */
function rootOf(config: string, overrides: readonly string[] = []): Section {
  const args = [`configFile=configs/${config}.cntk`, ...overrides];
  const changeDirectory = (directory: string) => {
    throw new Error(`${config} changes to ${directory}`);
  };
  return readCommandLine(args, { readText, changeDirectory }, () => undefined).root;
}

/** The network that the config trains. */
function networkOf(config: string, overrides: readonly string[] = []): ComputationNetwork {
  let seed = 0;
  const run: Run = {
    log: () => undefined,
    stampedLog: () => undefined,
    precision: "float",
    deviceId: -1,
    engine: () => Promise.reject(new Error("nothing is computed here")),
    nextSeed: () => ++seed,
    includeDirectories: [],
    progress: undefined,
    readText,
  };
  return obtainNetwork(rootOf(config, overrides).section("trainNetwork"), run, "train");
}

const ONE_LAYER = "07_Deconvolution_BS";
const TWO_LAYERS = "07_Deconvolution_TwoLayer";
const CONFIGS = ["01_OneHidden", "02_OneConv", ONE_LAYER, TWO_LAYERS];

describe("shipped configs", () => {
  it("are all of them here", () => {
    expect(readdirSync("configs").sort()).toEqual(CONFIGS.map((name) => `${name}.cntk`));
  });

  it.each(CONFIGS)("%s reads MNIST and writes to output", (config) => {
    const root = rootOf(config);
    const train = root.section("trainNetwork");
    const test = root.section("testNetwork");
    expect([train.string("action"), test.string("action")]).toEqual(["train", "test"]);
    expect(train.section("reader").string("file")).toBe("data/MNIST/Train-28x28_cntk_text.txt");
    expect(test.section("reader").string("file")).toBe("data/MNIST/Test-28x28_cntk_text.txt");
    expect(test.integer("minibatchSize")).toBe(1024);
    expect(train.string("modelPath")).toBe(`output/models/${config}`);
    expect(test.string("modelPath")).toBe(train.string("modelPath"));
    expect(root.bool("makeMode")).toBe(false);
    expect(root.integer("traceLevel")).toBe(1);
    const elsewhere = rootOf(config, ["dataDir=d", "outputDir=o"]).section("trainNetwork");
    expect(elsewhere.section("reader").string("file")).toBe("d/Train-28x28_cntk_text.txt");
    expect(elsewhere.string("modelPath")).toBe(`o/models/${config}`);
  });

  it.each([
    { config: "01_OneHidden", rates: [0.01, 0.01, 0.01, 0.01, 0.01, 0.005], timeConstant: 0 },
    { config: "02_OneConv", rates: [0.001, 0.001, 0.001, 0.001, 0.001, 5e-4], timeConstant: 0 },
    { config: ONE_LAYER, rates: [0.00015], timeConstant: 600 },
    { config: TWO_LAYERS, rates: [0.00015], timeConstant: 600 },
  ])("$config trains as the tutorial does", ({ config, rates, timeConstant }) => {
    const sgd = rootOf(config).section("trainNetwork").section("SGD");
    expect(sgd.integer("epochSize")).toBe(60000);
    expect(sgd.schedule("minibatchSize", "integer").values).toEqual([64]);
    expect(sgd.integer("maxEpochs")).toBe(3);
    expect(sgd.schedule("learningRatesPerSample", "real").values).toEqual(rates);
    expect(sgd.schedule("momentumAsTimeConstant", "real").values).toEqual([timeConstant]);
    expect(() => sgdSettings(sgd)).not.toThrow();
  });

  it.each([ONE_LAYER, TWO_LAYERS])("%s shows progress and writes what it made", (config) => {
    const root = rootOf(config);
    expect(root.strings("command")).toEqual(["trainNetwork", "testNetwork", "writeResults"]);
    const sgd = root.section("trainNetwork").section("SGD");
    expect(sgd.integer("firstMBsToShowResult")).toBe(5);
    expect(sgd.integer("numMBsToShowResult")).toBe(235);
    const write = root.section("writeResults");
    expect(write.string("action")).toBe("write");
    expect(write.strings("outputNodeNames")).toEqual(["z"]);
    expect(write.string("outputPath")).toMatch(/^output\/decoder_output_\w+\.txt$/);
  });

  it.each([
    { config: ONE_LAYER, overrides: [], gradient: "max" },
    { config: ONE_LAYER, overrides: ["unpoolingGradient=gather"], gradient: "gather" },
    { config: TWO_LAYERS, overrides: [], gradient: "gather" },
    { config: TWO_LAYERS, overrides: ["unpoolingGradient=max"], gradient: "max" },
  ])("$config $overrides unpools with gradient $gradient", ({ config, overrides, gradient }) => {
    const sgd = rootOf(config, overrides).section("trainNetwork").section("SGD");
    expect(sgdSettings(sgd).unpoolingGradient).toBe(gradient);
  });
});

describe("their networks", () => {
  it("of 07 has the nodes that CNTK lists", () => {
    const nodes = networkOf(ONE_LAYER).nodes.map(
      ({ name, operation, inputs, shape }) =>
        `${name} = ${operation.name}(${inputs.map((input) => input.name).join(", ")}) [${shape.join(" x ")}]`,
    );
    expect(nodes.sort()).toEqual(
      [
        "features = InputValue() [28 x 28 x 1]",
        "f1.ElementTimesArgs[0] = LearnableParameter() [1 x 1]",
        "f1 = ElementTimes(f1.ElementTimesArgs[0], features) [28 x 28 x 1]",
        "z.conv1.W = LearnableParameter() [5 x 5 x 1 x 1]",
        "z.conv1.b = LearnableParameter() [1 x 1 x 1]",
        "z.conv1.c = Convolution(z.conv1.W, f1) [28 x 28 x 1]",
        "z.conv1.res._ = Plus(z.conv1.c, z.conv1.b) [28 x 28 x 1]",
        "z.conv1.res = RectifiedLinear(z.conv1.res._) [28 x 28 x 1]",
        "z.pool1 = Pooling(z.conv1.res) [7 x 7 x 1]",
        "z.unpool1 = MaxUnpooling(z.pool1, z.conv1.res) [28 x 28 x 1]",
        "z.deconv1.W = LearnableParameter() [5 x 5 x 1 x 1]",
        "z = Convolution(z.deconv1.W, z.unpool1) [28 x 28 x 1]",
        "f2.ElementTimesArgs[0] = LearnableParameter() [1 x 1]",
        "f2 = ElementTimes(f2.ElementTimesArgs[0], features) [28 x 28 x 1]",
        "err = Minus(z, f2) [28 x 28 x 1]",
        "sqErr = ElementTimes(err, err) [28 x 28 x 1]",
        "mse = ReduceElements(sqErr) [1]",
        "rmse = Sqrt(mse) [1]",
      ].sort(),
    );
  });

  // tensors and numbers that training changes, and the random seeds in the order in which CNTK gives them
  it.each([
    {
      config: ONE_LAYER,
      overrides: [],
      trained: [3, 51],
      seeds: { "z.deconv1.W": 1, "z.conv1.W": 2 },
    },
    {
      config: ONE_LAYER,
      overrides: ["cMap=3"],
      trained: [3, 153],
      seeds: { "z.deconv1.W": 1, "z.conv1.W": 2 },
    },
    {
      config: TWO_LAYERS,
      overrides: [],
      trained: [8, 512],
      seeds: { "z.deconv_A.W": 1, "z.deconv_B.W": 2, "z.conv_B.W": 3, "z.conv_A.W": 4 },
    },
    {
      config: "01_OneHidden",
      overrides: [],
      trained: [4, 159010],
      seeds: { "out.z.W": 1, "out.h1.arrayOfFunctions[0].W": 2 },
    },
    {
      config: "02_OneConv",
      overrides: [],
      trained: [6, 201834],
      seeds: {
        "model.arrayOfFunctions[6].W": 1,
        "model.arrayOfFunctions[4].arrayOfFunctions[0].W": 2,
        "model.arrayOfFunctions[1].W": 3,
      },
    },
  ])("of $config $overrides has CNTK's parameters", ({ config, overrides, trained, seeds }) => {
    const parameters = networkOf(config, overrides).nodes.flatMap(({ name, parameter }) =>
      parameter !== undefined && parameter.learningRateMultiplier > 0 ? [{ name, parameter }] : [],
    );
    const sizes = parameters.map(({ parameter }) => parameter.value?.length ?? 0);
    expect([sizes.length, sizes.reduce((sum, size) => sum + size, 0)]).toEqual(trained);
    const drawn = parameters.flatMap(({ name, parameter: { initialization } }) =>
      initialization.kind === "random" ? [[name, initialization.seed] as const] : [],
    );
    expect(Object.fromEntries(drawn)).toEqual(seeds);
  });

  it.each([
    { config: ONE_LAYER, overrides: ["poolSize=2"], node: "z.pool1", shape: [14, 14, 1] },
    { config: ONE_LAYER, overrides: ["cMap=3"], node: "z.pool1", shape: [7, 7, 3] },
    { config: TWO_LAYERS, overrides: [], node: "z.pool_A", shape: [14, 14, 5] },
    { config: TWO_LAYERS, overrides: [], node: "z.pool_B", shape: [7, 7, 1] },
    { config: TWO_LAYERS, overrides: ["cMap2=2"], node: "z.pool_B", shape: [7, 7, 2] },
    { config: TWO_LAYERS, overrides: [], node: "z", shape: [28, 28, 1] },
  ])("of $config $overrides has $node $shape", ({ config, overrides, node, shape }) => {
    expect(findNode(networkOf(config, overrides), node)?.shape).toEqual(shape);
  });

  it.each([
    { config: ONE_LAYER, overrides: [], node: "z.deconv1.W", start: ["glorotUniform", 0.001] },
    {
      config: ONE_LAYER,
      overrides: ["deconvInit=uniform", "deconvInitValueScale=0.1"],
      node: "z.deconv1.W",
      start: ["uniform", 0.1],
    },
    { config: TWO_LAYERS, overrides: [], node: "z.deconv_A.W", start: ["glorotUniform", 0.1] },
    {
      config: TWO_LAYERS,
      overrides: ["deconvInitValueScale=0.001"],
      node: "z.deconv_B.W",
      start: ["glorotUniform", 0.001],
    },
  ])("of $config $overrides starts $node with $start", ({ config, overrides, node, start }) => {
    const [distribution, scale] = start;
    const parameter = findNode(networkOf(config, overrides), node)?.parameter;
    expect(parameter?.initialization).toMatchObject({ kind: "random", distribution, scale });
  });
});
