/** What training reports, as an event file that TensorBoard shows while it grows. */

import { closeSync, openSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { CntkError, reasonOf } from "../../../grammar/errors.js";
import { createDirectory } from "../../config/create-directory.js";
import type { TrainingReport } from "../../engine/run.js";
import { record, scalarsEvent, versionEvent, type Scalar } from "./event.js";

/** Prefix of the tags of each kind of report. */
const GROUPS = { minibatches: "minibatch", epoch: "epoch", validation: "validation" } as const;

/** The file of one training; it appears with the first report. */
export class EventFile {
  readonly #directory: string;
  #file: number | undefined;

  /** @param directory one for each training: TensorBoard takes it for a run */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @throws CntkError "running" if the file cannot be written */
  add(report: TrainingReport): void {
    const now = Date.now() / 1000;
    const step = report.kind === "minibatches" ? report.samplesSeen : report.epoch;
    try {
      this.#file ??= this.#open(now);
      writeSync(this.#file, record(scalarsEvent(now, step, scalarsOf(report))));
    } catch (error) {
      const reason = reasonOf(error);
      throw new CntkError("running", `cannot write TensorBoard's events: ${reason}`, {
        hint: "choose another folder for --tensorboard, or leave it out",
      });
    }
  }

  /** TensorBoard knows event files by this form of name. */
  #open(now: number): number {
    createDirectory(this.#directory);
    const seconds = String(Math.floor(now)).padStart(10, "0");
    const name = `events.out.tfevents.${seconds}.${os.hostname()}.${process.pid}.0`;
    const file = openSync(path.join(this.#directory, name), "a");
    writeSync(file, record(versionEvent(now)));
    return file;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function scalarsOf(report: TrainingReport): Scalar[] {
  const { kind, values, learningRatePerSample, samplesPerSecond } = report;
  const group = GROUPS[kind];
  const more = { learningRatePerSample, samplesPerSecond };
  return [
    ...values.map(({ name, value }) => ({ tag: `${group}/${name}`, value })),
    ...Object.entries(more).flatMap(([name, value]) =>
      value === undefined ? [] : [{ tag: `${group}/${name}`, value }],
    ),
  ];
}
