/**
 * What an operation is: its inputs, settings, shape rule, value and gradients in one literal. Nothing else in the program
 * names an operation, infix operators and leaves aside.
 *
 * Tensors. A node's value is a tensor of shape `[columns, d_k, ..., d_2, d_1]` for the sample shape `[d_1 x ... x d_k]`:
 * CNTK's memory order, read row-major. `columns` is the number of samples of the minibatch for a node with a dynamic
 * axis and 1 for a node without one. A gradient has the shape of the node's value; what `backward` returns may have
 * larger sizes on broadcast axes (`columns` among them): the engine sums over them.
 */

import type { MersenneTwister } from "../random/mersenne-twister.js";
import type { StreamData } from "../readers/reader.js";
import type { SettingSchema, Settings, SettingsOf } from "./settings.js";
import type { Shape } from "./shape.js";
import type { Tensor } from "./tensors.js";

/** What stands for an operation in the network without being computed from inputs. */
export type LeafKind = "parameter" | "input" | "environment" | "dynamicAxis";

/** What a shape rule sees. `shapes` may contain zeros until `isFinal`; errors are thrown in the final pass only. */
export interface ShapeContext<Name extends string, S> {
  readonly settings: S;
  readonly shapes: Readonly<Record<Name, Shape>>;
  /** the same in input order; for operations with any number of inputs or optional ones */
  readonly all: readonly Shape[];
  /** names of the input nodes, for messages */
  readonly names: readonly string[];
  /** the shape the node was declared with, for leaves and delays; rank 0 if none */
  readonly declared: Shape;
  /** true in the last pass, in which wrong and unknown dimensions are errors */
  readonly isFinal: boolean;
  /** which inputs have a dynamic axis */
  readonly hasDynamicAxis: readonly boolean[];
  /**
   * Offers a shape to an input that is a parameter with unknown dimensions (nodes.md 3.4).
   * @returns the input's shape afterwards
   */
  infer(inputIndex: number, shape: Shape): Shape;
  /** Gives a parameter input other sizes for the same elements. @returns the input's shape afterwards */
  relabel(inputIndex: number, shape: Shape): Shape;
  /** the first element of an input that is a constant: a setting in all but name; undefined for other inputs */
  constant(inputIndex: number): number | undefined;
  /**
   * Where the first element of input `to` stands in input `from` along the first two axes, as their way from a common
   * origin tells; `origins` are inputs that count as that origin.
   */
  offsets(from: number, to: number, origins?: readonly [number, number]): readonly number[];
  /** Settles settings that were left open; they stay with the node. */
  settle(settings: Partial<S>): void;
}

/** What `prepare` sees: everything that is known before the first minibatch. */
export interface StaticContext<Name extends string, S> {
  readonly settings: S;
  readonly shapes: Readonly<Record<Name, Shape>>;
  readonly all: readonly Shape[];
  /** sample shape of the result */
  readonly shape: Shape;
}

/** What `forward` and `backward` see besides the input tensors. */
export interface ComputeContext<Name extends string, S, P> extends StaticContext<Name, S> {
  /** what `prepare` returned */
  readonly prepared: P;
  /** names of the input nodes, for messages */
  readonly names: readonly string[];
  /** input tensors in input order */
  readonly tensors: readonly Tensor[];
  /** which inputs have a dynamic axis */
  readonly hasDynamicAxis: readonly boolean[];
  /** samples in the minibatch */
  readonly columns: number;
  /** true in training, false in test, evaluation, write and cross validation */
  readonly isTraining: boolean;
  /** probability with which Dropout drops, from the SGD section */
  readonly dropoutRate: number;
  /** the node's own generator; only for operations that are `isRandom` */
  readonly generator: MersenneTwister;
  /** the node's value; in `backward` only */
  readonly value: Tensor;
  /** keeps a tensor of `forward` for `backward` of the same minibatch */
  keep(name: string, tensor: Tensor): void;
  /** a tensor that `forward` kept */
  kept(name: string): Tensor;
  /** replaces the value of a parameter input after this minibatch; running statistics do this */
  assign(inputIndex: number, tensor: Tensor): void;
  /** false where every sample of the minibatch is a sequence of its own */
  readonly hasSequences: boolean;
  /** how many passes over data have begun: what belongs to one pass starts anew when this changes */
  readonly pass: number;
  /** what the node remembers from minibatch to minibatch; no model file stores it */
  readonly memory: Map<string, number | Float64Array>;
  /** writes a line to the log */
  log(line: string): void;
}

/** Samples of which only the elements that are not 0 are there. */
export type SparseSamples = Extract<StreamData, { readonly kind: "sparse" }>;

/** How an operation computes with one input as the reader delivers it, sparse, without ever making it dense. */
export interface SparseEntry<Name extends string, S, P> {
  /** the input that may come sparse; it is missing among the tensors then */
  readonly input: Name;
  /** false where the input must be made dense after all */
  readonly accepts: (context: Pick<ComputeContext<Name, S, P>, "hasDynamicAxis">) => boolean;
  readonly forward: (
    samples: SparseSamples,
    inputs: Readonly<Record<Name, Tensor>>,
    context: Omit<ComputeContext<Name, S, P>, "tensors">,
  ) => Tensor;
  /** gradients of the other inputs; readers' data receive none */
  readonly backward: Partial<
    Record<
      Name,
      (
        gradient: Tensor,
        samples: SparseSamples,
        inputs: Readonly<Record<Name, Tensor>>,
        context: Omit<ComputeContext<Name, S, P>, "tensors">,
      ) => Tensor
    >
  >;
}

/** Along one axis: element i of a result stands at `scale` i + `translate` in an input. */
export interface Positions {
  readonly scale: number;
  readonly translate: number;
}

/** Finds a value in one pass over the training data. */
export interface Accumulator {
  /** @param samples sample after sample */
  add(samples: ArrayLike<number>, columns: number): void;
  /** the value so far; undefined without data */
  value(): Float64Array | undefined;
}

export type Backward<Name extends string, S, P> = (
  gradient: Tensor,
  inputs: Readonly<Record<Name, Tensor>>,
  context: ComputeContext<Name, S, P>,
  inputIndex: number,
) => Tensor;

/** Which dynamic axis the result has, for operations whose inputs need not share one. */
export type DynamicAxisRule<S> =
  /** that of this input */
  | { readonly of: number }
  /** one of its own with about this name */
  | { readonly created: (settings: S) => string };

/** An operation as it is written down in `src/operations/<family>.ts`. */
export interface OperationEntry<Name extends string, Schema extends SettingSchema, P> {
  /** the names of the inputs in order; a last name ending in `?` may be missing, one ending in `...` stands for any number */
  readonly inputs: readonly Name[];
  readonly settings?: Schema;
  readonly leaf?: LeafKind;
  /** of an input: its samples are meant to stay sparse */
  readonly isSparse?: boolean;
  /** sample shape of the result */
  readonly shape: (context: ShapeContext<Name, SettingsOf<Schema>>) => Shape;
  /** true, or true for these settings: the result has no dynamic axis even where the inputs have one */
  readonly reducesMinibatch?: boolean | ((settings: SettingsOf<Schema>) => boolean);
  /** without one, all inputs that have a dynamic axis must have the same */
  readonly dynamicAxis?: DynamicAxisRule<SettingsOf<Schema>>;
  /** true for delays: their inputs are attached after construction, which is what permits recurrence */
  readonly hasDelayedInputs?: boolean;
  /** of delays: the direction in time in which a loop through the node is computed */
  readonly loopDirection?: "forward" | "backward";
  /** true where a step of the result needs other steps than its own, so that no recurrent loop can contain the node */
  readonly needsAllSteps?: boolean;
  /** the settings of a node that training shall not change any more; for operations that training changes */
  readonly frozen?: (settings: Settings) => Settings;
  /**
   * Where the elements of the result stand in an input along its first axes; left out where each stands in its own place
   * in inputs of the same size
   */
  readonly positions?: {
    readonly input: Name;
    readonly along: (context: StaticContext<Name, SettingsOf<Schema>>) => readonly Positions[];
  };
  /** true for nodes that draw random numbers while they compute */
  readonly isRandom?: boolean;
  /**
   * The value comes from a pass over the training data before the first epoch; it is then kept with the node, as that of
   * a parameter is, and in its model files. There is no `forward`.
   */
  readonly precompute?: () => Accumulator;
  /** why there is no `forward`, for those who run a network with it */
  readonly unavailable?: string;
  /** static tables for one network, made once before the first minibatch */
  readonly prepare?: (context: StaticContext<Name, SettingsOf<Schema>>) => P;
  /** value of the node */
  readonly forward?: (
    inputs: Readonly<Record<Name, Tensor>>,
    context: ComputeContext<Name, SettingsOf<Schema>, P>,
  ) => Tensor;
  /** gradients by input name; an input without an entry receives none */
  readonly backward?: Partial<Record<Name, Backward<Name, SettingsOf<Schema>, P>>>;
  readonly sparse?: SparseEntry<Name, SettingsOf<Schema>, P>;
  /** one line for the network log after validation, such as a convolution's geometry */
  readonly describe?: (
    context: StaticContext<Name, SettingsOf<Schema>>,
    nodeName: string,
  ) => string;
}

/** An operation as the rest of the program sees it: the same entry with its types erased, and its CNTK name. */
export interface Operation extends OperationEntry<string, SettingSchema, unknown> {
  readonly name: string;
  readonly settings: SettingSchema;
}

/** Input names as they are used as keys: without the marks `?` and `...`. */
export type PlainName<Name extends string> = Name extends `${infer Plain}?`
  ? Plain
  : Name extends `${infer Plain}...`
    ? Plain
    : Name;

/** Writes an operation down; the input names type `forward`, `backward` and `shape`, so a misspelt one does not compile. */
export function operation<
  const Name extends string,
  const Schema extends SettingSchema = SettingSchema,
  P = undefined,
>(
  entry: Omit<OperationEntry<PlainName<Name>, Schema, P>, "inputs"> & {
    readonly inputs: readonly Name[];
  },
): Omit<Operation, "name"> {
  // The one place where the types are erased: the network hands every operation the settings of its own schema.
  return { settings: {}, ...entry } as unknown as Omit<Operation, "name">;
}

export type { Settings };

/** Names of `count` inputs: without their marks, the last one repeated where it stands for any number. */
export function namesOfInputs(declared: readonly string[], count: number): string[] {
  return Array.from({ length: count }, (_, position) =>
    (declared[Math.min(position, declared.length - 1)] ?? "").replace(/\?$|\.\.\.$/, ""),
  );
}
