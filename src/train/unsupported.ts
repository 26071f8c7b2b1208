/** Keys of the SGD section that this version does not act upon: errors where results would differ, else notes. */

import type { Section } from "../config/section.js";

/**
 * @returns lines for the log about keys without effect on the result
 * @throws CntkError "configuring" for keys that would change the result
 */
export function unsupportedSgdKeys(sgd: Section): string[] {
  refuseAutoAdjust(sgd);
  refuse(sgd, "truncated", sgd.bool("truncated", false), "truncated back-propagation through time");
  refuse(sgd, "gradientcheck", sgd.bool("gradientcheck", false), "the numeric gradient check");
  const noise = sgd.number("gaussianNoiseInjectStd", 0);
  refuse(sgd, "gaussianNoiseInjectStd", noise > 0, "noise injection");
  return [...subminibatchNotes(sgd), ...parallelNotes(sgd), ...traceNotes(sgd)];
}

function refuse(sgd: Section, key: string, isWanted: boolean, what: string): void {
  if (!isWanted) return;
  const message = `${what} is not available in this version of tscntk`;
  throw sgd.error(key, message, `remove ${key} to train without it`);
}

function refuseAutoAdjust(sgd: Section): void {
  const section = sgd.optionalSection("AutoAdjust");
  if (section === undefined) return;
  const search = section.string("autoAdjustLR", "none").toLowerCase();
  refuse(
    section,
    "autoAdjustLR",
    search !== "none" && search !== "false",
    "the automatic adjustment of the learning rate",
  );
  refuse(
    section,
    "autoAdjustMinibatch",
    section.bool("autoAdjustMinibatch", false),
    "the search for a minibatch size",
  );
}

/** Splitting a minibatch only saves memory. */
function subminibatchNotes(sgd: Section): string[] {
  const isSplit = sgd.integer("numSubminibatches", 1) > 1 || sgd.has("maxSamplesInRAM");
  return isSplit
    ? [
        "numSubminibatches and maxSamplesInRAM have no effect: minibatches are not split, the result is the same.",
      ]
    : [];
}

function parallelNotes(sgd: Section): string[] {
  // inside SGD the record, at top level the switch
  if (!sgd.hasOwn("ParallelTrain")) return [];
  return ["parallelTrain option is not enabled. ParallelTrain config will be ignored."];
}

const TRACE_KEYS = ["traceNodeNamesReal", "traceNodeNamesCategory", "traceNodeNamesSparse"];

function traceNotes(sgd: Section): string[] {
  return TRACE_KEYS.filter((key) => sgd.has(key) && sgd.strings(key).length > 0).map(
    (key) => `${key} has no effect: this version of tscntk does not print node values.`,
  );
}
