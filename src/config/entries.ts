/** The entries of a section by key; repeated keys replace or extend each other (config.md 4.3). */

import { type Entry, parseEntries } from "../../grammar/config/parser.js";
import { SourceText } from "../../grammar/source.js";

/** Text that stands in no file, named like the file it is for. */
const supplied = (fileName: string, text: string): SourceText =>
  SourceText.of({ name: fileName, text });

/**
 * Entries by key in lower case, in the order of their first appearance, with its spelling.
 * @throws CntkError "configuring" where brackets do not match or a value is missing
 */
export function mergedEntries(text: SourceText): ReadonlyMap<string, Entry> {
  const merged = new Map<string, Entry>();
  for (const found of parseEntries(text)) {
    const id = found.key.toLowerCase();
    const earlier = merged.get(id);
    const entry = withValue(found);
    merged.set(id, earlier === undefined ? entry : repeated(earlier, entry));
  }
  return merged;
}

/** `key` stands for `key = true`. */
function withValue(entry: Entry): Entry {
  return entry.isFlag ? { ...entry, value: supplied(entry.keyRange.file.name, "true") } : entry;
}

/** `[...]` is appended, so that its keys override the earlier ones one by one; anything else replaces the value. */
function repeated(earlier: Entry, later: Entry): Entry {
  if (!later.value.text.startsWith("[") || earlier.value.text === "") {
    return { ...later, key: earlier.key };
  }
  const blank = supplied(later.keyRange.file.name, " ");
  return { ...earlier, value: SourceText.concat([earlier.value, blank, later.value]) };
}
