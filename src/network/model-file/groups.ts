/** The node groups of a model file and their markers (model-format.md 2). */

import type { Tag } from "../node.js";
import type { BinaryReader } from "./binary-reader.js";
import type { BinaryWriter } from "./binary-writer.js";

interface GroupFormat {
  /** undefined for what old files have and nobody needs */
  readonly tag: Tag | undefined;
  /** begin markers, the one that is written first */
  readonly begin: readonly string[];
  readonly end: readonly string[];
  /** true where the end marker stands even if the begin marker does not */
  readonly alwaysEnds?: boolean;
}

const FORMATS: readonly GroupFormat[] = [
  { tag: "feature", begin: ["BFeatureNodes"], end: ["EFeatureNodes"] },
  { tag: "label", begin: ["BLabelNodes"], end: ["ELabelNodes"], alwaysEnds: true },
  {
    tag: "criterion",
    begin: ["BCriterionNodes", "BCriteriaNodes"],
    end: ["ECriterionNodes", "ECriteriaNodes"],
  },
  { tag: undefined, begin: ["BNodesReqMultiSeqHandling"], end: ["ENodesReqMultiSeqHandling"] },
  { tag: "evaluation", begin: ["BEvalNodes"], end: ["EEvalNodes"] },
  { tag: "output", begin: ["BOutputNodes"], end: ["EOutputNodes"] },
  { tag: undefined, begin: ["BPairNodes"], end: ["EPairNodes"] },
];

/** A name in the file with its place. */
export interface NameAt {
  readonly name: string;
  readonly offset: number;
}

/** Names of the members of each group. */
export function readGroups(reader: BinaryReader): Map<Tag, readonly NameAt[]> {
  const groups = new Map<Tag, readonly NameAt[]>();
  for (const { tag, begin, end, alwaysEnds } of FORMATS) {
    const isPresent = begin.some((marker) => reader.tryMarker(marker));
    const names = isPresent ? readNames(reader, begin[0] ?? "") : [];
    if (isPresent || alwaysEnds === true) reader.markerOf(end);
    if (tag !== undefined) groups.set(tag, names);
  }
  return groups;
}

function readNames(reader: BinaryReader, group: string): NameAt[] {
  const count = reader.count(`number of nodes in ${group}`, 2);
  return Array.from({ length: count }, () => {
    const offset = reader.offset;
    return { name: reader.wideString(`name in ${group}`), offset };
  });
}

export function writeGroups(
  writer: BinaryWriter,
  groups: Readonly<Record<Tag, readonly { readonly name: string }[]>>,
): void {
  for (const { tag, begin, end } of FORMATS) {
    if (tag === undefined) continue;
    writer.marker(begin[0] ?? "");
    writer.u64(groups[tag].length);
    for (const { name } of groups[tag]) writer.wideString(name);
    writer.marker(end[0] ?? "");
  }
}
