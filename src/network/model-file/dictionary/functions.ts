/** The functions and variables of a model that CNTK 2 saved as a dictionary (model-format.md 8.2, 8.3). */

import { CntkError } from "../../../../grammar/errors.js";
import { Entries } from "./attributes.js";
import { readDictionary, type ArrayView } from "./values.js";

/** A leaf: input of the network, parameter, constant, or something that stands for a result to come. */
export interface Variable {
  readonly uid: string;
  readonly name: string;
  readonly kind: "input" | "parameter" | "constant";
  /** sizes; 0 is unknown */
  readonly shape: readonly number[];
  readonly isSparse: boolean;
  readonly needsGradient: boolean;
  /** name of the sequence axis; undefined without one */
  readonly sequenceAxis: string | undefined;
  /** of parameters and constants */
  readonly value: ArrayView | undefined;
  readonly entries: Entries;
}

export interface PrimitiveFunction {
  readonly uid: string;
  readonly name: string;
  readonly version: number;
  /** number of the operator */
  readonly op: number;
  readonly attributes: Entries;
  /** uids of variables, or of results of functions */
  readonly inputs: readonly string[];
  /** of a block: its inner root, and what its placeholders stand for */
  readonly block: Block | undefined;
  readonly entries: Entries;
}

export interface Block {
  readonly root: string;
  /** uid of each placeholder inside -> uid outside */
  readonly arguments: ReadonlyMap<string, string>;
}

export interface CompositeFunction {
  readonly root: string;
  readonly variables: readonly Variable[];
  readonly functions: readonly PrimitiveFunction[];
  readonly entries: Entries;
}

const KINDS = ["input", "output", "parameter", "constant", "placeholder"] as const;

/** @throws CntkError "reading" if the file is damaged, or a dictionary of something else */
export function readCompositeFunction(bytes: Uint8Array, fileName: string): CompositeFunction {
  const entries = new Entries(readDictionary(bytes, fileName), fileName);
  if (entries.has("Learners")) {
    throw new CntkError(
      "reading",
      `${fileName}: expected a model, found a training checkpoint of CNTK 2`,
      { hint: "the model stands in the file without the ending .ckp" },
    );
  }
  const type = entries.string("type", "");
  if (type !== "CompositeFunction") {
    throw entries.error(`expected a CompositeFunction of CNTK 2, found "${type}"`);
  }
  const parts = (key: string) =>
    entries.list(key, "dictionary").map((part, index) => entries.of(part, `${key}[${index}]`));
  return {
    root: entries.string("root"),
    variables: parts("inputs").flatMap((part) => readVariable(part) ?? []),
    functions: parts("primitive_functions").map(readFunction),
    entries,
  };
}

/** undefined for a placeholder: its uid is that of a result, or a block says what it stands for */
function readVariable(entries: Entries): Variable | undefined {
  const number = entries.number("kind");
  const kind = KINDS[number];
  if (kind === "placeholder" || kind === "output") return undefined;
  if (kind === undefined) throw entries.error(`unknown kind of variable ${number}`);
  const sequences = entries.list("dynamic_axis", "axis", []).filter(({ isOrdered }) => isOrdered);
  return {
    uid: entries.string("uid"),
    name: entries.string("name", ""),
    kind,
    shape: entries.shape("shape"),
    isSparse: entries.bool("is_sparse", false),
    needsGradient: entries.bool("needs_gradient", false),
    sequenceAxis: sequences[0]?.name,
    value: kind === "input" ? undefined : entries.array("value"),
    entries,
  };
}

function readFunction(entries: Entries): PrimitiveFunction {
  const hasBlock = entries.has("block_function_composite");
  const keys = entries.list("block_function_composite_arguments_map_keys", "string", []);
  const values = entries.list("block_function_composite_arguments_map_values", "string", []);
  if (keys.length !== values.length) throw entries.error("the arguments of the block do not match");
  return {
    uid: entries.string("uid"),
    name: entries.string("name", ""),
    version: entries.number("version", 1),
    op: entries.number("op"),
    attributes: entries.dictionary("attributes"),
    inputs: entries.list("inputs", "string"),
    block: hasBlock
      ? {
          root: entries.dictionary("block_function_composite").string("root"),
          arguments: new Map(keys.map((key, i) => [key, values[i] ?? ""])),
        }
      : undefined,
    entries,
  };
}
