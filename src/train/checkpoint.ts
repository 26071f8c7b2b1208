/**
 * Model and checkpoint files on disk, and the checkpoint's format: what training needs besides the model to continue
 * (model-format.md 7). CNTK: SGD::SaveCheckPointInfo, SGD::TryLoadCheckPointInfo.
 */

import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { CntkError } from "../../grammar/errors.js";
import { createDirectory } from "../config/create-directory.js";
import { systemReason } from "../config/system-error.js";
import { BinaryReader } from "../network/model-file/binary-reader.js";
import { BinaryWriter } from "../network/model-file/binary-writer.js";
import { columnsOf, rowsOf } from "../network/model-file/leaf-bodies.js";
import { readMatrix, sizeOf, writeMatrix, type ElementType } from "../network/model-file/matrix.js";
import { readModel } from "../network/model-file/read-model.js";
import { rereadModel } from "../network/model-file/reread-model.js";
import { writeModel } from "../network/model-file/write-model.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import { operations } from "../operations/index.js";
import type { LearnerState } from "./learners.js";
import type { TrainingState } from "./training.js";

const WRITTEN_VERSION = 2;

const ANOTHER_NETWORK =
  "the checkpoint belongs to another network; remove it to go on from the model alone";

/** The bytes of a checkpoint. @param parameters those of `state.learnerStates`, in the same order */
export function writeCheckpoint(
  state: TrainingState,
  parameters: readonly ComputationNode[],
  precision: ElementType,
): Uint8Array {
  const writer = new BinaryWriter();
  writer.marker("BVersion");
  writer.u64(WRITTEN_VERSION);
  writer.marker("EVersion");
  writer.marker("BCKP");
  writer.marker("BLearnRate");
  writer.u64(state.totalSamplesSeen);
  writer.f64(state.learningRatePerSample);
  writer.f64(state.previousCriterion);
  writer.marker("ELearnRate");
  writer.marker("BMinibatchSize");
  writer.u64(state.minibatchSize);
  writer.marker("EMinibatchSize");
  writer.marker("BGradient");
  for (const [index, { smoothedGradient }] of state.learnerStates.entries()) {
    const rows = rowsOf(parameters[index]?.shape ?? []);
    const matrix = { rows, columns: smoothedGradient.length / rows, values: smoothedGradient };
    writeMatrix(writer, matrix, sizeOf(precision));
  }
  writer.marker("EGradient");
  writer.marker("BCount");
  for (const { smoothedCount } of state.learnerStates) writer.f64(smoothedCount);
  writer.marker("ECount");
  writer.marker("ECKP");
  return writer.finish();
}

/**
 * The state in a checkpoint. The file holds no names: it belongs to these parameters, in order of name.
 * @throws CntkError "reading" with the byte offset
 */
export function readCheckpoint(
  bytes: Uint8Array,
  fileName: string,
  parameters: readonly ComputationNode[],
  precision: ElementType,
): TrainingState {
  const reader = new BinaryReader(bytes, fileName);
  expectVersion(reader);
  reader.marker("BCKP");
  reader.marker("BLearnRate");
  const totalSamplesSeen = reader.u64("samples seen");
  const learningRatePerSample = reader.f64("learning rate");
  const previousCriterion = reader.f64("previous criterion");
  reader.marker("ELearnRate");
  const minibatchSize = readMinibatchSize(reader);
  reader.marker("BGradient");
  const gradients = parameters.map((parameter) => readGradient(reader, parameter, precision));
  expectEnd(reader, parameters.length);
  const counts = readCounts(reader, parameters, minibatchSize);
  reader.marker("ECKP");
  const learnerStates = gradients.map((smoothedGradient, index): LearnerState => ({
    smoothedGradient,
    smoothedCount: counts[index] ?? 0,
  }));
  return {
    totalSamplesSeen,
    learningRatePerSample,
    previousCriterion,
    minibatchSize,
    learnerStates,
  };
}

/** Very old files have no version. */
function expectVersion(reader: BinaryReader): void {
  if (!reader.tryMarker("BVersion")) return;
  const at = reader.offset;
  const version = reader.u64("version");
  if (version > WRITTEN_VERSION) {
    throw reader.error(
      `the checkpoint has version ${version}, which is newer than this program reads (${WRITTEN_VERSION})`,
      at,
    );
  }
  reader.marker("EVersion");
}

/** 0 where an old file does not say. */
function readMinibatchSize(reader: BinaryReader): number {
  if (!reader.tryMarker("BMinibatchSize")) return 0;
  const size = reader.u64("minibatch size");
  reader.marker("EMinibatchSize");
  return size;
}

function readGradient(reader: BinaryReader, { name, shape }: ComputationNode, type: ElementType) {
  const at = reader.offset;
  if (reader.tryMarker("EGradient")) {
    throw reader.error(`there is no state of '${name}'`, at, ANOTHER_NETWORK);
  }
  const { rows, columns, values } = readMatrix(reader, sizeOf(type), `state of '${name}'`);
  const blocks = columns / columnsOf(shape);
  if (rows === rowsOf(shape) && Number.isInteger(blocks) && blocks >= 1) return values;
  throw reader.error(
    `state of '${name}': expected a matrix of ${rowsOf(shape)} x ${columnsOf(shape)} or several of them, found ${rows} x ${columns}`,
    at,
    ANOTHER_NETWORK,
  );
}

/** Only the marker tells how many matrices there are. */
function expectEnd(reader: BinaryReader, count: number): void {
  const at = reader.offset;
  const isMatrix = reader.remaining > 0 && /[ds]/.test(reader.character("end of the states"));
  reader.rewind(at);
  if (isMatrix) {
    throw reader.error(
      `expected the state of ${count} parameters, found more`,
      at,
      ANOTHER_NETWORK,
    );
  }
  reader.marker("EGradient");
}

function readCounts(
  reader: BinaryReader,
  parameters: readonly ComputationNode[],
  minibatchSize: number,
): readonly number[] {
  if (!reader.tryMarker("BCount")) return parameters.map(() => minibatchSize);
  const counts = parameters.map(({ name }) => reader.f64(`count of '${name}'`));
  reader.marker("ECount");
  return counts;
}

export function saveCheckpointFile(
  fileName: string,
  state: TrainingState,
  parameters: readonly ComputationNode[],
  precision: ElementType,
): void {
  writeFileAtomically(fileName, writeCheckpoint(state, parameters, precision));
}

export function loadCheckpointFile(
  fileName: string,
  parameters: readonly ComputationNode[],
  precision: ElementType,
): TrainingState {
  return readCheckpoint(readBytes(fileName, "checkpoint"), fileName, parameters, precision);
}

/** Writes a validated network as a version-1 model file. */
export function saveModelFile(
  fileName: string,
  network: ComputationNetwork,
  precision: ElementType,
): void {
  writeFileAtomically(fileName, writeModel(network, precision));
}

export interface LoadModelOptions {
  readonly precision: ElementType;
  readonly log?: (line: string) => void;
}

/** The network of a model file, not validated yet. @throws CntkError "reading" */
export function loadModelFile(fileName: string, options: LoadModelOptions): ComputationNetwork {
  return readModel(readBytes(fileName, "model"), fileName, { ...options, operations });
}

/** Puts the values of a model file of this network back into it. @throws CntkError "reading" */
export function restoreModelFile(
  fileName: string,
  network: ComputationNetwork,
  options: LoadModelOptions,
): void {
  rereadModel(readBytes(fileName, "model"), fileName, network, { ...options, operations });
}

function readBytes(fileName: string, what: string): Uint8Array {
  try {
    return readFileSync(fileName);
  } catch (error) {
    throw new CntkError("reading", `cannot read the ${what} '${fileName}': ${systemReason(error)}`);
  }
}

/**
 * Writes a file so that it is there completely or not at all: under a temporary name in the same directory, which is
 * created if it is missing, and renamed when the bytes are on the disk.
 * @throws CntkError "running"; the temporary file is removed, a file of that name stays as it was
 */
export function writeFileAtomically(fileName: string, bytes: Uint8Array): void {
  const temporary = `${fileName}.tmp`;
  let isOpened = false;
  try {
    createDirectory(path.dirname(fileName));
    const file = openSync(temporary, "w");
    isOpened = true;
    try {
      for (let written = 0; written < bytes.length;) {
        written += writeSync(file, bytes, written);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, fileName);
  } catch (error) {
    if (isOpened) rmSync(temporary, { force: true });
    const reason = systemReason(error);
    throw new CntkError("running", `cannot write '${fileName}': ${reason}`, {
      hint: HINTS[reason.split(":")[0] ?? ""],
    });
  }
}

/** Removes a file, if there is one. @throws CntkError "running" */
export function removeFile(fileName: string): void {
  try {
    rmSync(fileName, { force: true });
  } catch (error) {
    throw new CntkError("running", `cannot remove '${fileName}': ${systemReason(error)}`);
  }
}

/** What helps, by the system's code of the failure. */
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; what was saved before is intact, and a training goes on from there",
  EDQUOT:
    "the quota is used up; what was saved before is intact, and a training goes on from there",
  EACCES: "writing there is not permitted",
  EPERM: "writing there is not permitted",
};
