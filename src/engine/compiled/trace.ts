/** Measures a schedule call by call, and prints it: kernel, node, shapes, memory, time (`--trace schedule`). */

import { printShape } from "../../operations/shape.js";
import type { Task } from "./crew.js";
import type { NodeCall } from "./schedule.js";

/** A call of a piece. */
export interface TracedCall {
  readonly call: NodeCall;
  /** the call alone */
  readonly task: Task;
  /** columns of its piece */
  readonly columns: number;
  /** byte offsets of its buffers, in the order of its arguments */
  readonly offsets: readonly number[];
}

/** Enough for a mean; then the program goes on at full speed. */
const TRACED_RUNS = 200;

/** The same call for all pieces of one size. */
interface TracedLine extends TracedCall {
  /** position among the calls of a piece, the last of them where pieces differ */
  position: number;
  pieces: number;
  milliseconds: number;
}

export class ScheduleTrace {
  readonly #calls: readonly (readonly [TracedCall, TracedLine])[];
  readonly #lines: readonly TracedLine[];
  readonly #log: (line: string) => void;
  #runs = 0;
  #isPrinted = false;

  /** @param pieces the calls of each, in the order in which they run */
  constructor(pieces: readonly (readonly TracedCall[])[], log: (line: string) => void) {
    const lines = new Map<string, TracedLine>();
    this.#calls = pieces.flatMap((calls) => {
      const repeats = new Map<string, number>();
      return calls.map((traced, position) => {
        // the first piece stores gradients, the others add to them: they have more calls
        const name = keyOf(traced);
        const repeat = repeats.get(name) ?? 0;
        repeats.set(name, repeat + 1);
        const key = `${name} ${repeat}`;
        const line = lines.get(key) ?? { ...traced, position, pieces: 0, milliseconds: 0 };
        lines.set(key, line);
        line.position = Math.max(line.position, position);
        line.pieces++;
        return [traced, line] as const;
      });
    });
    this.#lines = [...lines.values()].sort((one, other) => one.position - other.position);
    this.#log = log;
  }

  /** Runs the calls one by one. @returns false if enough has been measured and nothing was run */
  run(runTask: (task: Task) => void): boolean {
    if (this.#runs === TRACED_RUNS) {
      this.print();
      return false;
    }
    this.#runs++;
    for (const [{ task }, line] of this.#calls) {
      const begin = performance.now();
      runTask(task);
      line.milliseconds += performance.now() - begin;
    }
    return true;
  }

  /** Prints a line for each call with the mean of its time, once, and nothing if the program has not run. */
  print(): void {
    if (this.#runs === 0 || this.#isPrinted) return;
    this.#isPrinted = true;
    const total = this.#lines.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    const mean = ((1000 * total) / this.#runs).toFixed(1);
    this.#log(
      `Schedule of ${this.#calls.length} calls, mean of ${this.#runs} runs: ${mean} us a minibatch`,
    );
    this.#lines.forEach((line, i) => this.#log(describe(line, i, this.#runs, total)));
  }
}

const keyOf = ({ call: { kernel, node, isBackward }, columns }: TracedCall) =>
  `${columns} ${kernel} ${isBackward} ${node.name}`;

function describe(line: TracedLine, index: number, runs: number, total: number): string {
  const { call, columns, offsets, pieces, milliseconds } = line;
  const { node, kernel, isBackward } = call;
  const samples = node.dynamicAxis === undefined ? "" : ` x ${columns}`;
  const name = `${isBackward ? "gradient through " : ""}${node.name}`;
  return [
    String(index).padStart(4),
    `${((1000 * milliseconds) / runs).toFixed(1)} us`.padStart(11),
    `${((100 * milliseconds) / total).toFixed(1)} %`.padStart(8),
    `  ${pieces} x ${kernel}`.padEnd(42),
    ` ${name} [${printShape(node.shape)}${samples}]`,
    ` at ${offsets.map((offset) => (offset / 1024).toFixed(1)).join(", ")} KB`,
  ].join("");
}
