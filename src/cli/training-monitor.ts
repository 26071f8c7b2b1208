/** Follows a training for people: event files for TensorBoard, a plot on the terminal at its end. */

import path from "node:path";
import type { TrainingReport } from "../engine/run.js";
import type { LogOutput } from "./log-output.js";
import { plotLines } from "./plot-lines.js";
import { EventFile } from "./tensorboard/event-file.js";

export interface TrainingMonitor {
  readonly report: (report: TrainingReport) => void;
  /** the training is over, or was ended by an error */
  readonly finish: () => void;
}

/**
 * The monitor of one command.
 * @param tensorboard folder for event files; undefined to write none
 */
export function monitorTraining(
  command: string,
  tensorboard: string | undefined,
  output: LogOutput,
): TrainingMonitor {
  const events =
    tensorboard === undefined ? undefined : new EventFile(path.join(tensorboard, command));
  let criterion = "";
  const values: number[] = [];
  return {
    report: (report) => {
      events?.add(report);
      const [first] = report.values;
      if (report.kind !== "epoch" || first === undefined) return;
      criterion = first.name;
      values.push(first.value);
    },
    finish: () => {
      events?.close();
      const { columns } = output;
      if (columns === undefined) return;
      for (const line of plotLines(criterion, values, columns)) output.line(line);
    },
  };
}
