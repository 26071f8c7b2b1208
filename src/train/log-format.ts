/** The forms in which CNTK's log shows criteria and times (training.md 8.1). */

import { exponential, general, printf } from "../script/printf.js";

/** A number in a plain form, or with an exponent where `%g` would use one. */
function plainOrExponent(value: number, digits: number, significant: number): string {
  const needsExponent = general(value, significant).includes("e");
  return needsExponent ? exponential(value, digits) : printf(`%.${digits}f`, value);
}

/** `0.33060616`, or `9.431%` for names that end in `s`. */
export function formatCriterionValue(name: string, value: number): string {
  if (!Number.isFinite(value)) return printf("%f", value) + (name.endsWith("s") ? "%" : "");
  return name.endsWith("s")
    ? `${plainOrExponent(100 * value, 3, 3)}%`
    : plainOrExponent(value, 8, 8);
}

/** `1.0510`; seconds. */
export const formatTime = (seconds: number): string => plainOrExponent(seconds, 4, 4);

/** One criterion as a log line shows it. */
export interface CriterionItem {
  readonly name: string;
  /** average over `count` samples */
  readonly value: number;
  readonly count: number;
}

/** `ce = 0.30956033 * 32000`. */
export function formatCriterion({ name, value, count }: CriterionItem): string {
  return `${name} = ${formatCriterionValue(name, value)} * ${printf("%d", count)}`;
}
