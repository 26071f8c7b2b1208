/** Words of a text, how often they occur, and their division into classes of about equal weight (actions.md 12). */

export type WordCounts = ReadonlyMap<string, number>;

/** Words in the order of their indices. */
export type Vocabulary = readonly {
  readonly word: string;
  readonly count: number;
  readonly wordClass: number;
}[];

/** What marks the ends of a sentence; added where the sentence does not contain it. */
export interface SentenceMarks {
  readonly begin: string;
  readonly end: string;
}

export async function countWords(
  sentences: AsyncIterable<string>,
  { begin, end }: SentenceMarks,
): Promise<WordCounts> {
  const counts = new Map<string, number>();
  // one mark for both ends would be counted twice
  const first = begin === end ? 1 : 0;
  for await (const sentence of sentences) {
    const text = sentence.trim();
    const before = text.includes(begin) ? "" : `${begin} `;
    const after = text.includes(end) ? "" : ` ${end}`;
    const words = `${before}${text}${after}`.split(/[ \t]+/).filter((word) => word !== "");
    for (const word of words.slice(first)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/** How many words occur more often than `cutoff` times. */
export function frequentWords(counts: WordCounts, cutoff: number): number {
  let frequent = 0;
  for (const count of counts.values()) if (count > cutoff) frequent++;
  return frequent;
}

/** All words, sorted as texts, in one class. */
export function wordsByName(counts: WordCounts): Vocabulary {
  return [...counts]
    .sort(([one], [other]) => compareTexts(one, other))
    .map(([word, count]) => ({ word, count, wordClass: 0 }));
}

export interface ClassOptions {
  /** most words, the unknown one among them */
  readonly size: number;
  readonly classes: number;
  /** stands for all words that have no place */
  readonly unknown: string;
}

/**
 * The most frequent words in falling order. A word's weight is the square root of its share; a class ends with the word
 * that fills it.
 */
export function wordsWithClasses(
  counts: WordCounts,
  { size, classes, unknown }: ClassOptions,
): Vocabulary {
  const sorted = [...counts].filter(([word]) => word !== unknown).sort(byFallingCount);
  const kept = sorted.slice(0, Math.max(0, size - 1));
  const rest = sorted.slice(kept.length).reduce((sum, [, count]) => sum + count, 0);
  const unknownCount = (counts.get(unknown) ?? 0) + rest;
  const words = [...kept, [unknown, unknownCount] as const].sort(byFallingCount);
  const total = words.reduce((sum, [, count]) => sum + count, 0);
  const weightOf = (count: number) => Math.sqrt(count / total);
  const allWeights = words.reduce((sum, [, count]) => sum + weightOf(count), 0);
  let [wordClass, filled] = [0, 0];
  return words.map(([word, count]) => {
    filled = Math.min(1, filled + weightOf(count) / allWeights);
    const entry = { word, count, wordClass };
    if (filled > (wordClass + 1) / classes && wordClass < classes - 1) wordClass++;
    return entry;
  });
}

type Entry = readonly [word: string, count: number];

const byFallingCount = ([oneWord, one]: Entry, [otherWord, other]: Entry) =>
  other - one || compareTexts(oneWord, otherWord);

const compareTexts = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
