/** Names for nodes that come from CNTK 2, which tells them apart by identifiers (model-format.md 8.4). */

/** Gives every name once, whatever its case. */
export class UniqueNames {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set([...taken].map((name) => name.toLowerCase()));
  }

  /** The name that somebody gave; with the identifier where there is none or another node has it already. */
  take(given: string, identifier: string): string {
    const wanted = given === "" ? identifier : given;
    let name = wanted;
    for (let count = 1; this.#taken.has(name.toLowerCase()); count++) {
      name = `${wanted}.${identifier}${count === 1 ? "" : `.${count}`}`;
    }
    this.#taken.add(name.toLowerCase());
    return name;
  }
}

/** How CNTK 2 writes both into a version-1 file. */
const LIBRARY_NAME = /^__v2libuid__(.*?)__v2libname__(.*)$/s;

/** Gives nodes with such names back what they were called. */
export function restoreGivenNames(nodes: readonly { name: string }[]): void {
  const others = nodes.filter(({ name }) => !LIBRARY_NAME.test(name));
  const names = new UniqueNames(others.map(({ name }) => name));
  for (const node of nodes) {
    const [, identifier, given] = LIBRARY_NAME.exec(node.name) ?? [];
    if (identifier === undefined || given === undefined) continue;
    node.name = names.take(given, identifier === "" ? "node" : identifier);
  }
}
