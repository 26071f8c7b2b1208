/**
 * Settings of an operation: what CNTK calls the attributes of a node. One declaration serves the BrainScript record that
 * creates the node, the model file and the types inside the operation (model-format.md section 4).
 */

import type { Shape } from "./shape.js";

/** How a setting is stored in a version-1 model file. */
export type Encoding =
  | "bool"
  | "i32"
  | "i64"
  | "u32"
  | "u64"
  | "f32"
  | "f64"
  | "wstr"
  | "shape"
  | "bools"
  | "choice"
  /** not stored as one: each file format knows its members */
  | "record";

/** One setting. Its key in the entry is the member that BrainScript reads; the order of keys is the order in the file. */
export interface Setting<T> {
  readonly encoding: Encoding;
  /** value when the record has no such member; without one the member is required */
  readonly default?: T;
  /** names of a `choice`, in the order of their numbers in the file (`i32`) */
  readonly choices?: readonly string[];
  /** other spellings a `choice` accepts */
  readonly aliases?: Readonly<Record<string, string>>;
  /** first file version that stores it; default: all */
  readonly since?: number;
  /** last file version that stores it; default: all */
  readonly until?: number;
  /** value when an older (or newer) file does not store it */
  readonly absent?: T;
  /** true for what only the file has: never read from a record, `default` is used */
  readonly fileOnly?: boolean;
  /** true for what only the record has: never stored */
  readonly recordOnly?: boolean;
  /** phantom: the TypeScript type of the value */
  readonly type?: T;
}

export type SettingSchema = Readonly<Record<string, Setting<unknown>>>;

/** The values of all settings of one node, as the operation sees them. */
export type SettingsOf<Schema extends SettingSchema> = {
  readonly [Key in keyof Schema]: Schema[Key] extends Setting<infer T> ? T : never;
};

/** The values of all settings of one node, as everybody else sees them. */
export type Settings = Readonly<Record<string, unknown>>;

type Options<T> = Omit<Setting<T>, "encoding" | "type" | "choices">;

const of =
  <T>(encoding: Encoding) =>
  (options: Options<T> = {}): Setting<T> => ({ encoding, ...options });

/** Declarations of settings: `outputRank: setting.u64({ default: 1, since: 3, absent: 1 })`. */
export const setting = {
  bool: of<boolean>("bool"),
  i32: of<number>("i32"),
  i64: of<number>("i64"),
  u32: of<number>("u32"),
  u64: of<number>("u64"),
  f32: of<number>("f32"),
  f64: of<number>("f64"),
  string: of<string>("wstr"),
  shape: of<Shape>("shape"),
  bools: of<readonly boolean[]>("bools"),
  /** a BrainScript record of numbers, booleans and strings */
  record: of<Readonly<Record<string, unknown>>>("record"),
  choice: (choices: readonly string[], options: Options<string> = {}): Setting<string> => ({
    encoding: "choice",
    choices,
    ...options,
  }),
};
