/** Node bodies that are a plain list of settings: read and written by the operation's own schema (model-format.md 4). */

import assert from "node:assert/strict";
import type { Encoding, Setting, Settings, SettingSchema } from "../../operations/settings.js";
import type { Shape } from "../../operations/shape.js";
import type { BinaryReader } from "./binary-reader.js";
import type { BinaryWriter } from "./binary-writer.js";

/** The version this program writes wherever it can: the newest that CNTK of February 2017 reads. */
export const WRITTEN_VERSION = 19;

/** The version it writes for settings that version cannot store; it stores all of them. */
export const LATER_WRITTEN_VERSION = 23;

/** The newest version whose layouts are known (CNTK 2.7). */
export const NEWEST_VERSION = 31;

function isStored(setting: Setting<unknown>, version: number): boolean {
  if (setting.recordOnly === true) return false;
  return version >= (setting.since ?? 1) && version <= (setting.until ?? Infinity);
}

/** The settings of a node of which a file stores none. */
export function defaultSettings(schema: SettingSchema): Settings {
  return Object.fromEntries(
    Object.entries(schema).map(([key, setting]) => [key, setting.absent ?? setting.default]),
  );
}

/** The settings of a node as a file of that version stores them; those it does not store get their defaults. */
export function readSettings(
  reader: BinaryReader,
  schema: SettingSchema,
  version: number,
  nodeName: string,
): Settings {
  return Object.fromEntries(
    Object.entries(schema).map(([key, setting]) => {
      if (!isStored(setting, version)) return [key, setting.absent ?? setting.default];
      return [key, codecs[setting.encoding].read(reader, `node '${nodeName}': ${key}`, setting)];
    }),
  );
}

export function writeSettings(
  writer: BinaryWriter,
  version: number,
  schema: SettingSchema,
  settings: Settings,
): void {
  for (const [key, setting] of Object.entries(schema)) {
    if (!isStored(setting, version)) continue;
    const value = settings[key] ?? setting.default ?? setting.absent;
    codecs[setting.encoding].write(writer, value, key, setting);
  }
}

/** True if a file of version 19 would lose a setting: one of a later version has a value that changes the result. */
export function needsLaterVersion(schema: SettingSchema, settings: Settings): boolean {
  return Object.entries(schema).some(
    ([key, setting]) =>
      !isStored(setting, WRITTEN_VERSION) &&
      isStored(setting, LATER_WRITTEN_VERSION) &&
      JSON.stringify(settings[key] ?? setting.absent) !== JSON.stringify(setting.absent),
  );
}

interface Codec {
  read(reader: BinaryReader, what: string, setting: Setting<unknown>): unknown;
  write(writer: BinaryWriter, value: unknown, key: string, setting: Setting<unknown>): void;
}

/** How values of each encoding are stored. */
const codecs: Readonly<Record<Encoding, Codec>> = {
  bool: {
    read: (reader, what) => reader.bool(what),
    write: (writer, value, key) => writer.bool(asBoolean(value, key)),
  },
  i32: {
    read: (reader, what) => reader.i32(what),
    write: (writer, value, key) => writer.i32(asNumber(value, key)),
  },
  i64: {
    read: (reader, what) => reader.i64(what),
    write: (writer, value, key) => writer.i64(asNumber(value, key)),
  },
  u32: {
    read: (reader, what) => reader.u32(what),
    write: (writer, value, key) => writer.u32(asNumber(value, key)),
  },
  u64: {
    read: (reader, what) => reader.u64(what),
    write: (writer, value, key) => writer.u64(asNumber(value, key)),
  },
  f32: {
    read: (reader, what) => reader.f32(what),
    write: (writer, value, key) => writer.f32(asNumber(value, key)),
  },
  f64: {
    read: (reader, what) => reader.f64(what),
    write: (writer, value, key) => writer.f64(asNumber(value, key)),
  },
  wstr: {
    read: (reader, what) => reader.wideString(what),
    write: (writer, value, key) => writer.wideString(asString(value, key)),
  },
  shape: {
    read: (reader, what) => reader.shape(what),
    write: (writer, value, key) => writer.shape(asShape(value, key)),
  },
  bools: {
    read: readBools,
    write: (writer, value, key) => writeBools(writer, asBooleans(value, key)),
  },
  record: {
    read: (_, what) => assert.fail(`${what}: a record has no encoding of its own`),
    write: (_, __, key) => assert.fail(`${key}: a record has no encoding of its own`),
  },
  choice: {
    read: (reader, what, { choices }) => readChoice(reader, choices ?? [], what),
    write: (writer, value, key, setting) => writer.i32(choiceNumber(setting, value, key)),
  },
};

function readBools(reader: BinaryReader, what: string): readonly boolean[] {
  const count = reader.count(what, 1);
  return Array.from({ length: count }, () => reader.bool(what));
}

function writeBools(writer: BinaryWriter, values: readonly boolean[]): void {
  writer.u64(values.length);
  for (const value of values) writer.bool(value);
}

/** A name stored as its number. */
export function readChoice(reader: BinaryReader, choices: readonly string[], what: string): string {
  const at = reader.offset;
  const index = reader.i32(what);
  const choice = choices[index];
  if (choice !== undefined) return choice;
  const known = choices.map((name, number) => `${number} (${name})`).join(", ");
  throw reader.error(`${what}: expected one of ${known}, found ${index}`, at);
}

/** The number of a choice in the file. */
export function choiceNumber(setting: Setting<unknown>, value: unknown, key: string): number {
  const name = asString(value, key);
  const index = (setting.choices ?? []).indexOf(setting.aliases?.[name] ?? name);
  assert(index >= 0, `${key}: '${name}' is none of ${(setting.choices ?? []).join(", ")}`);
  return index;
}

// The network gives every node the settings of its own schema, so another type is a bug of this program.

export function asNumber(value: unknown, key: string): number {
  assert(typeof value === "number", `${key}: expected a number`);
  return value;
}

export function asBoolean(value: unknown, key: string): boolean {
  assert(typeof value === "boolean", `${key}: expected a boolean`);
  return value;
}

export function asString(value: unknown, key: string): string {
  assert(typeof value === "string", `${key}: expected a string`);
  return value;
}

export function asShape(value: unknown, key: string): Shape {
  const isShape =
    Array.isArray(value) && value.every((size): size is number => typeof size === "number");
  assert(isShape, `${key}: expected a shape`);
  return value;
}

function asBooleans(value: unknown, key: string): readonly boolean[] {
  const isList =
    Array.isArray(value) && value.every((flag): flag is boolean => typeof flag === "boolean");
  assert(isList, `${key}: expected a list of booleans`);
  return value;
}
