/** The compiled engine: kernel calls where every node has a kernel, the portable engine for all other networks. */

import assert from "node:assert/strict";
import type { KernelLibrary } from "../../kernels/library.js";
import type { ComputationNetwork } from "../../network/network.js";
import type { ComputationNode } from "../../network/node.js";
import type { CompileRequest, Engine, Program, VectorKernels } from "../engine.js";
import { RandomNodes } from "../portable/random-nodes.js";
import { createCrew, type Crew } from "./crew.js";
import { findObstacle, linkSchedule } from "./link.js";
import { KernelMemory } from "./memory.js";
import { CompiledProgram } from "./program.js";
import { controlBytes } from "./tasks.js";
import { MemoryVectors } from "./vectors.js";

export interface CompiledEngineOptions {
  readonly library: KernelLibrary;
  /** starts the engine that runs the networks that have no kernels */
  readonly startPortable: () => Promise<Engine>;
  /** that may share the work, the calling one included */
  readonly threads: number;
  /** true if programs print their schedules with times */
  readonly tracesSchedule: boolean;
  /** is told once for each operation why a network does not run on kernels, and takes the traces */
  readonly log: (line: string) => void;
}

export const createCompiledEngine = (options: CompiledEngineOptions): Engine =>
  new CompiledEngine(options);

type SeedOf = Parameters<Engine["seedRandomNodes"]>[0];

class CompiledEngine implements Engine {
  readonly #options: CompiledEngineOptions;
  readonly #memory: KernelMemory;
  readonly #crew: Crew;
  readonly vectors: VectorKernels;
  readonly #randomNodes = new RandomNodes();
  readonly #said = new Set<string>();
  #portable: Engine | undefined;
  #seedOf: SeedOf | undefined;

  constructor(options: CompiledEngineOptions) {
    const { library, threads } = options;
    this.#options = options;
    this.#memory = new KernelMemory(library, threads);
    this.#crew = createCrew(library, threads, this.#memory.allocate(controlBytes(threads)));
    this.vectors = new MemoryVectors(this.#memory, this.#crew);
  }

  get description(): string {
    const { form, reason } = this.#options.library;
    const threads = this.#crew.size === 1 ? "1 thread" : `${this.#crew.size} threads`;
    return `compiled schedule on kernels ${form} (${reason}), ${threads}`;
  }

  async prepare(network: ComputationNetwork): Promise<void> {
    const { library } = this.#options;
    const obstacle = findObstacle(network, library);
    if (obstacle !== undefined) await this.#preparePortable(obstacle);
  }

  /** The portable engine takes half a second to load, so it starts when the first network needs it. */
  async #preparePortable({ operation, name }: ComputationNode): Promise<void> {
    if (this.#portable === undefined) {
      this.#portable = await this.#options.startPortable();
      if (this.#seedOf !== undefined) this.#portable.seedRandomNodes(this.#seedOf);
    }
    if (this.#said.has(operation.name)) return;
    this.#said.add(operation.name);
    this.#options.log(
      `${operation.name} '${name}' has no kernel: what depends on it runs in the ${this.#portable.description}.`,
    );
  }

  compile(request: CompileRequest): Program {
    const { library, tracesSchedule, log } = this.#options;
    this.#randomNodes.add(request);
    const threads = this.#crew.size;
    const trace = tracesSchedule ? log : undefined;
    const schedule = linkSchedule({ request, library, memory: this.#memory, threads, trace });
    if ("phases" in schedule) {
      const generatorOf = (node: ComputationNode) => this.#randomNodes.generatorOf(node);
      return new CompiledProgram(schedule, this.#memory, this.#crew, generatorOf);
    }
    const { name } = schedule.node;
    assert(this.#portable !== undefined, `'${name}' was not prepared for the portable engine`);
    return this.#portable.compile(request);
  }

  beginPass(): void {
    this.#portable?.beginPass();
  }

  seedRandomNodes(seedOf: SeedOf): void {
    this.#seedOf = seedOf;
    this.#randomNodes.seed(seedOf);
    this.#portable?.seedRandomNodes(seedOf);
  }

  dispose(): void {
    this.#crew.dispose();
    this.#portable?.dispose();
  }
}
