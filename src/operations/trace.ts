/** Trace: a value that is printed on its way (nodes.md 15.2). CNTK: TraceNode. */

import { DEFAULT_WRITE_FORMAT, NodeText, WRITE_TYPES, type WriteFormat } from "./node-text.js";
import { operation, type ComputeContext } from "./operation.js";
import { setting } from "./settings.js";
import { printShape } from "./shape.js";
import type { Tensor } from "./tensors.js";

interface TraceSettings {
  readonly say: string;
  readonly logFirst: number;
  readonly logFrequency: number;
  readonly logGradientToo: boolean;
  readonly format: Readonly<Record<string, unknown>>;
  readonly onlyUpToRow: number;
  readonly onlyUpToT: number;
}

type Context = ComputeContext<"x", TraceSettings, undefined>;

/**
 * x, printed for the first minibatches and now and then later, after `say`.
 * Shapes: x -> the same. CNTK: TraceNode.
 */
export const Trace = operation({
  inputs: ["x"],
  // between logGradientToo and onlyUpToRow the file has the parts of `format`: the model file knows
  settings: {
    say: setting.string({ default: "" }),
    logFirst: setting.u64({ default: 10 }),
    logFrequency: setting.u64({ default: 100 }),
    logGradientToo: setting.bool({ default: false }),
    format: setting.record({ default: {}, recordOnly: true, absent: {} }),
    onlyUpToRow: setting.u64({ default: 100000000 }),
    onlyUpToT: setting.u64({ default: 100000000 }),
  },
  shape: ({ shapes: { x } }) => x,
  forward({ x }, context) {
    const { memory, settings } = context;
    const known = memory.get("minibatches");
    const minibatches = typeof known === "number" ? known + 1 : 1;
    memory.set("minibatches", minibatches);
    if (isDue(minibatches, settings)) print(x, context, "");
    return x;
  },
  backward: {
    x(gradient, _, context) {
      const minibatches = context.memory.get("minibatches");
      const { settings } = context;
      if (
        settings.logGradientToo &&
        typeof minibatches === "number" &&
        isDue(minibatches, settings)
      ) {
        print(gradient, context, "(gradient) ");
      }
      return gradient;
    },
  },
});

/** @param minibatches counted from 1 */
function isDue(minibatches: number, { logFirst, logFrequency }: TraceSettings): boolean {
  return minibatches <= logFirst || (logFrequency > 0 && (minibatches - 1) % logFrequency === 0);
}

function print(x: Tensor, context: Context, what: string): void {
  const { settings, shape, names, memory } = context;
  const log = (line: string) => {
    context.log(line);
  };
  const minibatches = memory.get("minibatches");
  const format = writeFormat(settings.format);
  if (minibatches === 1 && what === "") {
    if (format.prologue !== "") log(format.prologue);
    if (settings.format.labelMappingFile !== undefined && settings.format.labelMappingFile !== "") {
      log("Trace: labelMappingFile is not read; categories are printed as numbers.");
    }
  }
  const isSample = context.hasDynamicAxis[0] === true;
  const axis = isSample ? " x *" : "";
  log(
    `------- Trace[] ${settings.say} ${what}--> ${names[0] ?? ""} : [${printShape(shape)}${axis}]`,
  );
  const { values, rows, columns } = cut(x, settings);
  const node = { name: names[0] ?? "", shape: rows === x.size / x.shape[0] ? shape : [rows] };
  const sizes = context.hasSequences || !isSample ? [columns] : Array<number>(columns).fill(1);
  const number = typeof minibatches === "number" ? minibatches : 0;
  log(new NodeText(node, format, log).minibatch(values, sizes, number).replace(/\n$/, ""));
}

/** The first elements of the first samples, as many as the settings let through. */
function cut(x: Tensor, { onlyUpToRow, onlyUpToT }: TraceSettings) {
  const elements = x.size / x.shape[0];
  const columns = Math.min(x.shape[0], onlyUpToT);
  const rows = Math.min(elements, onlyUpToRow);
  const all = Float32Array.from(x.dataSync());
  const values = new Float32Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    values.set(all.subarray(column * elements, column * elements + rows), column * rows);
  }
  return { values, rows, columns };
}

/** The `format` record with what it leaves out. */
function writeFormat(given: Readonly<Record<string, unknown>>): WriteFormat {
  const text = (key: keyof WriteFormat, byDefault: string) => {
    const value = given[key];
    return typeof value === "string" ? value : byDefault;
  };
  const type = WRITE_TYPES.find((known) => known === text("type", "real").toLowerCase());
  const { transpose } = given;
  const byDefault = DEFAULT_WRITE_FORMAT;
  return {
    type: type ?? byDefault.type,
    labels: [],
    transpose: typeof transpose === "boolean" ? transpose : byDefault.transpose,
    prologue: text("prologue", byDefault.prologue),
    epilogue: text("epilogue", byDefault.epilogue),
    sequenceSeparator: text("sequenceSeparator", byDefault.sequenceSeparator),
    sequencePrologue: text("sequencePrologue", byDefault.sequencePrologue),
    sequenceEpilogue: text("sequenceEpilogue", byDefault.sequenceEpilogue),
    elementSeparator: text("elementSeparator", byDefault.elementSeparator),
    sampleSeparator: text("sampleSeparator", byDefault.sampleSeparator),
    precisionFormat: text("precisionFormat", byDefault.precisionFormat),
  };
}
