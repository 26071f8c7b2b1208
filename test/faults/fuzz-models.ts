/** Damaged model files and dictionaries, read, validated and written again. */

import { CntkError } from "../../grammar/errors.js";
import { readModel } from "../../src/network/model-file/read-model.js";
import { writeModel } from "../../src/network/model-file/write-model.js";
import { validateNetwork } from "../../src/network/validate.js";
import { operations } from "../../src/operations/index.js";
import { findNode } from "../../src/network/network.js";
import { readCheckpoint, writeCheckpoint } from "../../src/train/checkpoint.js";
import { initialLearnerState } from "../../src/train/learners.js";
import { trainedParameters } from "../../src/train/criterion.js";
import {
  axis,
  block,
  bool,
  composite,
  functionOf,
  shape,
  size,
  text,
  variable,
  vector,
} from "../network/model-file/dictionary-bytes.js";
import { bytesOf, i32, logisticRegression, u32, u64 } from "../network/model-file/model-bytes.js";
import { allOperations, networkOf } from "../network/model-file/one-node.js";
import { scripts } from "../network/model-file/scripts.js";
import { networkFromScript } from "../network/script-network.js";
import { fuzz, generatorOf, mutate, type Outcome, type Pieces } from "./mutations.js";

const LARGEST = 2147483647;

const numbers = [0, 1, 2, 127, 255, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const PIECES: Pieces = [
  ...numbers.flatMap((number) => [u32(number), u64(number)]),
  ...[2n ** 63n, 2n ** 64n - 1n, 2n ** 53n].map(u64),
  ...["BNodeList", "ENodeList", "BRelation", "ECN", "float", "double", "b", "w", ""].map((name) =>
    bytesOf(name),
  ),
  ...[-1, -2147483648].map(i32),
  Buffer.from([0x0a, 0x12, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
  Buffer.from("PastValue3_Output_0"),
];

function recurrentDictionary(): Uint8Array {
  const sequence = vector(axis(LARGEST, true, "defaultDynamicAxis"), axis(LARGEST));
  return composite(
    "Block9",
    [
      variable("x", 0, [2, 3], { dynamic_axis: sequence }),
      variable("Constant1", 3, []),
      variable("W", 2, [4, 2, 3]),
    ],
    [
      functionOf("PastValue3", 37, ["Times5_Output_0", "Constant1"], { offset: size(1) }),
      functionOf("Tanh4", 2, ["p"]),
      functionOf("Times5", 31, ["W", "Slice6_Output_0"], { outputRank: size(1) }),
      functionOf("Slice6", 39, ["x"], {
        axisVec: vector(axis(0), axis(1)),
        reductionOpName: text("Sum"),
        reductionKeepDimensions: bool(true),
      }),
      functionOf("Reshape7", 16, ["Tanh4_Output_0"], { newShape: shape(2, 2n ** 64n - 1n) }),
      functionOf("Combine8", 44, ["Reshape7_Output_0", "p"]),
      block("Block9", "Combine8", { p: "PastValue3_Output_0" }, { name: text("z") }),
    ],
  );
}

/** Intact files: networks of all kinds, and one with a node of each operation. */
function models(): readonly Uint8Array[] {
  return [
    recurrentDictionary(),
    ...[2, 10, 19].map(logisticRegression),
    ...scripts.map(({ block: script }) => writeModel(networkFromScript(script).network, "float")),
    ...allOperations.map((operation) => writeModel(networkOf(operation, 23), "double")),
  ];
}

/** Reads damaged models, and checks that what still loads can be validated and written, or is refused. */
export function fuzzModels(runs: number, seed: number): Outcome {
  const intact = models();
  const log = { log: () => undefined, traceLevel: 0, precision: "float" } as const;
  return fuzz(
    runs,
    (run) => {
      const random = generatorOf(seed, run);
      const original = intact[random.below(intact.length)] ?? new Uint8Array();
      const bytes = mutate(original, random, PIECES);
      const network = readModel(bytes, "model", { precision: "float", operations });
      validateNetwork(network, log);
      writeModel(network, "float");
    },
    (error) => error instanceof CntkError,
  );
}

/** The same for checkpoints. */
export function fuzzCheckpoints(runs: number, seed: number): Outcome {
  const network = readModel(logisticRegression(19), "m", { precision: "float", operations });
  const criterion = findNode(network, "lr");
  const parameters = criterion === undefined ? [] : trainedParameters(criterion);
  const intact = writeCheckpoint(
    {
      totalSamplesSeen: 5000,
      learningRatePerSample: 0.04,
      previousCriterion: Infinity,
      minibatchSize: 25,
      learnerStates: parameters.map(({ parameter }) =>
        initialLearnerState(parameter?.value ?? new Float32Array()),
      ),
    },
    parameters,
    "float",
  );
  return fuzz(
    runs,
    (run) => {
      const bytes = mutate(intact, generatorOf(seed, run), PIECES);
      const state = readCheckpoint(bytes, "checkpoint", parameters, "float");
      writeCheckpoint(state, parameters, "float");
    },
    (error) => error instanceof CntkError,
  );
}
