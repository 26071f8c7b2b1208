/** Keys of the SGD section that this version does not act upon: errors where results would differ, else notes. */

import type { Section } from "../config/section.js";

/**
 * @returns lines for the log about keys without effect on the result
 * @throws CntkError "configuring" for keys that would change the result
 */
export function unsupportedSgdKeys(sgd: Section): string[] {
  if (sgd.bool("truncated", false)) {
    throw sgd.error(
      "truncated",
      "truncated back-propagation through time is not available in this version of tscntk",
      "remove truncated to train without it",
    );
  }
  // inside SGD the record, at top level the switch
  if (!sgd.hasOwn("ParallelTrain")) return [];
  return ["parallelTrain option is not enabled. ParallelTrain config will be ignored."];
}
