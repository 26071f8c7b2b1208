/** A section of the outer configuration: hierarchical lookup of typed values (config.md 6). */

import { type Entry, parseArray } from "../../grammar/config/parser.js";
import { CntkError, nearestName } from "../../grammar/errors.js";
import type { SourceRange, SourceText } from "../../grammar/source.js";
import { mergedEntries } from "./entries.js";
import { readSchedule, type Schedule, scheduleOf } from "./schedule.js";
import { readBool, readInteger, readReal, type TypedText, unexpected } from "./values.js";
import { expandVariables } from "./variables.js";

/**
 * A section. A key missing here is searched in the enclosing sections; keys are compared without case. A method without
 * default value throws CntkError "configuring" if the key is missing or empty, naming the sections searched; every
 * method throws if the text is not of the type it asks for. `$variables$` are already expanded.
 */
export interface Section {
  /** `file:section:subsection`, for messages */
  readonly path: string;
  /** place of the section's key; undefined for the outermost section */
  readonly range: SourceRange | undefined;
  /** keys at this level, in order, first spelling */
  keys(): readonly string[];
  has(key: string): boolean;
  /** true if the key stands at this level, not in an enclosing one */
  hasOwn(key: string): boolean;
  string(key: string, defaultValue?: string): string;
  number(key: string, defaultValue?: number): number;
  integer(key: string, defaultValue?: number): number;
  bool(key: string, defaultValue?: boolean): boolean;
  /** elements of an array value, `v*n` repeated */
  strings(key: string, defaultValue?: readonly string[]): readonly string[];
  /** a value per epoch */
  schedule(key: string, element: "real" | "integer", defaultValue?: readonly number[]): Schedule;
  section(key: string): Section;
  optionalSection(key: string): Section | undefined;
  /** sections at this level by key, such as the streams in `input` */
  ownSections(): ReadonlyMap<string, Section>;
  /** the value's text as it stands, bracket included: what BrainScript parses */
  text(key: string): SourceText | undefined;
  /** place of the value, for messages */
  rangeOf(key: string): SourceRange | undefined;
  /** a mistake in the value of a key, located there */
  error(key: string, message: string, hint?: string): CntkError;
}

/** An entry of the configuration, and who asked for it. */
export interface UsedEntry {
  readonly entry: Entry;
  /** key path of its section without the file, `train:SGD`; empty at the root */
  readonly section: string;
  readonly isRead: boolean;
  /** keys, in lower case, that have been looked for in its section, found or not */
  readonly asked: ReadonlySet<string>;
}

/** The outermost section of a run. */
export interface RootSection extends Section {
  /** the entries of this section and of those that have been entered so far, in order */
  entries(): readonly UsedEntry[];
}

/**
 * The section of the configuration's whole text.
 * @param name what key paths begin with: the base name of the last file read
 * @throws CntkError "configuring" where brackets do not match or a value is missing
 */
export function rootSection(text: SourceText, name: string): RootSection {
  return new Dictionary(text, { path: name, names: [], parent: undefined, range: undefined });
}

interface Surroundings {
  readonly path: string;
  /** the path without the file */
  readonly names: readonly string[];
  readonly parent: Dictionary | undefined;
  /** place of the section's key */
  readonly range: SourceRange | undefined;
}

/** An entry, and the section in which it was found. */
interface Found {
  readonly section: Dictionary;
  readonly entry: Entry;
}

class Dictionary implements RootSection {
  readonly #surroundings: Surroundings;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #read = new Set<Entry>();
  readonly #asked = new Set<string>();
  readonly #expanded = new Map<Entry, SourceText>();
  /** what was entered so far: a section remembers what has been read in it */
  readonly #children = new Map<Entry, Dictionary>();

  constructor(text: SourceText, surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#entries = mergedEntries(text);
  }

  get path(): string {
    return this.#surroundings.path;
  }

  get range(): SourceRange | undefined {
    return this.#surroundings.range;
  }

  keys(): readonly string[] {
    return Array.from(this.#entries.values(), (entry) => entry.key);
  }

  has(key: string): boolean {
    return this.#find(key) !== undefined;
  }

  hasOwn(key: string): boolean {
    return this.#findOwn(key) !== undefined;
  }

  string(key: string, defaultValue?: string): string {
    return this.#value(key, defaultValue, ({ text }) => text);
  }

  number(key: string, defaultValue?: number): number {
    return this.#value(key, defaultValue, readReal);
  }

  integer(key: string, defaultValue?: number): number {
    return this.#value(key, defaultValue, readInteger);
  }

  bool(key: string, defaultValue?: boolean): boolean {
    return this.#value(key, defaultValue, readBool);
  }

  strings(key: string, defaultValue?: readonly string[]): readonly string[] {
    return this.#value(key, defaultValue, (_, source) =>
      parseArray(source).map((element) => element.text),
    );
  }

  schedule(key: string, element: "real" | "integer", defaultValue?: readonly number[]): Schedule {
    const otherwise = defaultValue === undefined ? undefined : scheduleOf(defaultValue);
    return this.#value(key, otherwise, (value, source) => readSchedule(source, element, value));
  }

  section(key: string): Section {
    return this.#section(this.#find(key) ?? this.#fail(key));
  }

  optionalSection(key: string): Section | undefined {
    const found = this.#find(key);
    return found === undefined ? undefined : this.#section(found);
  }

  ownSections(): ReadonlyMap<string, Section> {
    const sections = new Map<string, Section>();
    for (const entry of this.#entries.values()) {
      if (!/^[[{]/.test(this.#valueOf(entry, []).text)) continue;
      this.#read.add(entry);
      sections.set(entry.key, this.#child(entry));
    }
    return sections;
  }

  text(key: string): SourceText | undefined {
    const found = this.#find(key);
    return found === undefined ? undefined : found.section.#valueOf(found.entry, []);
  }

  rangeOf(key: string): SourceRange | undefined {
    return this.#find(key)?.entry.valueRange;
  }

  error(key: string, message: string, hint?: string): CntkError {
    const found = this.#find(key);
    const name = found === undefined ? this.#nameOf(key) : found.section.#nameOf(found.entry.key);
    const range = found?.entry.valueRange ?? this.#surroundings.range;
    const ranges = range === undefined ? [] : [range];
    return new CntkError("configuring", `${name}: ${message}`, { hint, ranges });
  }

  entries(): readonly UsedEntry[] {
    const section = this.#surroundings.names.join(":");
    return Array.from(this.#entries.values()).flatMap((entry) => [
      { entry, section, isRead: this.#read.has(entry), asked: this.#asked },
      ...(this.#children.get(entry)?.entries() ?? []),
    ]);
  }

  #nameOf(key: string): string {
    return [...this.#surroundings.names, key].join(":");
  }

  #findOwn(key: string): Entry | undefined {
    const id = key.toLowerCase();
    this.#asked.add(id);
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.#read.add(entry);
    return entry;
  }

  #find(key: string): Found | undefined {
    for (const section of this.#outwards()) {
      const entry = section.#findOwn(key);
      if (entry !== undefined) return { section, entry };
    }
    return undefined;
  }

  /** This section and those around it. */
  #outwards(): readonly Dictionary[] {
    const parent = this.#surroundings.parent;
    return parent === undefined ? [this] : [this, ...parent.#outwards()];
  }

  #value<Value>(
    key: string,
    defaultValue: Value | undefined,
    read: (value: TypedText, source: SourceText) => Value,
  ): Value {
    const found = this.#find(key);
    if (found === undefined) return defaultValue ?? this.#fail(key);
    const { section, entry } = found;
    const source = section.#valueOf(entry, []);
    if (defaultValue !== undefined && source.text === "default") return defaultValue;
    const typed = section.#typed(entry, source);
    if (defaultValue === undefined && source.text === "") throw unexpected(typed, "a value");
    return read(typed, source);
  }

  #typed(entry: Entry, source: SourceText): TypedText {
    return { name: this.#nameOf(entry.key), text: source.text, range: entry.valueRange };
  }

  /** @param trail the entries whose values wait for this one, outermost first */
  #valueOf(entry: Entry, trail: readonly string[]): SourceText {
    const known = this.#expanded.get(entry);
    if (known !== undefined) return known;
    const expanded = expandVariables(entry.value, {
      entry: this.#nameOf(entry.key),
      trail: [...trail, entry.key],
      lookUp: (name, names) => {
        const found = this.#find(name);
        return found === undefined ? undefined : found.section.#valueOf(found.entry, names);
      },
      hintForUnknown: (name) => {
        const nearest = this.#nearest(name);
        return nearest === undefined
          ? `give it a value in the config or on the command line: ${name}=...`
          : `did you mean $${nearest}$?`;
      },
    });
    this.#expanded.set(entry, expanded);
    return expanded;
  }

  #section({ section, entry }: Found): Section {
    const value = section.#valueOf(entry, []);
    if (/^[[{(]/.test(value.text)) return section.#child(entry);
    throw unexpected(section.#typed(entry, value), "a section in [ ] or { }");
  }

  #child(entry: Entry): Dictionary {
    const known = this.#children.get(entry);
    if (known !== undefined) return known;
    const { path, names } = this.#surroundings;
    const child = new Dictionary(this.#valueOf(entry, []), {
      path: `${path}:${entry.key}`,
      names: [...names, entry.key],
      parent: this,
      range: entry.keyRange,
    });
    this.#children.set(entry, child);
    return child;
  }

  #nearest(key: string): string | undefined {
    return nearestName(
      key,
      this.#outwards().flatMap((section) => section.keys()),
    );
  }

  /** Throws the error of a required key that is missing. */
  #fail(key: string): never {
    const searched = this.#outwards().map(({ path }) => path);
    const nearest = this.#nearest(key);
    const question = nearest === undefined ? "" : `is '${nearest}' meant? `;
    const range = this.#surroundings.range;
    throw new CntkError("configuring", `${this.path}:${key}: required, but missing`, {
      hint: `${question}searched in ${searched.join(", ")}`,
      ranges: range === undefined ? [] : [range],
    });
  }
}
