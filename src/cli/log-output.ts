/** Where the log goes: standard error or a file, with time stamps, and a progress line on terminals (actions.md 1.2). */

import { appendFileSync, closeSync, openSync } from "node:fs";
import path from "node:path";
import { CntkError, reasonOf } from "../../grammar/errors.js";
import { createDirectory } from "../config/create-directory.js";
import { systemReason } from "../config/system-error.js";
import type { Progress } from "../engine/run.js";
import { printf } from "../script/printf.js";

/** What the log is written to at first. */
export interface Terminal {
  write(text: string): void;
  /** width in characters; undefined where the log is not shown on a terminal */
  readonly columns: number | undefined;
}

const CLEAR_LINE = "\r\u001b[K";
const PROGRESS_INTERVAL_MS = 100;

export class LogOutput {
  readonly #terminal: Terminal;
  #file: number | undefined;
  #hasTimestamps = false;
  #showsProgress = false;
  #nextProgress = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** A line, or several separated by newlines, without time stamp. */
  readonly line = (text: string): void => {
    this.#clearProgress();
    if (this.#file === undefined) this.#terminal.write(`${text}\n`);
    else this.#append(this.#file, text);
  };

  /** A log that cannot be written ends the run; what it ends with is said where the log began. */
  #append(file: number, text: string): void {
    try {
      appendFileSync(file, `${text}\n`);
    } catch (error) {
      this.close();
      throw new CntkError("running", `cannot write to the log file: ${systemReason(error)}`);
    }
  }

  /** A line with a time stamp, if the config asks for them. */
  readonly stamped = (text: string): void => {
    this.line(this.#hasTimestamps ? `${timestamp(new Date())}: ${text}` : text);
  };

  setTimestamps(hasTimestamps: boolean): void {
    this.#hasTimestamps = hasTimestamps;
  }

  /** Appends everything from now on to a file. @throws CntkError "configuring" if it cannot be opened */
  redirectTo(file: string): void {
    this.stamped(`Redirecting stderr to file ${file}`);
    try {
      createDirectory(path.dirname(file));
      this.#file = openSync(file, "a");
    } catch (error) {
      const reason = reasonOf(error);
      throw new CntkError("configuring", `stderr: cannot open the log file '${file}': ${reason}`);
    }
  }

  /** Width of the terminal that people see; undefined where the log goes to a file. */
  get columns(): number | undefined {
    return this.#file === undefined ? this.#terminal.columns : undefined;
  }

  /** What shows progress; undefined where that would only litter a file. */
  get progress(): ((progress: Progress | undefined) => void) | undefined {
    return this.columns === undefined ? undefined : this.#show;
  }

  readonly #show = (progress: Progress | undefined): void => {
    if (progress === undefined) {
      this.#clearProgress();
      return;
    }
    const now = performance.now();
    if (now < this.#nextProgress) return;
    this.#nextProgress = now + PROGRESS_INTERVAL_MS;
    const text = progressText(progress).slice(0, (this.#terminal.columns ?? 80) - 1);
    this.#terminal.write(CLEAR_LINE + text);
    this.#showsProgress = true;
  };

  #clearProgress(): void {
    if (!this.#showsProgress) return;
    this.#showsProgress = false;
    this.#terminal.write(CLEAR_LINE);
  }

  close(): void {
    this.#clearProgress();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/** `Epoch 2 of 3: 42 %, 18240 samples/s, 0:12 left`. */
export function progressText(progress: Progress): string {
  const { epoch, epochs, samples, total, samplesPerSecond } = progress;
  const percent = printf("%.0f", (100 * samples) / total);
  const rest = total - samples + (epochs - epoch) * total;
  const seconds = Math.ceil(rest / samplesPerSecond);
  const speed = printf("%.0f", samplesPerSecond);
  const left = Number.isFinite(seconds) ? `, ${clock(seconds)} left` : "";
  return `Epoch ${epoch} of ${epochs}: ${percent} %, ${speed} samples/s${left}`;
}

function clock(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return printf("%d:%02d", minutes, seconds % 60);
  return printf("%d:%02d:%02d", Math.floor(minutes / 60), minutes % 60, seconds % 60);
}

/** `01/18/2017 15:46:17` in local time. */
export function timestamp(time: Date): string {
  const date = printf("%02d/%02d/%d", time.getMonth() + 1, time.getDate(), time.getFullYear());
  return `${date} ${timeOfDay(time)}`;
}

/** `2017/01/18 15:46:17` in local time, as banner and done file have it. */
export function dateAndTime(time: Date): string {
  const date = printf("%d/%02d/%02d", time.getFullYear(), time.getMonth() + 1, time.getDate());
  return `${date} ${timeOfDay(time)}`;
}

function timeOfDay(time: Date): string {
  return printf("%02d:%02d:%02d", time.getHours(), time.getMinutes(), time.getSeconds());
}
