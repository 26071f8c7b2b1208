import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { PNG } from "pngjs";
import { CntkError } from "../../grammar/errors.js";
import { visualize, type VisualizeOptions } from "../../src/actions/visualize.js";
import { createEngine } from "../../src/engine/index.js";
import type { Engine } from "../../src/engine/engine.js";
import type { Run } from "../../src/engine/run.js";
import { saveModelFile } from "../../src/train/checkpoint.js";
import { networkFromScript } from "../network/script-network.js";

/** Images of 4 x 4 pixels; the encoding is 2 x 2; the output is half as bright as the input. */
const NETWORK = `
  features = Input {4:4:1}
  f2 = Constant (1/256) .* features
  model (x) = {
    pool1 = MaxPoolingLayer {(2:2), stride=(2:2)} (x)
    zero  = Constant (0) .* ReduceSum (pool1)
    out   = Constant (0.5) .* x + zero
  }.out
  z = model (f2)
  outputNodes = (z)
`;

const IMAGES = [
  [0, 64, 128, 0, 32, 0, 0, 0, 0, 0, 255, 0, 0, 16, 0, 0],
  [255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
];

let folder: string;
let engine: Engine;
const lines: string[] = [];

const run = (): Run => ({
  log: (text) => lines.push(text),
  stampedLog: (text) => lines.push(text),
  precision: "float",
  deviceId: -1,
  engine: () => Promise.resolve(engine),
  nextSeed: () => 1,
  includeDirectories: [],
  progress: undefined,
  readText: (name) => ({ name, text: "" }),
});

const inFolder = (name: string) => path.join(folder, name);

const options = (changed: Partial<VisualizeOptions> = {}): VisualizeOptions => ({
  model: inFolder("model"),
  data: inFolder("images.txt"),
  output: inFolder("pictures"),
  images: 10,
  ...changed,
});

async function failure(changed: Partial<VisualizeOptions>): Promise<CntkError> {
  try {
    await visualize(options(changed), run());
  } catch (error) {
    if (error instanceof CntkError) return error;
    throw error;
  }
  throw new Error("nothing was wrong");
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "visualize-"));
  engine = await createEngine("cpu", () => undefined);
  saveModelFile(inFolder("model"), networkFromScript(NETWORK).network, "float");
  const text = IMAGES.map((image) => `|labels 1 0 |features ${image.join(" ")}\n`).join("");
  writeFileSync(inFolder("images.txt"), text);
  writeFileSync(inFolder("large.txt"), `|features ${"1 ".repeat(25)}\n`);
  writeFileSync(inFolder("empty.txt"), "");
});

afterAll(() => {
  engine.dispose();
  rmSync(folder, { recursive: true });
});

describe("visualize", () => {
  it("draws the images of the file, two if there are only two", async () => {
    lines.length = 0;
    await visualize(options(), run());
    expect(readdirSync(inFolder("pictures")).sort()).toEqual([
      "decoder_output_BS.txt",
      "encoder_output_BS.txt",
      "imageAutoEncoder.html",
      "imageAutoEncoder.png",
      "imageAutoEncoder_0__encoding.png",
      "imageAutoEncoder_0__input.png",
      "imageAutoEncoder_0__output.png",
      "imageAutoEncoder_1__encoding.png",
      "imageAutoEncoder_1__input.png",
      "imageAutoEncoder_1__output.png",
    ]);
    expect(lines.at(-1)).toBe(
      `To look at in a browser: ${inFolder("pictures/imageAutoEncoder.html")}`,
    );
  });

  it("computes what it draws", () => {
    const grey = (name: string) => {
      const { data } = PNG.sync.read(readFileSync(inFolder(`pictures/${name}`)));
      return [...data].filter((_, index) => index % 4 === 0);
    };
    IMAGES.forEach((image, index) => {
      expect(grey(`imageAutoEncoder_${index}__input.png`)).toEqual(image);
      const halves = image.map((level) => Math.round(level / 2));
      expect(grey(`imageAutoEncoder_${index}__output.png`)).toEqual(halves);
    });
    expect(grey("imageAutoEncoder_0__encoding.png")).toEqual([64, 128, 16, 255]);
    expect(readFileSync(inFolder("pictures/encoder_output_BS.txt"), "utf8")).toBe(
      "0.250000 0.500000 0.062500 0.996094\n0.996094 0.000000 0.000000 0.003906\n",
    );
  });

  it("takes only the first images, and other nodes if they are named", async () => {
    const output = inFolder("one");
    await visualize(options({ output, images: 1, nodes: ["features", "f2", "z"] }), run());
    expect(existsSync(path.join(output, "imageAutoEncoder_1__input.png"))).toBe(false);
    expect(readFileSync(path.join(output, "imageAutoEncoder.html"), "utf8")).toContain(
      "<code>features</code>",
    );
  });

  it.each([
    {
      name: "a model that is missing",
      changed: () => ({ model: inFolder("nothing") }),
      message: /^cannot read the model '.*nothing': .*ENOENT/,
    },
    {
      name: "data that is missing",
      changed: () => ({ data: inFolder("nothing.txt") }),
      message: /^cannot open the data file '.*nothing\.txt'/,
    },
    {
      name: "data without images",
      changed: () => ({ data: inFolder("empty.txt") }),
      message: /empty\.txt: the file is empty$/,
    },
    {
      name: "images of another size",
      changed: () => ({ data: inFolder("large.txt") }),
      message: /^input 'features' has dimension 16, but here are 25 values/,
    },
    {
      name: "an unknown node",
      changed: () => ({ nodes: ["f2", "z.pool", "z"] }),
      message: /^the model has no node 'z\.pool'$/,
      hint: "did you mean 'z.pool1'?",
    },
    {
      name: "too few nodes",
      changed: () => ({ nodes: ["f2", "z"] }),
      message: /^nodes: expected the names of 3 nodes, found 2: f2, z$/,
    },
    {
      name: "an output that is no image",
      changed: () => ({ nodes: ["f2", "z.pool1", "z.pool1"] }),
      message: /^input and output differ in size: f2 \[4 x 4 x 1\], z\.pool1 \[2 x 2 x 1\]$/,
    },
    {
      name: "a node that is the same for all images",
      changed: () => ({ nodes: ["f2", "f2.ElementTimesArgs[0]", "z"] }),
      message: /^node 'f2\.ElementTimesArgs\[0\]' \(LearnableParameter\) has one value for all/,
    },
    {
      name: "no images",
      changed: () => ({ images: 0 }),
      message: /^images: expected a positive integer, found 0$/,
    },
  ])("refuses $name", async ({ changed, message, hint }) => {
    const error = await failure(changed());
    expect(error.message).toMatch(message);
    if (hint !== undefined) expect(error.hint).toBe(hint);
  });
});
