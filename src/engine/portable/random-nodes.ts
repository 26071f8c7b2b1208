/** Generators of the nodes that draw random numbers while they compute (nodes.md 12.2). */

import assert from "node:assert/strict";
import type { ComputationNetwork } from "../../network/network.js";
import type { ComputationNode } from "../../network/node.js";
import { evaluationOrder } from "../../network/order.js";
import { MersenneTwister } from "../../random/mersenne-twister.js";
import type { CompileRequest } from "../engine.js";

type SeedOf = (node: ComputationNode, index: number, count: number) => number;

/** The random nodes of a network, in the order in which they are numbered. */
interface Numbering {
  /** those the criterion depends on */
  readonly trained: readonly ComputationNode[];
  readonly all: readonly ComputationNode[];
}

/** A generator per random node; it goes on from minibatch to minibatch until it is seeded anew. */
export class RandomNodes {
  readonly #numberings = new WeakMap<ComputationNetwork, Numbering>();
  readonly #networks = new WeakMap<ComputationNode, ComputationNetwork>();
  #generators = new WeakMap<ComputationNode, MersenneTwister>();
  #seedOf: SeedOf = (_, index) => index;

  /** Numbers the random nodes of a program: those under the criterion first, in evaluation order. */
  add({ network, outputs, criterion }: CompileRequest): void {
    const known = this.#numberings.get(network) ?? { trained: [], all: [] };
    const trained = criterion === undefined ? known.trained : randomNodes([criterion]);
    const all = [...new Set([...trained, ...known.all, ...randomNodes(outputs)])];
    this.#numberings.set(network, { trained, all });
    for (const node of all) this.#networks.set(node, network);
  }

  /** From now on every node has a fresh generator. */
  seed(seedOf: SeedOf): void {
    this.#seedOf = seedOf;
    this.#generators = new WeakMap();
  }

  generatorOf(node: ComputationNode): MersenneTwister {
    const known = this.#generators.get(node);
    if (known !== undefined) return known;
    const network = this.#networks.get(node);
    const numbering = network && this.#numberings.get(network);
    assert(numbering !== undefined, `random node '${node.name}' is not part of a program`);
    const { trained, all } = numbering;
    const count = trained.length === 0 ? all.length : trained.length;
    const generator = new MersenneTwister(this.#seedOf(node, all.indexOf(node), count));
    this.#generators.set(node, generator);
    return generator;
  }
}

function randomNodes(roots: readonly ComputationNode[]): ComputationNode[] {
  return evaluationOrder(roots).filter((node) => node.operation.isRandom === true);
}
