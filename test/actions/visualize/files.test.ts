import { describe, expect, it } from "@jest/globals";
import { PNG } from "pngjs";
import {
  renderFiles,
  type EvaluatedNode,
  type Evaluation,
} from "../../../src/actions/visualize/files.js";

const node = (name: string, shape: number[], ...samples: number[][]): EvaluatedNode => ({
  name,
  shape,
  samples,
});

/** Two images of 2 x 2 pixels, an encoding of one map of 1 x 2. */
const evaluation: Evaluation = {
  model: "m",
  data: "d",
  input: node("f2", [2, 2, 1], [0, 1 / 256, 128 / 256, 255 / 256], [0, 0, 0, 0]),
  encoding: node("z.pool1", [1, 2, 1], [0.5, 2], [0, 0]),
  output: node("z", [2, 2, 1], [0, 1 / 256, 128 / 256, 2], [-0, 0, -1, 1]),
};

const file = (files: ReturnType<typeof renderFiles>, name: string) => {
  const found = files.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`${name} is missing`);
  return found.content;
};

const greyOf = (content: string | Uint8Array) => {
  const { data } = PNG.sync.read(Buffer.from(content));
  return [...data].filter((_, index) => index % 4 === 0);
};

describe("renderFiles", () => {
  const files = renderFiles(evaluation);

  it("names the files as the tutorial does", () => {
    expect(files.map(({ name }) => name)).toEqual([
      "imageAutoEncoder_0__input.png",
      "imageAutoEncoder_0__encoding.png",
      "imageAutoEncoder_0__output.png",
      "imageAutoEncoder_1__input.png",
      "imageAutoEncoder_1__encoding.png",
      "imageAutoEncoder_1__output.png",
      "encoder_output_BS.txt",
      "decoder_output_BS.txt",
      "imageAutoEncoder.png",
      "imageAutoEncoder.html",
    ]);
  });

  it.each([
    // scaled back to grey levels 0..255
    ["imageAutoEncoder_0__input.png", [0, 1, 128, 255]],
    ["imageAutoEncoder_0__output.png", [0, 1, 128, 255]],
    // relative to the largest value of the encoding
    ["imageAutoEncoder_0__encoding.png", [64, 255]],
    ["imageAutoEncoder_1__encoding.png", [0, 0]],
    ["imageAutoEncoder_1__output.png", [0, 0, 0, 255]],
  ])("draws %s", (name, pixels) => {
    expect(greyOf(file(files, name))).toEqual(pixels);
  });

  it.each([
    ["encoder_output_BS.txt", "0.500000 2.000000\n0.000000 0.000000\n"],
    [
      "decoder_output_BS.txt",
      "0.000000 0.003906 0.500000 2.000000\n0.000000 0.000000 -1.000000 1.000000\n",
    ],
  ])("writes %s", (name, text) => {
    expect(file(files, name)).toBe(text);
  });

  it("shows the error of each image and their mean", () => {
    const page = file(files, "imageAutoEncoder.html");
    const numbers = [...page.toString().matchAll(/(?:rmse|<b>) ?(\d\.\d{4})/g)];
    // sqrt((2 - 255/256)^2 / 4), sqrt((1 + 1) / 4)
    expect(numbers.map((match) => match[1])).toEqual(["0.6045", "0.5020", "0.7071"]);
  });

  it("takes grey levels as they are where the model does not scale them", () => {
    const unscaled = renderFiles({
      ...evaluation,
      input: node("features", [4], [0, 100, 200, 255], [0, 0, 0, 0]),
    });
    expect(greyOf(file(unscaled, "imageAutoEncoder_0__input.png"))).toEqual([0, 100, 200, 255]);
  });

  it("leaves out the picture of an encoding that is no map", () => {
    const files = renderFiles({ ...evaluation, encoding: node("h", [3], [1, 2, 3], [4, 5, 6]) });
    expect(files.map(({ name }) => name).filter((name) => name.includes("encoding"))).toEqual([]);
    expect(file(files, "encoder_output_BS.txt")).toBe(
      "1.000000 2.000000 3.000000\n4.000000 5.000000 6.000000\n",
    );
  });

  it.each([
    {
      name: "an input that is no image",
      changed: { input: node("features", [5], [0, 0, 0, 0, 0]) },
      message: "the input features [5] is not a square image",
    },
    {
      name: "an output that is no image",
      changed: { output: node("z", [10], [0]) },
      message: "the output z [10] is not a square image",
    },
    {
      name: "an output of another size",
      changed: { output: node("z", [3, 3, 1], [0]) },
      message: "input and output differ in size: f2 [2 x 2 x 1], z [3 x 3 x 1]",
    },
  ])("refuses $name", ({ changed, message }) => {
    expect(() => renderFiles({ ...evaluation, ...changed })).toThrow(message);
  });
});
