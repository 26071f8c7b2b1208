/** Checkpoints and the writing of files. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { findNode } from "../../src/network/network.js";
import { readModel } from "../../src/network/model-file/read-model.js";
import { operations } from "../../src/operations/index.js";
import {
  loadCheckpointFile,
  loadModelFile,
  readCheckpoint,
  saveCheckpointFile,
  saveModelFile,
  writeCheckpoint,
  writeFileAtomically,
} from "../../src/train/checkpoint.js";
import { trainedParameters } from "../../src/train/criterion.js";
import {
  bytesOf,
  f64,
  logisticRegression,
  matrix,
  u64,
} from "../network/model-file/model-bytes.js";

const directory = mkdtempSync(path.join(tmpdir(), "checkpoint-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});
const inDirectory = (name: string) => path.join(directory, name);

const network = readModel(logisticRegression(19), "lr.dnn", { precision: "float", operations });
const criterion = findNode(network, "lr");
const parameters = criterion === undefined ? [] : trainedParameters(criterion);

const state = {
  totalSamplesSeen: 5000,
  learningRatePerSample: 0.04,
  previousCriterion: Infinity,
  minibatchSize: 25,
  learnerStates: [
    { smoothedGradient: Float32Array.of(1), smoothedCount: 0 },
    { smoothedGradient: Float32Array.of(2, 3), smoothedCount: 7.5 },
  ],
};

const learningRate = ["BLearnRate", u64(5000), f64(0.04), f64(Infinity), "ELearnRate"];
const gradients = ["BGradient", matrix(1, 1, [1]), matrix(1, 2, [2, 3]), "EGradient"];
const whole = bytesOf(
  ...["BVersion", u64(2), "EVersion", "BCKP"],
  ...learningRate,
  ...["BMinibatchSize", u64(25), "EMinibatchSize"],
  ...gradients,
  ...["BCount", f64(0), f64(7.5), "ECount", "ECKP"],
);

const read = (bytes: Uint8Array) => readCheckpoint(bytes, "m.ckp", parameters, "float");

describe("a checkpoint", () => {
  it("has the bytes described", () => {
    expect(parameters.map(({ name }) => name)).toEqual(["b", "w"]);
    const bytes = writeCheckpoint(state, parameters, "float");
    expect(bytes.length).toBe(426);
    expect(Buffer.from(bytes).equals(whole)).toBe(true);
  });

  it.each([
    { what: "complete", bytes: whole, expected: state },
    {
      what: "of version 1, without minibatch size and counts",
      bytes: bytesOf("BCKP", ...learningRate, ...gradients, "ECKP"),
      expected: {
        ...state,
        minibatchSize: 0,
        learnerStates: state.learnerStates.map((learner) => ({ ...learner, smoothedCount: 0 })),
      },
    },
    {
      what: "without counts",
      bytes: bytesOf(
        "BCKP",
        ...learningRate,
        ...["BMinibatchSize", u64(25), "EMinibatchSize"],
        ...gradients,
        "ECKP",
      ),
      expected: {
        ...state,
        learnerStates: state.learnerStates.map((learner) => ({ ...learner, smoothedCount: 25 })),
      },
    },
  ])("is read: $what", ({ bytes, expected }) => {
    expect(read(bytes)).toEqual(expected);
  });

  it.each(["float", "double"] as const)("keeps states of several blocks in %s", (precision) => {
    const array = precision === "float" ? Float32Array : Float64Array;
    const fsAdaGrad = {
      ...state,
      learnerStates: [
        { smoothedGradient: array.of(1, 2), smoothedCount: 0.1 },
        { smoothedGradient: array.of(0.1, 0.2, 0.3, 0.4), smoothedCount: 1 / 3 },
      ],
    };
    const bytes = writeCheckpoint(fsAdaGrad, parameters, precision);
    expect(readCheckpoint(bytes, "m.ckp", parameters, precision)).toEqual(fsAdaGrad);
  });

  it("is refused wherever it is cut", () => {
    for (let length = 0; length < whole.length; length++) {
      expect(() => read(whole.slice(0, length))).toThrow(
        expect.objectContaining({ name: "CntkError", phase: "reading" }),
      );
    }
  });

  it.each([
    {
      what: "a later version",
      bytes: bytesOf("BVersion", u64(3), "EVersion", "BCKP"),
      message:
        "m.ckp: byte 18: the checkpoint has version 3, which is newer than this program reads (2)",
    },
    {
      what: "a model",
      bytes: logisticRegression(19),
      message: 'm.ckp: byte 0: expected the marker "BCKP", found "BCN"',
    },
    {
      what: "states of another network",
      bytes: bytesOf("BCKP", ...learningRate, "BGradient", matrix(2, 1, [1, 2])),
      message:
        "m.ckp: byte 98: state of 'b': expected a matrix of 1 x 1 or several of them, found 2 x 1",
    },
    {
      what: "too few states",
      bytes: bytesOf("BCKP", ...learningRate, "BGradient", matrix(1, 1, [1]), "EGradient", "ECKP"),
      message: "m.ckp: byte 167: there is no state of 'w'",
    },
    {
      what: "too many states",
      bytes: bytesOf("BCKP", ...learningRate, ...gradients.slice(0, -1), matrix(1, 1, [1])),
      message: "m.ckp: byte 240: expected the state of 2 parameters, found more",
    },
    {
      what: "no end of the states",
      bytes: bytesOf("BCKP", ...learningRate, ...gradients.slice(0, -1), "ECKP"),
      message: 'm.ckp: byte 240: expected the marker "EGradient", found "ECKP"',
    },
  ])("is refused: $what", ({ bytes, message }) => {
    expect(() => read(bytes)).toThrow(expect.objectContaining({ message }));
  });

  it("is written to a file and read from it", () => {
    const file = inDirectory("model.1.ckp");
    saveCheckpointFile(file, state, parameters, "float");
    expect(loadCheckpointFile(file, parameters, "float")).toEqual(state);
  });
});

describe("files", () => {
  it("holds the model", () => {
    const file = inDirectory("new/folder/model.dnn");
    saveModelFile(file, network, "float");
    expect(readFileSync(file).equals(logisticRegression(19))).toBe(true);
    expect(loadModelFile(file, { precision: "float" }).nodes.length).toBe(9);
    expect(existsSync(`${file}.tmp`)).toBe(false);
  });

  it("is replaced", () => {
    const file = inDirectory("replaced");
    writeFileAtomically(file, Buffer.from("one, and longer"));
    writeFileAtomically(file, Buffer.from("two"));
    expect(readFileSync(file, "utf8")).toBe("two");
  });

  it("leaves nothing behind where it cannot be written", () => {
    const folder = inDirectory("folder");
    mkdirSync(path.join(folder, "inside"), { recursive: true });
    expect(() => writeFileAtomically(folder, Buffer.from("text"))).toThrow(
      expect.objectContaining({
        name: "CntkError",
        phase: "running",
        message: expect.stringContaining(`cannot write '${folder}': E`),
      }),
    );
    expect(existsSync(`${folder}.tmp`)).toBe(false);
    expect(existsSync(path.join(folder, "inside"))).toBe(true);
  });

  it("does not become a directory", () => {
    writeFileSync(inDirectory("plain"), "");
    const file = inDirectory("plain/model.dnn");
    expect(() => saveModelFile(file, network, "float")).toThrow(
      expect.objectContaining({
        phase: "running",
        message: expect.stringContaining(`cannot write '${file}': E`),
      }),
    );
  });

  it("must exist to be read", () => {
    const file = inDirectory("none.dnn");
    expect(() => loadModelFile(file, { precision: "float" })).toThrow(
      expect.objectContaining({
        phase: "reading",
        message: `cannot read the model '${file}': ENOENT: no such file or directory`,
      }),
    );
  });
});
