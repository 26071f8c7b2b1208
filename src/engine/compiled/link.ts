/** Compiles a network for a minibatch: schedules for its pieces, their places in the memory, lists for the threads. */

import assert from "node:assert/strict";
import type { KernelLibrary } from "../../kernels/library.js";
import type { ComputationNetwork } from "../../network/network.js";
import type { ComputationNode } from "../../network/node.js";
import type { CompileRequest } from "../engine.js";
import { expectComputable } from "../portable/plan.js";
import { fixedBuffer, WHOLE, type Buffer } from "./buffers.js";
import type { Task } from "./crew.js";
import { encode, locate } from "./encoding.js";
import { exchangeOfOne, Exchanges } from "./exchanges.js";
import { addGradients } from "./gradient-sums.js";
import { InputFeed } from "./input-feeds.js";
import type { KernelMemory } from "./memory.js";
import { divide, isDivisible, type Block, type Division } from "./pieces.js";
import { placeBuffers, type Placement } from "./placement.js";
import type { LinkedSchedule, ValuePlace } from "./program.js";
import {
  isParameter,
  makeSchedule,
  schedulableNodes,
  type NodeCall,
  type Obstacle,
  type Schedule,
} from "./schedule.js";
import { encodeShares, shareCalls } from "./shared-calls.js";
import { simplify } from "./simplify.js";
import { dummySupply, SupplyPlaces } from "./supply-places.js";
import { ScheduleTrace, type TracedCall } from "./trace.js";
import { ValuePlaces } from "./value-places.js";

const DOUBLE = 8;

/** Working memory of a block: what stays in the second level of the cache. */
const BYTES_OF_BLOCK = 1 << 18;
/** Larger parameters are read from memory again for every block, so that there should be one. */
const MOST_PARAMETER_FLOATS = 1 << 15;
/** Part of the time that one rank may work alone where ranks divide calls. */
const MOST_ALONE = 0.1;
/** The same where it works alone otherwise. */
const MOST_ALONE_OF_WHOLE = 0.7;

/** For a schedule that only shows whether there can be one. */
const SAMPLE_COLUMNS = 4;

interface PlacedSchedule extends Schedule {
  readonly placement: Placement;
}

export interface LinkRequest {
  readonly request: CompileRequest;
  readonly library: KernelLibrary;
  readonly memory: KernelMemory;
  /** that may share the work */
  readonly threads: number;
  /** takes the times of all calls; left out where nobody asks for them */
  readonly trace: ((line: string) => void) | undefined;
}

/** The program's schedule, or the first node that stands in its way. */
export function linkSchedule(options: LinkRequest): LinkedSchedule | Obstacle {
  const { nodes, obstacle } = schedulableNodes(options.request);
  if (obstacle !== undefined) return { node: obstacle };
  // a statistic over the training data may have no value yet
  for (const node of nodes) expectComputable(node);
  const linking = new Linking(options, nodes);
  const linked = linking.link();
  if ("node" in linked) linking.release();
  return linked;
}

/** A node of the network that no schedule can have; undefined if all can be compiled. */
export function findObstacle(
  network: ComputationNetwork,
  library: KernelLibrary,
): ComputationNode | undefined {
  const request = { network, outputs: network.nodes, columns: SAMPLE_COLUMNS };
  const { nodes, obstacle } = schedulableNodes(request);
  if (obstacle !== undefined) return obstacle;
  const schedule = makeSchedule(nodes, {
    request,
    columns: SAMPLE_COLUMNS,
    ask: library.ask,
    accumulatesGradients: false,
    storage: {
      exchange: exchangeOfOne,
      value: () => undefined,
      gradient: () => undefined,
      supplied: (node) => dummySupply(node, SAMPLE_COLUMNS),
    },
  });
  return "node" in schedule ? schedule.node : undefined;
}

class Linking {
  readonly #options: LinkRequest;
  readonly #nodes: readonly ComputationNode[];
  readonly #shared: readonly ComputationNode[];
  readonly #supplies: SupplyPlaces;
  readonly #owned: [number, number][] = [];
  readonly #feeds = new Map<ComputationNode, InputFeed>();
  #exchanges: Exchanges;
  #places: ValuePlaces;
  /** calls by piece */
  readonly #traced: TracedCall[][] = [];

  constructor(options: LinkRequest, nodes: readonly ComputationNode[]) {
    const { request, memory } = options;
    const { outputs, criterion, columns } = request;
    this.#options = options;
    this.#nodes = nodes;
    this.#shared = [
      ...nodes.filter(({ operation }) => operation.leaf === "input"),
      ...outputs,
      ...(criterion === undefined ? [] : [criterion]),
    ];
    this.#supplies = new SupplyPlaces(memory, nodes, columns);
    this.#exchanges = new Exchanges(memory, 1);
    this.#places = new ValuePlaces(memory, this.#shared, columns, 1);
  }

  link(): LinkedSchedule | Obstacle {
    const { request, trace, memory, threads } = this.#options;
    const { columns } = request;
    const dividesCalls = this.#dividesCalls();
    const division = dividesCalls ? divide(columns, 1, columns) : this.#divide();
    if ("node" in division) return division;
    const blocks = division.ranks.flat();
    this.#setPieces(dividesCalls ? threads : blocks.length);
    for (const node of this.#nodes) {
      const place = node.operation.leaf === "input" ? this.#places.place(node) : undefined;
      if (place === undefined) continue;
      this.#feeds.set(node, new InputFeed(memory, node, columns, place.offset));
    }
    const schedules = new Map<string, PlacedSchedule>();
    for (const block of blocks) {
      const key = scheduleKey(block);
      if (schedules.has(key)) continue;
      const schedule = this.#compile(block.columns, !block.isFirst);
      if ("node" in schedule) return schedule;
      schedules.set(key, schedule);
    }
    const [whole] = schedules.values();
    const phases =
      dividesCalls && whole !== undefined
        ? this.#linkShares(whole.calls)
        : this.#linkRanks(division, schedules);
    return {
      phases,
      gradientSums: this.#addGradients(division.ranks.length),
      feeds: this.#feeds,
      values: new Map(this.#shared.map((node) => [node, this.#valuePlace(node)])),
      trace: trace && new ScheduleTrace(this.#traced, trace),
      parameters: this.#nodes.filter(isParameter),
      supplies: this.#supplies,
      dispose: () => this.release(),
    };
  }

  /** Gives back all memory of the program. */
  release(): void {
    this.#places.release();
    this.#supplies.release();
    this.#exchanges.release();
    for (const feed of this.#feeds.values()) feed.release();
    for (const [offset, bytes] of this.#owned) this.#options.memory.release(offset, bytes);
  }

  /** Where the host finds a value: an output that is a parameter is where the parameter lives. */
  #valuePlace(node: ComputationNode): ValuePlace {
    const parameter = parameterPlace(node, this.#options.memory);
    if (parameter !== undefined) {
      return { offset: parameter.offset, floats: parameter.value.floats, parts: 1, stored: 0 };
    }
    const place = this.#places.place(node);
    assert(place !== undefined, `'${node.name}' has no place`);
    return place;
  }

  #setPieces(pieces: number): void {
    const { request, memory } = this.#options;
    this.#places.release();
    this.#places = new ValuePlaces(memory, this.#shared, request.columns, pieces);
  }

  /**
   * Whether ranks divide calls, as against samples: they do where the samples would take all parameters to every rank, or
   * cannot be divided, and most calls can.
   */
  #dividesCalls(): boolean {
    const { request, threads } = this.#options;
    const { columns, criterion } = request;
    const isWhole = !isDivisible(this.#nodes, criterion);
    if (threads === 1 || !(isWhole || this.#isParameterHeavy)) return false;
    this.#setPieces(threads);
    const trial = this.#compile(columns, false);
    if ("node" in trial) return false;
    const { aloneShare } = shareCalls(trial.calls, threads, columns);
    return aloneShare < (isWhole ? MOST_ALONE_OF_WHOLE : MOST_ALONE);
  }

  /**
   * Threads and blocks. A trial shows how much memory a column takes, and whether ranks exchange sums: then each computes
   * its samples in one block.
   */
  #divide(): Division | Obstacle {
    const { request, threads, memory, trace } = this.#options;
    const { columns, criterion } = request;
    const isWhole = !isDivisible(this.#nodes, criterion);
    const division = divide(columns, isWhole ? 1 : threads, columns);
    const size = division.ranks[0]?.[0]?.columns ?? columns;
    this.#exchanges = new Exchanges(memory, division.ranks.length);
    const trial = this.#compile(size, false);
    if ("node" in trial) return trial;
    const { areUsed } = this.#exchanges;
    // calls that are timed one by one cannot wait for each other
    if (trial.needsWholeMinibatch || (areUsed && trace !== undefined)) {
      this.#exchanges.release();
      this.#exchanges = new Exchanges(memory, 1);
      return divide(columns, 1, columns);
    }
    if (isWhole || areUsed || this.#isParameterHeavy) return division;
    const columnsOfBlock = Math.floor((BYTES_OF_BLOCK * size) / trial.placement.bytes);
    return divide(columns, threads, Math.max(1, columnsOfBlock));
  }

  get #isParameterHeavy(): boolean {
    const floats = this.#nodes.map(({ parameter }) => parameter?.value?.length ?? 0);
    return floats.reduce((sum, length) => sum + length, 0) > MOST_PARAMETER_FLOATS;
  }

  #compile(columns: number, accumulatesGradients: boolean): PlacedSchedule | Obstacle {
    const { request, library, memory } = this.#options;
    this.#exchanges.restart();
    const placed = new Map<ComputationNode, Buffer>();
    for (const node of this.#shared) {
      const buffer = this.#places.buffer(node, columns);
      if (buffer !== undefined) placed.set(node, buffer);
    }
    const schedule = makeSchedule(this.#nodes, {
      request,
      columns,
      ask: library.ask,
      accumulatesGradients,
      storage: {
        exchange: (floats) => this.#exchanges.next(floats),
        value: (node) => placed.get(node) ?? parameterPlace(node, memory)?.value,
        gradient: (node) => parameterPlace(node, memory)?.gradient,
        supplied: (node) => this.#supplies.buffer(node, columns),
      },
    });
    if ("node" in schedule) return schedule;
    const gathering = [...this.#feeds].flatMap(([node, feed]) => {
      const value = placed.get(node);
      return value === undefined ? [] : [feed.gather(value, columns)];
    });
    const wanted = new Set(request.outputs.flatMap((node) => placed.get(node) ?? []));
    const known = { constants: this.#constants(), wanted };
    const calls = simplify([...gathering, ...schedule.calls], known);
    return { ...schedule, calls, placement: placeBuffers(calls) };
  }

  /** Numbers that stand in the config: parameters that are not trained. */
  #constants(): Map<Buffer, number> {
    const constants = new Map<Buffer, number>();
    for (const node of this.#nodes) {
      const place = node.needsGradient ? undefined : parameterPlace(node, this.#options.memory);
      const [number] = node.parameter?.value ?? [];
      if (place?.value.floats === 1 && number !== undefined) constants.set(place.value, number);
    }
    return constants;
  }

  /** Tasks of all ranks, phase by phase: ranks wait for each other where their schedules have a barrier. */
  #linkRanks({ ranks }: Division, schedules: ReadonlyMap<string, PlacedSchedule>): Task[][] {
    const bytes = Math.max(...[...schedules.values()].map(({ placement }) => placement.bytes));
    let index = 0;
    const phases: Task[][] = [];
    const last: number[][] = [];
    ranks.forEach((blocks, rank) => {
      const working = this.#own(bytes);
      let phase: number[][] = [];
      let position = 0;
      const endPhase = () => {
        (phases[position++] ??= []).push(this.#task(phase));
        phase = [];
      };
      for (const block of blocks) {
        const schedule = schedules.get(scheduleKey(block));
        assert(schedule !== undefined, "a block without schedule");
        const { calls, placement } = schedule;
        const piece = { rank, index: index++, first: block.first, working };
        const encoded = calls.map((one) => encode(one, piece, placement.offsets));
        if (this.#options.trace !== undefined) this.#trace(calls, encoded, block.columns);
        calls.forEach(({ kernel, isOnce }, i) => {
          if (kernel === "barrier") {
            endPhase();
            return;
          }
          if (isOnce !== true) phase.push(encoded[i] ?? []);
          else if (rank === 0) last.push(encoded[i] ?? []);
        });
      }
      endPhase();
    });
    return last.length === 0 ? phases : [...phases, [this.#task(last)]];
  }

  /** Tasks of all ranks, phase by phase, for one schedule whose calls they divide. */
  #linkShares(calls: readonly NodeCall[]): Task[][] {
    const { request, threads, trace } = this.#options;
    const { columns } = request;
    const shared = shareCalls(calls, threads, columns).calls;
    const all = shared.flatMap((phased) => phased.calls.map((call) => ({ ...phased, call })));
    const { offsets, bytes } = placeBuffers(
      all.map(({ call }) => call),
      all.map(({ phase }) => phase),
    );
    const piece = { ...WHOLE, working: this.#own(bytes) };
    if (trace !== undefined) {
      const whole = shared.flatMap((phased) => phased.calls.slice(0, 1));
      const encoded = whole.map((one) => encode(one, piece, offsets));
      this.#trace(whole, encoded, columns);
    }
    return encodeShares(shared, threads, (buffer) => locate(buffer, piece, offsets)).map((lists) =>
      lists.map((list) => this.#task(list)),
    );
  }

  #trace(calls: readonly NodeCall[], encoded: readonly (readonly number[])[], columns: number) {
    this.#traced.push(
      calls.map((traced, i) => {
        const numbers = encoded[i] ?? [];
        // the first number is the kernel's
        const offsets = numbers.slice(1).filter((_, k) => typeof traced.values[k] !== "number");
        return { call: traced, task: this.#task([numbers]), columns, offsets };
      }),
    );
  }

  /** A phase in which every thread adds up a share of the gradients that all have left; none for one thread. */
  #addGradients(ranks: number): Task[][] {
    const { request, memory } = this.#options;
    if (ranks === 1 || request.criterion === undefined) return [];
    const trained = this.#nodes.flatMap((node) => {
      const place = node.needsGradient ? parameterPlace(node, memory) : undefined;
      return place === undefined
        ? []
        : [place.gradients.map((offset) => fixedBuffer(place.gradient.floats, offset))];
    });
    const lists = addGradients(trained, ranks);
    return lists.length === 0 ? [] : [lists.map((list) => this.#task(list))];
  }

  #task(encoded: readonly (readonly number[])[]): Task {
    const numbers = encoded.flat();
    const offset = this.#own(numbers.length * DOUBLE);
    this.#options.memory.doubles(offset, numbers.length).set(numbers);
    return { offset, count: encoded.length };
  }

  #own(bytes: number): number {
    const offset = this.#options.memory.allocate(bytes);
    this.#owned.push([offset, bytes]);
    return offset;
  }
}

/** The first block of a thread stores the gradients of parameters, the others add to them. */
const scheduleKey = ({ columns, isFirst }: Block) => `${columns} ${isFirst}`;

const parameterPlace = (node: ComputationNode, memory: KernelMemory) =>
  isParameter(node) ? memory.parameter(node) : undefined;
