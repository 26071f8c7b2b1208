/** `new ComputationNetworkWithEdits`: a network with some of its nodes replaced (brainscript.md 8). */

import type { SourceRange } from "../../grammar/source.js";
import { requiredMember, type Construction, type NativeClass } from "../script/classes.js";
import { flattened, wrongKind } from "../script/expect.js";
import { joinPath } from "../script/path.js";
import { Thunk } from "../script/thunk.js";
import type { Task } from "../script/trampoline.js";
import type { FunctionValue, Value } from "../script/value.js";
import { networkFrom } from "./construct-network.js";
import type { NodeFactory } from "./construct-node.js";
import { copyNode, dependents, reachableNodes } from "./copy-nodes.js";
import { expectNodeValue, networkOf, networkValue, nodeValue } from "./node-value.js";
import type { ComputationNode } from "./node.js";

interface Edit {
  readonly factory: NodeFactory;
  /** where the edit stands, which is where nodes of model files come from */
  readonly ranges: readonly SourceRange[];
}

export function networkWithEditsClass(factory: NodeFactory): NativeClass {
  return {
    hasEmptyPath: true,
    *construct(construction) {
      const member = (name: string) => requiredMember(construction, name).force();
      const modelValue = yield member("inputModel");
      const model = networkOf(modelValue);
      if (model === undefined) throw wrongKind("inputModel of Edit", "a network", modelValue);
      const functions = (yield* flattened(yield member("editFunctions"))).map(expectEditFunction);
      const additional = (yield* flattened(yield member("additionalRoots"))).map((value, index) =>
        expectNodeValue(value, `additionalRoots[${index}] of Edit`),
      );
      const replacements = yield* findReplacements(model.nodes, functions, construction);
      const consumed = new Set(model.nodes.flatMap(({ inputs }) => inputs));
      const roots = [...model.nodes.filter((node) => !consumed.has(node)), ...additional];
      const ranges = construction.record.scope.placesOf(construction.range);
      const edited = yield* relinkedRoots(roots, replacements, { factory, ranges });
      return networkValue(yield* networkFrom(edited, factory));
    },
  };
}

function expectEditFunction(value: Value, index: number): FunctionValue {
  if (value.kind === "function" && value.positional.length === 1) return value;
  throw wrongKind(`editFunctions[${index}] of Edit`, "a function of one argument", value);
}

/** What takes the place of which node: the first function that returns another node decides. */
function* findReplacements(
  nodes: readonly ComputationNode[],
  functions: readonly FunctionValue[],
  { path, range, record }: Construction,
): Task<ReadonlyMap<ComputationNode, ComputationNode>> {
  const replacements = new Map<ComputationNode, ComputationNode>();
  for (const node of nodes) {
    for (const edit of functions) {
      const given = new Map(edit.optional.map(({ name, defaultValue }) => [name, defaultValue]));
      given.set(edit.positional[0] ?? "", Thunk.of(nodeValue(node)));
      const calledFrom = { range, scope: record.scope };
      const result = yield edit.apply(given, joinPath(path, node.name), calledFrom);
      const replacement = expectNodeValue(result, `what an edit function makes of '${node.name}'`);
      if (replacement === node) continue;
      replacements.set(node, replacement);
      break;
    }
  }
  return replacements;
}

/** Replaced nodes vanish; what depends on one is copied under its own name, everything else is shared. */
function* relinkedRoots(
  roots: readonly ComputationNode[],
  replacements: ReadonlyMap<ComputationNode, ComputationNode>,
  edit: Edit,
): Task<ComputationNode[]> {
  const nodes = yield* reachableNodes([...roots, ...replacements.values()], edit.factory);
  const replaced = new Set(replacements.keys());
  const affected = nodes.filter((node) => node.inputs.some((input) => replaced.has(input)));
  const changed = dependents(nodes, new Set(affected), ({ inputs }) => inputs);
  const copies = new Map([...changed].map((node) => [node, copyWithTags(node, edit)]));
  const current = (node: ComputationNode) => {
    const wanted = replacements.get(node) ?? node;
    return copies.get(wanted) ?? wanted;
  };
  for (const [original, copy] of copies) copy.inputs = original.inputs.map(current);
  return roots.map(current);
}

function copyWithTags(node: ComputationNode, { factory, ranges }: Edit): ComputationNode {
  const copy = copyNode(node, {
    name: node.name,
    ranges: node.ranges.length > 0 ? node.ranges : ranges,
    keepsShape: true,
  });
  for (const tag of node.tags) copy.tags.add(tag);
  const text = factory.tagTexts.get(node);
  if (text !== undefined) factory.tagTexts.set(copy, text);
  return copy;
}
