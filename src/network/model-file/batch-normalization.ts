/** The body of BatchNormalization and what its older forms need after loading (model-format.md 4.6). */

import type { Body, BodyFormat, BodySource } from "./body.js";
import type { FloatArray } from "../node.js";
import {
  asBoolean,
  asNumber,
  choiceNumber,
  defaultSettings,
  readChoice,
  WRITTEN_VERSION,
} from "./settings-body.js";

const LAYOUTS = ["HWC", "CHW"];

/** Samples that CNTK assumes for each minibatch of files that count minibatches. */
const SAMPLES_PER_MINIBATCH = 16;

/** First version in which input 4 holds the variance, not 1 / standard deviation. */
export const STORES_VARIANCE = 13;

/** Versions 4, 3, 2 of the node's own numbering below version 6 of the file. */
const WITH_TIME_CONSTANT = 0x10004;
const WITH_EPSILON = 0x10003;
const WITH_LAYOUT = 0x10002;

export const batchNormalization: BodyFormat = {
  read(source): Body {
    const { settings, sampleCount } = source.version >= 6 ? readFrom6(source) : readBefore6(source);
    return {
      settings: { ...defaultSettings(source.operation.settings), ...settings },
      sampleCount,
    };
  },

  write({ writer, version, node: { settings, inputs, operation } }) {
    writer.bool(asBoolean(settings.spatial, "spatial"));
    writer.f64(asNumber(settings.normalizationTimeConstant, "normalizationTimeConstant"));
    writer.f64(asNumber(settings.blendTimeConstant, "blendTimeConstant"));
    const layout = operation.settings.imageLayout ?? { encoding: "choice", choices: LAYOUTS };
    writer.i32(choiceNumber(layout, settings.imageLayout ?? "CHW", "imageLayout"));
    const runCount = inputs[5]?.parameter?.value?.[0] ?? 0;
    if (version > WRITTEN_VERSION) writer.u64(Math.round(runCount));
    else writer.bool(runCount === 0);
    writer.f64(asNumber(settings.epsilon, "epsilon"));
    writer.bool(asBoolean(settings.useCntkEngine, "useCntkEngine"));
  },
};

interface Parts {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sampleCount: number;
}

function readFrom6(source: BodySource): Parts {
  const { reader, nodeName } = source;
  const what = `node '${nodeName}'`;
  const spatial = reader.bool(`${what}: spatial`);
  const normalizationTimeConstant = reader.f64(`${what}: normalizationTimeConstant`);
  const blendTimeConstant = reader.f64(`${what}: blendTimeConstant`);
  const imageLayout = readChoice(reader, LAYOUTS, `${what}: imageLayout`);
  const sampleCount = readCount(source);
  const epsilon = reader.f64(`${what}: epsilon`);
  const useCntkEngine = reader.bool(`${what}: useCntkEngine`);
  return {
    settings: {
      spatial,
      normalizationTimeConstant,
      blendTimeConstant,
      imageLayout,
      epsilon,
      useCntkEngine,
    },
    sampleCount,
  };
}

/** From version 19 on the count is an input; what is stored here only says so. */
function readCount({ reader, version, nodeName }: BodySource): number {
  const what = `node '${nodeName}': count`;
  if (version === WRITTEN_VERSION) return Number(!reader.bool(what));
  const count = reader.u64(what);
  return version < STORES_VARIANCE ? SAMPLES_PER_MINIBATCH * count : count;
}

function readBefore6({ reader, nodeName }: BodySource): Parts {
  const what = `node '${nodeName}'`;
  const written = reader.i32(`${what}: version`);
  reader.i32(`${what}: readable version`);
  reader.bool(`${what}: evaluation mode`);
  const spatial = reader.bool(`${what}: spatial`);
  const timeConstant = reader.f64(`${what}: normalizationTimeConstant`);
  const hasLayout = written >= WITH_LAYOUT;
  const hasEpsilon = written >= WITH_EPSILON;
  const imageLayout = hasLayout ? readChoice(reader, LAYOUTS, `${what}: imageLayout`) : "CHW";
  const minibatches = hasLayout ? reader.u64(`${what}: minibatch count`) : 0;
  const epsilon = hasEpsilon ? reader.f64(`${what}: epsilon`) : 0;
  const useCntkEngine = hasEpsilon ? reader.bool(`${what}: useCntkEngine`) : true;
  return {
    settings: {
      spatial,
      normalizationTimeConstant: written >= WITH_TIME_CONSTANT ? timeConstant : 0,
      blendTimeConstant: 0,
      imageLayout,
      epsilon,
      useCntkEngine,
    },
    sampleCount: SAMPLES_PER_MINIBATCH * minibatches,
  };
}

/** 1 / standard deviation -> variance, in place; epsilon is added, as CNTK does, although it was once added before. */
export function toVariance(inverseDeviations: FloatArray, epsilon: number): void {
  for (const [index, inverse] of inverseDeviations.entries()) {
    inverseDeviations[index] = 1 / (inverse * inverse) + epsilon;
  }
}
