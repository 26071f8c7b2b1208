/** `new ComputationNetwork { ... }`: from a record to a network (brainscript.md 6). Fixes names, tags and order of nodes. */

import { CntkError } from "../../grammar/errors.js";
import type { NativeClass } from "../script/classes.js";
import { flattened } from "../script/expect.js";
import type { Task } from "../script/trampoline.js";
import { describeValue, type RecordValue, type Value } from "../script/value.js";
import { readInputs, type NodeFactory } from "./construct-node.js";
import type { ComputationNetwork } from "./network.js";
import { networkValue, nodeOf } from "./node-value.js";
import type { ComputationNode, Tag } from "./node.js";

/** Members that declare the groups, in the order in which they are evaluated. */
const SPECIAL_MEMBERS: readonly (readonly [string, Tag])[] = [
  ["criterionNodes", "criterion"],
  ["evaluationNodes", "evaluation"],
  ["featureNodes", "feature"],
  ["labelNodes", "label"],
  ["outputNodes", "output"],
];

/** Texts that `tag=` accepts, the legacy ones included. */
const TAGS: ReadonlyMap<string, Tag> = new Map<string, Tag>([
  ["feature", "feature"],
  ["label", "label"],
  ["criterion", "criterion"],
  ["criteria", "criterion"],
  ["evaluation", "evaluation"],
  ["eval", "evaluation"],
  ["output", "output"],
]);

export function computationNetworkClass(factory: NodeFactory): NativeClass {
  return {
    hasEmptyPath: true,
    *construct({ record }) {
      const assembly = new Assembly(factory);
      yield* collect(record, assembly);
      yield* assembly.assemble();
      return networkValue(assembly.network());
    },
  };
}

/** Evaluates the members: the special ones first, then all of them in code-unit order of their names. */
function* collect(record: RecordValue, assembly: Assembly): Task<void> {
  const members = record.scope.ownMembers();
  const special = new Map(SPECIAL_MEMBERS);
  for (const [name, member] of members) {
    const tag = special.get(name);
    if (tag === undefined) continue;
    for (const value of yield* flattened(yield member.force())) {
      const node = specialNode(name, value, member.range);
      node.tags.add(tag);
      assembly.add(node);
    }
  }
  for (const [name, member] of members) {
    const node = nodeOf(yield member.force());
    if (node === undefined) continue;
    if (!special.has(name)) node.name = name;
    assembly.add(node);
  }
}

function specialNode(name: string, value: Value, range: CntkError["ranges"][number] | undefined) {
  const node = nodeOf(value);
  if (node !== undefined) return node;
  throw new CntkError(
    "evaluating",
    `${name}: expected a node or a list of nodes, found ${describeValue(value)}`,
    {
      ranges: range === undefined ? [] : [range],
    },
  );
}

/** A network while nodes join it, first in, first out. */
class Assembly {
  readonly #factory: NodeFactory;
  readonly #waiting: ComputationNode[] = [];
  readonly #nodes = new Set<ComputationNode>();
  readonly #names = new Map<string, ComputationNode>();
  readonly #groups: Record<Tag, ComputationNode[]> = {
    feature: [],
    label: [],
    criterion: [],
    evaluation: [],
    output: [],
  };

  constructor(factory: NodeFactory) {
    this.#factory = factory;
  }

  add(node: ComputationNode): void {
    this.#waiting.push(node);
  }

  *assemble(): Task<void> {
    // The list grows while it is walked: inputs join behind the nodes that need them.
    for (const node of this.#waiting) {
      if (this.#nodes.has(node)) continue;
      this.#name(node);
      this.#nodes.add(node);
      yield* this.#attachDelayedInputs(node);
      this.#registerTags(node);
      this.#waiting.push(...node.inputs);
    }
  }

  network(): ComputationNetwork {
    return { nodes: [...this.#nodes], groups: this.#groups };
  }

  /** Names are unique without regard to case; a node visited earlier keeps the clean name. */
  #name(node: ComputationNode): void {
    const holder = this.#names.get(node.name.toLowerCase());
    const isPathName = /[.[\]]/.test(node.name) || this.#factory.implicitConstants.has(node);
    if (holder !== undefined && !isPathName) {
      throw new CntkError("evaluating", `two nodes are called '${node.name}'`, {
        hint:
          holder.name === node.name
            ? "give one of them another name"
            : `names of nodes differ in more than case: the other one is '${holder.name}'`,
        ranges: node.ranges,
      });
    }
    while (this.#names.has(node.name.toLowerCase())) node.name = `_${node.name}`;
    this.#names.set(node.name.toLowerCase(), node);
  }

  *#attachDelayedInputs(node: ComputationNode): Task<void> {
    const delayed = this.#factory.delayedInputs.get(node);
    if (delayed === undefined) return;
    node.inputs = yield* readInputs(yield delayed.member.force(), node.operation);
    this.#factory.delayedInputs.delete(node);
  }

  #registerTags(node: ComputationNode): void {
    const text = this.#factory.tagTexts.get(node);
    if (text !== undefined) {
      const tag = TAGS.get(text);
      if (tag === undefined) {
        throw new CntkError("evaluating", `unknown tag '${text}' of node '${node.name}'`, {
          hint: "tags are feature, label, criterion, evaluation and output",
          ranges: node.ranges,
        });
      }
      node.tags.add(tag);
    }
    for (const tag of [...node.tags].sort()) this.#groups[tag].push(node);
  }
}
