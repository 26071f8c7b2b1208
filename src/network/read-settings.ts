/** Members of a BrainScript record -> the settings of an operation, by its schema. */

import { CntkError } from "../../grammar/errors.js";
import type { Construction } from "../script/classes.js";
import {
  asBool,
  asInteger,
  asNumber,
  asSize,
  asString,
  flattened,
  wrongKind,
} from "../script/expect.js";
import type { Task } from "../script/trampoline.js";
import type { Value } from "../script/value.js";
import type { Setting, Settings, SettingSchema } from "../operations/settings.js";
import type { Shape } from "../operations/shape.js";

/** Sizes from a TensorShape object, a number or a nested array. */
export function* readShape(value: Value, what: string): Task<Shape> {
  const vector = vectorOf(value);
  if (vector !== undefined) return vector.filter((item) => typeof item === "number");
  const items = yield* flattened(value);
  return items.map((item) => asSize(item, what));
}

function* readBools(value: Value, what: string): Task<readonly boolean[]> {
  const vector = vectorOf(value);
  if (vector !== undefined) return vector.filter((item) => typeof item === "boolean");
  const items = yield* flattened(value);
  return items.map((item) => asBool(item, what));
}

/** The items of a TensorShape, BoolVector, ... object. */
function vectorOf(value: Value): readonly unknown[] | undefined {
  return value.kind === "object" && Array.isArray(value.object) ? value.object : undefined;
}

function* readSetting(setting: Setting<unknown>, value: Value, what: string): Task<unknown> {
  switch (setting.encoding) {
    case "bool":
      return asBool(value, what);
    case "i32":
    case "i64":
      return asInteger(value, what);
    case "u32":
    case "u64":
      return asSize(value, what);
    case "f32":
    case "f64":
      return asNumber(value, what);
    case "wstr":
      return asString(value, what);
    case "shape":
      return yield* readShape(value, what);
    case "bools":
      return yield* readBools(value, what);
    case "choice":
      return readChoice(setting, value, what);
    case "record":
      return yield* readRecord(value, what);
  }
}

/** The members of a record that are numbers, booleans or strings; an empty array stands for an empty record. */
function* readRecord(value: Value, what: string): Task<Settings> {
  if (value.kind === "array" && value.elements.length === 0) return {};
  if (value.kind !== "record") throw wrongKind(what, "a record", value);
  const members: Record<string, unknown> = {};
  for (const [name, member] of value.scope.ownMembers()) {
    const found = yield member.force();
    if (found.kind !== "number" && found.kind !== "bool" && found.kind !== "string") {
      throw wrongKind(`'${name}' in ${what}`, "a number, a boolean or a string", found);
    }
    members[name] = found.value;
  }
  return members;
}

function readChoice(setting: Setting<unknown>, value: Value, what: string): string {
  const text = asString(value, what);
  const chosen = setting.aliases?.[text] ?? text;
  const choices = setting.choices ?? [];
  if (choices.includes(chosen)) return chosen;
  throw wrongKind(what, choices.map((choice) => `'${choice}'`).join(" or "), value);
}

/** All settings of an operation from the record that creates its node. */
export function* readSettings(
  schema: SettingSchema,
  construction: Construction,
  operationName: string,
): Task<Settings> {
  const settings: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(schema)) {
    const member = setting.fileOnly === true ? undefined : construction.record.scope.find(key);
    if (member !== undefined) {
      const what = `'${key}' of ${operationName}`;
      try {
        settings[key] = yield* readSetting(setting, yield member.force(), what);
      } catch (error) {
        throw error instanceof CntkError ? error.at(member.range) : error;
      }
    } else if (setting.default !== undefined) {
      settings[key] = setting.default;
    } else {
      const message = `${operationName}: required member '${key}' is missing in this record`;
      throw new CntkError("evaluating", message, { ranges: [construction.range] });
    }
  }
  return settings;
}
