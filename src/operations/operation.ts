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
}

export type Backward<Name extends string, S, P> = (
  gradient: Tensor,
  inputs: Readonly<Record<Name, Tensor>>,
  context: ComputeContext<Name, S, P>,
  inputIndex: number,
) => Tensor;

/** An operation as it is written down in `src/operations/<family>.ts`. */
export interface OperationEntry<Name extends string, Schema extends SettingSchema, P> {
  /** the names of the inputs in order; a last name ending in `?` may be missing, one ending in `...` stands for any number */
  readonly inputs: readonly Name[];
  readonly settings?: Schema;
  readonly leaf?: LeafKind;
  /** sample shape of the result */
  readonly shape: (context: ShapeContext<Name, SettingsOf<Schema>>) => Shape;
  /** true, or true for these settings: the result has no dynamic axis even where the inputs have one */
  readonly reducesMinibatch?: boolean | ((settings: SettingsOf<Schema>) => boolean);
  /** true for delays: their inputs are attached after construction, which is what permits recurrence */
  readonly hasDelayedInputs?: boolean;
  /** true for nodes that draw random numbers while they compute */
  readonly isRandom?: boolean;
  /** static tables for one network, made once before the first minibatch */
  readonly prepare?: (context: StaticContext<Name, SettingsOf<Schema>>) => P;
  /** value of the node */
  readonly forward?: (
    inputs: Readonly<Record<Name, Tensor>>,
    context: ComputeContext<Name, SettingsOf<Schema>, P>,
  ) => Tensor;
  /** gradients by input name; an input without an entry receives none */
  readonly backward?: Partial<Record<Name, Backward<Name, SettingsOf<Schema>, P>>>;
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
