/** A section of the outer configuration: hierarchical lookup of typed values (config.md 6). */

import type { CntkError } from "../../grammar/errors.js";
import type { SourceRange, SourceText } from "../../grammar/source.js";
import type { Schedule } from "./schedule.js";

/**
 * A section. A key missing here is searched in the enclosing sections; keys are compared without case. A method without
 * default value throws CntkError "configuring" if the key is missing or empty, naming the sections searched; every
 * method throws if the text is not of the type it asks for. `$variables$` are already expanded.
 */
export interface Section {
  /** `file:section:subsection`, for messages */
  readonly path: string;
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
