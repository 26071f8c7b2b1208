/** Values of BrainScript (brainscript.md 4.1). Every value is an object of its own, because identity can be tested. */

import type { SourceRange } from "../../grammar/source.js";
import type { CallSite, Scope } from "./scope.js";
import type { Thunk } from "./thunk.js";
import type { Evaluation } from "./trampoline.js";

export interface NumberValue {
  readonly kind: "number";
  readonly value: number;
}
export interface BoolValue {
  readonly kind: "bool";
  readonly value: boolean;
}
export interface StringValue {
  readonly kind: "string";
  readonly value: string;
}
/** A record: its members are the scope's own; names not found there are searched in the enclosing scopes. */
export interface RecordValue {
  readonly kind: "record";
  readonly scope: Scope;
  readonly range: SourceRange;
}
export interface ArrayValue {
  readonly kind: "array";
  /** index of the first element */
  readonly first: number;
  readonly elements: readonly Thunk[];
}
export interface OptionalArgument {
  readonly name: string;
  readonly defaultValue: Thunk;
}
export interface FunctionValue {
  readonly kind: "function";
  readonly positional: readonly string[];
  readonly optional: readonly OptionalArgument[];
  /** computes the result under a path, which gives names to the nodes that are created */
  apply(
    argument: ReadonlyMap<string, Thunk>,
    path: string,
    calledFrom: CallSite | undefined,
  ): Evaluation | Value;
}
/** What `new Class` made: opaque to the language but for its members. */
export interface ObjectValue {
  readonly kind: "object";
  readonly className: string;
  readonly object: object;
  /** true for computation nodes, which infix operators combine */
  readonly isNode: boolean;
  /** value of `object.name`; undefined if there is no such member */
  member(name: string): Value | undefined;
  /** names of all members, for suggestions */
  memberNames(): readonly string[];
}

export type Value =
  NumberValue | BoolValue | StringValue | RecordValue | ArrayValue | FunctionValue | ObjectValue;

export const numberValue = (value: number): NumberValue => ({ kind: "number", value });
export const boolValue = (value: boolean): BoolValue => ({ kind: "bool", value });
export const stringValue = (value: string): StringValue => ({ kind: "string", value });

/** A value in the words of an error message: `the number 3`, `a record`, `a node (Times)`. */
export function describeValue(value: Value): string {
  switch (value.kind) {
    case "number":
      return `the number ${value.value}`;
    case "bool":
      return `the boolean ${value.value}`;
    case "string":
      return `the string '${value.value}'`;
    case "record":
      return "a record";
    case "array":
      return `an array of ${value.elements.length} elements`;
    case "function":
      return `a function of (${value.positional.join(", ")})`;
    case "object":
      return value.isNode ? "a node" : `a ${value.className}`;
  }
}
