/** Scopes: members by name, searched outwards (brainscript.md 4.2). */

import type { SourceRange } from "../../grammar/source.js";
import type { Thunk } from "./thunk.js";

/** Where a function was called. */
export interface CallSite {
  readonly range: SourceRange;
  readonly scope: Scope;
  /** the function as it is written there */
  readonly callee?: string;
}

/** A call in a user's file, with the arguments it gave. */
export interface UserCall {
  readonly site: CallSite;
  readonly arguments: ReadonlyMap<string, Thunk>;
}

/** More than a message shows. */
const mostCalls = 12;
/** Every node keeps its places, and there are many nodes; an error may look further. */
const stepsOfNode = 60;
const stepsOfError = 30_000;

export class Scope {
  readonly #members: ReadonlyMap<string, Thunk>;
  readonly parent: Scope | undefined;
  /** of the scope of a function's arguments: the call that opened it */
  readonly calledFrom: CallSite | undefined;

  constructor(
    members: ReadonlyMap<string, Thunk>,
    parent: Scope | undefined,
    calledFrom?: CallSite,
  ) {
    this.#members = members;
    this.parent = parent;
    this.calledFrom = calledFrom;
  }

  /** A place in this scope and the chain of calls that leads to it; a place in the library only where nobody called it. */
  placesOf(range: SourceRange): SourceRange[] {
    const callers = this.callers(stepsOfNode);
    return isUsers(range) || callers.length === 0 ? [range, ...callers] : callers;
  }

  /** Places of `userCalls`. */
  callers(mostSteps = stepsOfError): SourceRange[] {
    return this.userCalls(mostSteps).map(({ site }) => site.range);
  }

  /**
   * The chain of calls in users' files that leads to expressions of this scope, innermost first. Where the library calls
   * a function for the user, such as a layer of Sequential, the call that made the function comes before the one that
   * applies it. A function that calls itself does so once here.
   */
  userCalls(mostSteps = stepsOfError): UserCall[] {
    const calls: UserCall[] = [];
    const add = (site: CallSite, given: UserCall["arguments"]) => {
      if (calls.some((call) => call.site.range === site.range)) return;
      calls.push({ site, arguments: given });
    };
    let frame = this.#frame();
    for (let step = 0; step < mostSteps && frame !== undefined; step++) {
      const site = frame.calledFrom;
      if (site === undefined || calls.length >= mostCalls) break;
      if (isUsers(site.range)) add(site, frame.#members);
      const maker = frame.#maker();
      if (maker?.calledFrom !== undefined) add(maker.calledFrom, maker.#members);
      frame = site.scope.#frame();
    }
    return calls;
  }

  /** The arguments of the user's call that made the function whose arguments these are. */
  #maker(): Scope | undefined {
    let frame = this.parent === undefined ? undefined : this.parent.#frame();
    for (let step = 0; step < 100 && frame !== undefined; step++) {
      const site = frame.calledFrom;
      if (site === undefined) return undefined;
      if (isUsers(site.range)) return frame;
      frame = site.scope.#frame();
    }
    return undefined;
  }

  /** The innermost scope of a function's arguments around this one. */
  #frame(): Scope | undefined {
    for (const scope of this.#outwards()) if (scope.calledFrom !== undefined) return scope;
    return undefined;
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

const isUsers = (range: SourceRange): boolean => range.file.isLibrary !== true;
