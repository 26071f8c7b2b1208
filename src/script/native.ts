/** The native classes that have nothing to do with networks: strings, numbers, comparisons, shapes (brainscript.md 5). */

import { CntkError } from "../../grammar/errors.js";
import { requiredMember, type Construction, type NativeClass } from "./classes.js";
import {
  asBool,
  asInteger,
  asNumber,
  asSize,
  asString,
  asVector,
  boundedString,
  flattened,
  wrongKind,
} from "./expect.js";
import { formatValue } from "./format.js";
import type { Evaluation, Task } from "./trampoline.js";
import { boolValue, numberValue, stringValue, type ObjectValue, type Value } from "./value.js";

/** An object that only native consumers look into. */
export function opaqueObject(className: string, object: object): ObjectValue {
  return {
    kind: "object",
    className,
    object,
    isNode: false,
    member: () => undefined,
    memberNames: () => [],
  };
}

function* member(construction: Construction, name: string): Evaluation {
  return yield requiredMember(construction, name).force();
}

function* text(construction: Construction, name: string): Task<string> {
  return asString(yield member(construction, name), `member '${name}'`);
}

function* whole(construction: Construction, name: string): Task<number> {
  return asInteger(yield member(construction, name), `member '${name}'`);
}

type Variant = (construction: Construction) => Evaluation;

/** A class whose member `what` chooses among variants. */
function variants(className: string, table: Readonly<Record<string, Variant>>): NativeClass {
  return {
    *construct(construction) {
      const what = yield* text(construction, "what");
      const variant = table[what];
      if (variant === undefined) {
        const known = Object.keys(table).join(", ");
        throw new CntkError(
          "evaluating",
          `${className}: unknown function '${what}'; known: ${known}`,
        );
      }
      return yield variant(construction);
    },
  };
}

const StringFunction = variants("StringFunction", {
  *Format(construction) {
    const value = yield member(construction, "arg");
    return stringValue(yield* formatValue(value, yield* text(construction, "how")));
  },
  *Chr(construction) {
    const code = yield member(construction, "arg");
    const isCode = code.kind === "number" && Number.isInteger(code.value);
    if (!isCode || code.value < 0 || code.value > 0x10ffff) {
      throw wrongKind("Chr", "the number of a character", code);
    }
    return stringValue(String.fromCodePoint(code.value));
  },
  *Substr(construction) {
    const string = yield* text(construction, "arg");
    const position = yield* whole(construction, "pos");
    const characters = yield* whole(construction, "chars");
    const from = Math.min(
      Math.max(position < 0 ? position + string.length : position, 0),
      string.length,
    );
    return stringValue(string.slice(from, characters < 0 ? undefined : from + characters));
  },
  *Replace(construction) {
    const source = yield* text(construction, "arg");
    const what = yield* text(construction, "replacewhat");
    const replacement = yield* text(construction, "withwhat");
    if (what === "") return stringValue(source);
    const parts = source.split(what);
    const added = (parts.length - 1) * (replacement.length - what.length);
    return boundedString(source.length + added, () => parts.join(replacement));
  },
});

function* integerPair(construction: Construction): Task<[number, number]> {
  const pair = asVector(yield member(construction, "args"), "member 'args'");
  const [first, second] = pair.elements;
  if (first === undefined || second === undefined) {
    throw new CntkError("evaluating", "member 'args': two elements are needed");
  }
  const left = asInteger(yield first.force(), "first operand");
  const right = asInteger(yield second.force(), "second operand");
  if (right === 0) throw new CntkError("evaluating", "division by zero");
  return [left, right];
}

const NumericFunction = variants("NumericFunction", {
  *Floor(construction) {
    return numberValue(Math.floor(asNumber(yield member(construction, "arg"), "member 'arg'")));
  },
  *Length(construction) {
    const value = yield member(construction, "arg");
    if (value.kind === "string") return numberValue(value.value.length);
    return numberValue(asVector(value, "Length").elements.length);
  },
  *Mod(construction) {
    const [left, right] = yield* integerPair(construction);
    return numberValue(left % right);
  },
  *IntDiv(construction) {
    const [left, right] = yield* integerPair(construction);
    return numberValue(Math.trunc(left / right));
  },
});

/** Records and arrays are the same object where they have the same origin; so have plain values that were passed on. */
const isSameObject = (one: Value | undefined, other: Value | undefined) =>
  one !== undefined &&
  other !== undefined &&
  (one === other ||
    (one.kind === "object" && other.kind === "object" && one.object === other.object));

const kindTest = (test: (value: Value) => boolean): Variant =>
  function* (construction) {
    return boolValue(test(yield member(construction, "args")));
  };

const CompareFunction = variants("CompareFunction", {
  *IsSameObject(construction) {
    const pair = asVector(yield member(construction, "args"), "member 'args'");
    const values: Value[] = [];
    for (const element of pair.elements) values.push(yield element.force());
    return boolValue(isSameObject(values[0], values[1]));
  },
  IsArray: kindTest((value) => value.kind === "array"),
  IsDouble: kindTest((value) => value.kind === "number"),
  IsBool: kindTest((value) => value.kind === "bool"),
});

const FailAction: NativeClass = {
  *construct(construction) {
    const message = yield* text(construction, "what");
    throw new CntkError("evaluating", message, {
      ranges: construction.record.scope.placesOf(construction.range).slice(0, 1),
    });
  },
};

const printAction = (log: (line: string) => void): NativeClass => ({
  *construct(construction) {
    const value = yield member(construction, "what");
    log(value.kind === "string" ? value.value : yield* formatValue(value, ""));
    return opaqueObject("PrintAction", {});
  },
});

const Debug: NativeClass = {
  *construct(construction) {
    yield member(construction, "value");
    return opaqueObject("Debug", {});
  },
};

/** A flat vector of sizes, integers or booleans. */
function vectorClass(
  className: string,
  memberName: string,
  convert: (value: Value, what: string) => number | boolean,
): NativeClass {
  return {
    *construct(construction) {
      const items = yield* flattened(yield member(construction, memberName));
      const vector = items.map((item, index) => convert(item, `${memberName}[${index}]`));
      return opaqueObject(className, vector);
    },
  };
}

/** @param log where Print writes */
export function nativeClasses(log: (line: string) => void): Map<string, NativeClass> {
  return new Map([
    ["StringFunction", StringFunction],
    ["NumericFunction", NumericFunction],
    ["CompareFunction", CompareFunction],
    ["FailAction", FailAction],
    ["PrintAction", printAction(log)],
    ["Debug", Debug],
    ["TensorShape", vectorClass("TensorShape", "dims", asSize)],
    ["BoolVector", vectorClass("BoolVector", "items", asBool)],
    ["IntVector", vectorClass("IntVector", "items", asInteger)],
    ["SizeVector", vectorClass("SizeVector", "items", asSize)],
  ]);
}
