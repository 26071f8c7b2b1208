/** Native classes: what `new Class record` can make. The network layer adds its own to this table's form. */

import type { SourceRange } from "../../grammar/source.js";
import { evaluationError } from "./expect.js";
import type { Thunk } from "./thunk.js";
import type { Evaluation, Task } from "./trampoline.js";
import type { RecordValue, Value } from "./value.js";

export interface Construction {
  /** members are looked up here and, if missing, in the enclosing scopes (brainscript.md 4.8) */
  readonly record: RecordValue;
  /** path of the `new` expression: the name of a node made here */
  readonly path: string;
  readonly range: SourceRange;
}

export interface NativeClass {
  /** true if the record is evaluated under the empty path (brainscript.md 7.2) */
  readonly hasEmptyPath?: boolean;
  construct(construction: Construction): Evaluation;
}

export type NativeClasses = ReadonlyMap<string, NativeClass>;

/** A member that the class cannot do without. */
export function requiredMember({ record, range }: Construction, name: string): Thunk {
  const member = record.scope.find(name);
  if (member === undefined) {
    throw evaluationError(`required member '${name}' is missing in this record`, range);
  }
  return member;
}

/** A member's value, or undefined if it stands neither in the record nor around it. */
export function* optionalMember({ record }: Construction, name: string): Task<Value | undefined> {
  const member = record.scope.find(name);
  return member === undefined ? undefined : yield member.force();
}
