/** `new ComputationNetwork { ... }`: from a record to a network (brainscript.md 6). Fixes names, tags and order of nodes. */

import { CntkError } from "../../grammar/errors.js";
import { describePlace } from "../../grammar/source.js";
import type { NativeClass } from "../script/classes.js";
import { flattened, wrongKind } from "../script/expect.js";
import type { Task } from "../script/trampoline.js";
import type { RecordValue, Value } from "../script/value.js";
import { attachDelayedInputs, type NodeFactory } from "./construct-node.js";
import type { ComputationNetwork } from "./network.js";
import { networkValue, nodeOf } from "./node-value.js";
import type { ComputationNode, Tag } from "./node.js";

/** Members that declare the groups, in the order in which they are evaluated. */
export const SPECIAL_MEMBERS: readonly (readonly [string, Tag])[] = [
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
  if (node === undefined) throw wrongKind(name, "a node or a list of nodes", value).at(range);
  return node;
}

/** The network of these nodes and of all that they need. */
export function* networkFrom(
  nodes: readonly ComputationNode[],
  factory: NodeFactory,
): Task<ComputationNetwork> {
  const assembly = new Assembly(factory);
  for (const node of nodes) assembly.add(node);
  yield* assembly.assemble();
  return assembly.network();
}

function namesakeHint(node: ComputationNode, { name, ranges }: ComputationNode): string {
  const place = ranges[0] === undefined ? "" : ` at ${describePlace(ranges[0])}`;
  return name === node.name
    ? `the other one is${place}: give one of them another name`
    : `names of nodes differ in more than case: the other one is '${name}'${place}`;
}

/** A node's name tells how deep it stands: thousands in each other have names of no use to anybody. */
const mostNameCharacters = 50_000_000;

function tooLongNames({ name, ranges }: ComputationNode): CntkError {
  const message = `the names of the nodes have more than ${mostNameCharacters} characters, this one ${name.length}`;
  const hint =
    "nodes get their names from where they stand: give inner expressions names of their own";
  return new CntkError("evaluating", message, { hint, ranges });
}

/** Every namesake has one more underscore in front: thousands of them would be mostly underscores. */
const mostNamesakes = 3000;

function tooManyNamesakes({ name, ranges }: ComputationNode): CntkError {
  const message = `more than ${mostNamesakes} nodes are called '${name}'`;
  const hint = "nodes get their names from where they stand: this function makes one at each call";
  return new CntkError("evaluating", message, { hint, ranges });
}

/** A network while nodes join it, first in, first out. */
class Assembly {
  readonly #factory: NodeFactory;
  readonly #waiting: ComputationNode[] = [];
  readonly #nodes = new Set<ComputationNode>();
  readonly #names = new Map<string, ComputationNode>();
  /** of all names together */
  #nameCharacters = 0;
  /** how many the last node of that name got in front */
  readonly #underscores = new Map<string, number>();
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
      yield* attachDelayedInputs(node, this.#factory);
      this.#registerTags(node);
      for (const input of node.inputs) this.#waiting.push(input);
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
        hint: namesakeHint(node, holder),
        ranges: node.ranges,
      });
    }
    // later namesakes begin behind the underscores that earlier ones needed
    this.#nameCharacters += node.name.length;
    if (this.#nameCharacters > mostNameCharacters) throw tooLongNames(node);
    const id = node.name.toLowerCase();
    let underscores = this.#underscores.get(id) ?? 0;
    while (this.#names.has("_".repeat(underscores) + id)) underscores++;
    if (underscores > mostNamesakes) throw tooManyNamesakes(node);
    this.#underscores.set(id, underscores);
    node.name = "_".repeat(underscores) + node.name;
    this.#names.set(node.name.toLowerCase(), node);
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
