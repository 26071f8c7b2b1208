/** LearnableParameter and inputs from their BrainScript records (library.md 15). */

import { CntkError } from "../../grammar/errors.js";
import type { SourceFile } from "../../grammar/source.js";
import { optionalMember, type Construction } from "../script/classes.js";
import { asInteger, asNumber, asString } from "../script/expect.js";
import type { Task } from "../script/trampoline.js";
import type { Shape } from "../operations/shape.js";
import { nodeOf } from "./node-value.js";
import type { Initialization, ParameterState } from "./node.js";
import { readShape } from "./read-settings.js";

/** What parameters need from the run. */
export interface ParameterSources {
  /** numbers 1, 2, 3, ... for random initial values */
  readonly nextSeed: () => number;
  readonly readText: (path: string) => SourceFile;
}

/** Initial values that need no random numbers (nodes.md 13.3). */
const FIXED = new Set(["zero", "fixedValue", "fromFile", "fromLiteral"]);

function* numberMember(construction: Construction, name: string, otherwise: number): Task<number> {
  const value = yield* optionalMember(construction, name);
  return value === undefined ? otherwise : asNumber(value, `'${name}' of the parameter`);
}

function* stringMember(construction: Construction, name: string): Task<string> {
  const value = yield* optionalMember(construction, name);
  return value === undefined ? "" : asString(value, `'${name}' of the parameter`);
}

/** Shape as declared: the member `shape`. */
export function* declaredShape(construction: Construction): Task<Shape> {
  const value = yield* optionalMember(construction, "shape");
  return value === undefined ? [] : yield* readShape(value, "'shape'");
}

/** State of a LearnableParameter; takes a seed if it will be drawn at random. */
export function* readParameter(
  construction: Construction,
  sources: ParameterSources,
): Task<ParameterState> {
  const multiplier = yield* numberMember(construction, "learningRateMultiplier", 1);
  const initialization = yield* readInitialization(construction, sources);
  return {
    learningRateMultiplier: multiplier,
    initialization,
    value: undefined,
    gradient: undefined,
  };
}

/** The first of `init`, `initFromFilePath` and `initValue` that is given decides; without any the parameter is random. */
function* readInitialization(
  construction: Construction,
  sources: ParameterSources,
): Task<Initialization> {
  const init = yield* stringMember(construction, "init");
  if (init !== "") return yield* readNamed(init, construction, sources);
  const path = yield* stringMember(construction, "initFromFilePath");
  if (path !== "") return { kind: "text", text: sources.readText(path).text, origin: path };
  const initValue = yield* optionalMember(construction, "initValue");
  if (initValue?.kind === "number") return { kind: "constant", value: initValue.value };
  if (initValue !== undefined && !(initValue.kind === "string" && initValue.value === "")) {
    throw new CntkError(
      "evaluating",
      initValue.kind === "array"
        ? "initValue: arrays are not implemented, as in CNTK itself"
        : "initValue: expected a number",
      { ranges: [construction.range] },
    );
  }
  return yield* readRandom("uniform", construction, sources);
}

function* readNamed(
  init: string,
  construction: Construction,
  sources: ParameterSources,
): Task<Initialization> {
  if (!FIXED.has(init)) return yield* readRandom(init, construction, sources);
  if (init === "zero") return { kind: "constant", value: 0 };
  if (init === "fixedValue") {
    return { kind: "constant", value: yield* numberMember(construction, "value", 0) };
  }
  if (init === "fromLiteral") {
    const text = yield* stringMember(construction, "initFromLiteral");
    return { kind: "text", text, origin: "initFromLiteral" };
  }
  const path = yield* stringMember(construction, "initFromFilePath");
  return { kind: "text", text: sources.readText(path).text, origin: path };
}

function* readRandom(
  distribution: string,
  construction: Construction,
  sources: ParameterSources,
): Task<Initialization> {
  const scale = yield* numberMember(construction, "initValueScale", 1);
  const filterRank = yield* numberMember(construction, "initFilterRank", 0);
  const outputRank = yield* numberMember(construction, "initOutputRank", 1);
  const randomSeed = yield* optionalMember(construction, "randomSeed");
  const given = randomSeed === undefined ? -1 : asInteger(randomSeed, "'randomSeed'");
  const seed = given >= 0 ? given : sources.nextSeed();
  return { kind: "random", distribution, scale, seed, filterRank, outputRank };
}

/** Name of the dynamic axis of an input: a DynamicAxis node's name at this moment, or the string; `*` by default. */
export function* readDynamicAxis(construction: Construction): Task<string> {
  const value = yield* optionalMember(construction, "dynamicAxis");
  if (value === undefined) return "*";
  const node = nodeOf(value);
  const name = node === undefined ? asString(value, "'dynamicAxis' of the input") : node.name;
  return name === "" ? "*" : name;
}
