/** Scopes: members by name, searched outwards (brainscript.md 4.2). */

import type { SourceRange } from "../../grammar/source.js";
import type { Thunk } from "./thunk.js";

/** Where a function was called. */
export interface CallSite {
  readonly range: SourceRange;
  readonly scope: Scope;
}

export class Scope {
  readonly #members: ReadonlyMap<string, Thunk>;
  readonly parent: Scope | undefined;
  /** of the scope of a function's arguments: the call that opened it */
  readonly #calledFrom: CallSite | undefined;

  constructor(
    members: ReadonlyMap<string, Thunk>,
    parent: Scope | undefined,
    calledFrom?: CallSite,
  ) {
    this.#members = members;
    this.parent = parent;
    this.#calledFrom = calledFrom;
  }

  /** The chain of calls that leads to expressions of this scope, innermost first. */
  callers(): SourceRange[] {
    const limit = 50;
    const ranges: SourceRange[] = [];
    let scope: Scope | undefined = this.parent;
    let site = this.#calledFrom;
    while (ranges.length < limit) {
      if (site !== undefined) {
        ranges.push(site.range);
        scope = site.scope;
      }
      if (scope === undefined) break;
      site = scope.#calledFrom;
      scope = scope.parent;
    }
    return ranges;
  }

  /** The member of that name here or in the nearest enclosing scope that has it. */
  find(name: string): Thunk | undefined {
    for (const scope of this.#outwards()) {
      const member = scope.#members.get(name);
      if (member !== undefined) return member;
    }
    return undefined;
  }

  /** Own members in code-unit order of their names, the order in which records are enumerated. */
  ownMembers(): [string, Thunk][] {
    return [...this.#members].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  }

  /** Every name that can be used here; for suggestions. */
  *visibleNames(): Generator<string> {
    for (const scope of this.#outwards()) yield* scope.#members.keys();
  }

  /** This scope and the enclosing ones. */
  *#outwards(): Generator<Scope> {
    yield this;
    for (let scope = this.parent; scope !== undefined; scope = scope.parent) yield scope;
  }
}
