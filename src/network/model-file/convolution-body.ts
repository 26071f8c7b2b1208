/** Bodies of Convolution, Pooling and MaxUnpooling (model-format.md 4.5). */

import { setting, type Settings } from "../../operations/settings.js";
import type { Shape } from "../../operations/shape.js";
import type { ComputationNode } from "../node.js";
import type { BodyFormat, BodySource } from "./body.js";
import { defaultSettings, readSettings, writeSettings } from "./settings-body.js";

/** First version with windows of any rank; before it only Convolution existed, for images. */
const ANY_RANK = 5;

const imageGeometry = {
  kernelWidth: setting.u64(),
  kernelHeight: setting.u64(),
  horizontalSubsample: setting.u64(),
  verticalSubsample: setting.u64(),
  mapCount: setting.u32(),
  imageLayout: setting.choice(["HWC", "CHW"]),
  zeroPadding: setting.bool(),
  maxTempMemSizeInSamples: setting.u64(),
};

/** The operation's own settings, completed when they are written. */
function windowed(spansOtherAxes: boolean): BodyFormat {
  return {
    read(source) {
      const { reader, version, operation, nodeName } = source;
      if (version < ANY_RANK) return { settings: readImageGeometry(source) };
      return { settings: readSettings(reader, operation.settings, version, nodeName) };
    },
    write({ writer, version, node }) {
      const settings = completed(node, spansOtherAxes);
      writeSettings(writer, version, node.operation.settings, settings);
    },
  };
}

export const convolution = windowed(true);
export const pooling = windowed(false);

function readImageGeometry({ reader, nodeName, operation }: BodySource): Settings {
  const stored = readSettings(reader, imageGeometry, 1, nodeName);
  return {
    ...defaultSettings(operation.settings),
    kernelShape: [stored.kernelWidth, stored.kernelHeight],
    mapCount: [stored.mapCount],
    strideShape: [stored.horizontalSubsample, stored.verticalSubsample],
    dimPadding: [stored.zeroPadding],
    imageLayout: stored.imageLayout,
    maxTempMemSizeInSamples: stored.maxTempMemSizeInSamples,
    convolution2D: true,
  };
}

/**
 * The settings with one entry per axis of the data and no unknown size, as CNTK stores them: up to the rank of the
 * kernel the last entry repeats; beyond it a convolution spans the whole axis and a pooling leaves it alone.
 */
function completed(node: ComputationNode, spansOtherAxes: boolean): Settings {
  const { settings } = node;
  const input = node.inputs.at(-1)?.shape ?? [];
  // A transposed convolution is described as the one it reverses, from its result to its input.
  const [large, small] = settings.transpose === true ? [node.shape, input] : [input, node.shape];
  const kernelRank = listOf(settings.kernelShape).length;
  const extended = (key: string, fill: (axis: number) => unknown): unknown => {
    const given = listOf(settings[key]);
    if (given.length === 0) return settings[key];
    const own = Array.from(
      { length: Math.max(kernelRank, given.length) },
      (_, axis) => given[Math.min(axis, given.length - 1)],
    );
    return [...own, ...large.slice(own.length).map((_, index) => fill(own.length + index))];
  };
  const spanned = (axis: number) => (spansOtherAxes ? large[axis] : 1);
  return {
    ...settings,
    kernelShape: extended("kernelShape", spanned),
    strideShape: extended("strideShape", spanned),
    dimSharing: extended("dimSharing", () => true),
    dimPadding: extended("dimPadding", () => false),
    dimPadLower: extended("dimPadLower", () => 0),
    dimPadUpper: extended("dimPadUpper", () => 0),
    mapCount: knownMaps(settings.mapCount, small),
  };
}

/** The number of maps, which may have been left to the weights. */
function knownMaps(mapCount: unknown, small: Shape): unknown {
  return listOf(mapCount).includes(0) ? [small.at(-1) ?? 1] : mapCount;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
