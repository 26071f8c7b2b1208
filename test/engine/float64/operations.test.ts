/** Operations in double, by the tables that test them in single precision. */

import { computeInDouble } from "../../../src/engine/float64/activate.js";
import { operations } from "../../../src/operations/index.js";
import { cases } from "../../operations/cases.js";
import { checkCases } from "../../operations/harness.js";
import { trainingCases } from "../../operations/training-cases.js";
import {
  convolutionCases,
  legacyPoolingCases,
  poolingCases,
  regionCases,
} from "../../operations/window-cases.js";

/** What overflows in single precision does not in double. */
const ONLY_SINGLE = new Set(["0 once exp(-x) overflows, where 2.7 has 1e-39", "of a zero vector"]);

/** Windows take long without kernels of their own: some rows of each table. */
const windows = [convolutionCases, legacyPoolingCases, poolingCases, regionCases].flatMap((rows) =>
  rows.filter((_, index) => index % 10 === 0),
);
const rows = [...cases, ...trainingCases, ...windows].filter(
  ({ note, operation }) => !ONLY_SINGLE.has(note ?? "") && operations.has(operation),
);
const tested = new Set(rows.filter(({ value }) => value).map(({ operation }) => operation));

await computeInDouble();
checkCases(Object.fromEntries([...operations].filter(([name]) => tested.has(name))), rows, [
  "float64",
]);
