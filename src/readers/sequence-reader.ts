/** A reader made of a source of chunks and an order: what all readers of this kind share (CNTK: ReaderBase). */

import { CntkError } from "../../grammar/errors.js";
import type { ElementType } from "../random/distributions.js";
import { ChunkCache, type ChunkSource } from "./chunks.js";
import { SequenceEnumerator } from "./enumerator.js";
import { packMinibatch } from "./packer.js";
import type { Randomization } from "./randomizer.js";
import type { EpochRequest, Minibatch, Reader } from "./reader.js";

export interface SequenceReaderOptions {
  readonly source: ChunkSource;
  /** left out: the order of the source */
  readonly randomization?: Randomization | undefined;
  readonly keepDataInMemory: boolean;
  /** every sequence must be one sample */
  readonly frameMode: boolean;
  /** of the values that are delivered; left out, float */
  readonly precision?: ElementType | undefined;
  /** bytes of parsed data to keep; left out, a sensible number */
  readonly memoryBudget?: number | undefined;
}

/** Delivers minibatches on CNTK's global timeline. */
export class SequenceReader implements Reader {
  readonly sweepSize: number;
  readonly streams: ReadonlyMap<string, { readonly dimension: number; readonly isSparse: boolean }>;
  readonly #source: ChunkSource;
  readonly #frameMode: boolean;
  readonly #precision: ElementType;
  readonly #enumerator: SequenceEnumerator;
  readonly #cache: ChunkCache;
  #minibatchSize = 1;

  constructor(options: SequenceReaderOptions) {
    const { source, randomization, keepDataInMemory, frameMode, memoryBudget } = options;
    this.#source = source;
    this.#frameMode = frameMode;
    this.#precision = options.precision ?? "float";
    this.#enumerator = new SequenceEnumerator(source, randomization);
    this.#cache = new ChunkCache(source, keepDataInMemory, memoryBudget);
    this.sweepSize = this.#enumerator.sweepSize;
    this.streams = new Map(
      source.streams.map(({ name, dimension, isSparse }) => [name, { dimension, isSparse }]),
    );
  }

  startEpoch({ minibatchSize, ...share }: EpochRequest): void {
    this.#minibatchSize = minibatchSize;
    this.#enumerator.startEpoch(share);
  }

  nextMinibatch(): Minibatch | undefined {
    const batch = this.#enumerator.next(this.#minibatchSize);
    if (batch === undefined) return undefined;
    const sequences = this.#cache.locate(batch.sequences, batch.chunks);
    const minibatch = packMinibatch(this.#source.streams, sequences, this.#precision);
    if (this.#frameMode && minibatch.sequenceStarts !== undefined) {
      throw new CntkError("reading", "frameMode: a sequence is longer than one sample", {
        hint: "leave frameMode out of the reader section to read sequences",
      });
    }
    return minibatch;
  }
}
