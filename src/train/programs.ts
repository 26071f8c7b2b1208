/** Compiled programs of one network by minibatch size: a full minibatch and a short last one differ. */

import type { CompileRequest, Engine, Program } from "../engine/engine.js";

// Data of changing sequence lengths could ask for very many sizes, and each program holds memory.
const MOST_KEPT = 8;

/** Compiles on demand and keeps the programs used last. */
export class Programs {
  readonly #engine: Engine;
  readonly #request: Omit<CompileRequest, "columns">;
  /** by columns, the one used last at the end */
  readonly #programs = new Map<number, Program>();

  constructor(engine: Engine, request: Omit<CompileRequest, "columns">) {
    this.#engine = engine;
    this.#request = request;
  }

  for(columns: number): Program {
    const program =
      this.#programs.get(columns) ?? this.#engine.compile({ ...this.#request, columns });
    this.#programs.delete(columns);
    this.#programs.set(columns, program);
    this.#dropOldest();
    return program;
  }

  #dropOldest(): void {
    const [oldest] = this.#programs;
    if (oldest === undefined || this.#programs.size <= MOST_KEPT) return;
    oldest[1].dispose();
    this.#programs.delete(oldest[0]);
  }

  dispose(): void {
    for (const program of this.#programs.values()) program.dispose();
    this.#programs.clear();
  }
}
