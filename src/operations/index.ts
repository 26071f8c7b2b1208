/** The table of operations: CNTK's name, or an older one of it, -> what it computes. A new family is one line. */

import * as convolution from "./convolution.js";
import * as elementwise from "./elementwise.js";
import * as largeVocabulary from "./large-vocabulary.js";
import * as leaves from "./leaves.js";
import * as losses from "./losses.js";
import * as normalization from "./normalization.js";
import type { Operation } from "./operation.js";
import * as pooling from "./pooling.js";
import * as products from "./products.js";
import * as random from "./random.js";
import * as ranking from "./ranking.js";
import * as reductions from "./reductions.js";
import * as reshaping from "./reshaping.js";
import * as sequences from "./sequences.js";
import * as statistics from "./statistics.js";
import * as softmax from "./softmax.js";
import * as trace from "./trace.js";
import * as unavailable from "./unavailable.js";
import * as vectorProducts from "./vector-products.js";

const FAMILIES = {
  ...leaves,
  ...elementwise,
  ...products,
  ...vectorProducts,
  ...reductions,
  ...reshaping,
  ...convolution,
  ...pooling,
  ...softmax,
  ...losses,
  ...ranking,
  ...largeVocabulary,
  ...normalization,
  ...random,
  ...sequences,
  ...statistics,
  ...trace,
  ...unavailable,
};

/** Older names, accepted wherever a name is read; listings and files show the new ones (model-format.md 5). */
const ALIASES = {
  ColumnElementTimes: "ElementTimes",
  RowElementTimes: "ElementTimes",
  Scale: "ElementTimes",
  ErrorPrediction: "ClassificationError",
  Delay: "PastValue",
  PerDimMeanVarNormalizationNode: "PerDimMeanVarNormalization",
  PerDimMeanVarDeNormalizationNode: "PerDimMeanVarDeNormalization",
  ReconcileMBLayout: "ReconcileDynamicAxis",
  RNN: "OptimizedRNNStack",
  RowSlice: "Slice",
  Transpose: "TransposeDimensions",
} as const satisfies Record<string, keyof typeof FAMILIES>;

/** Every operation by its name and its older names. */
export const operations: ReadonlyMap<string, Operation> = buildTable();

function buildTable(): ReadonlyMap<string, Operation> {
  const table = new Map<string, Operation>();
  for (const [name, entry] of Object.entries(FAMILIES)) table.set(name, { name, ...entry });
  for (const [alias, name] of Object.entries(ALIASES)) {
    table.set(alias, { name, ...FAMILIES[name] });
  }
  return table;
}
