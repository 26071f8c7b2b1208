/** Joins the arguments of the command line and the files they name into one configuration (config.md 1, 3). */

import { basename, dirname } from "node:path";
import { cleanComments } from "../../grammar/config/comments.js";
import { CntkError, located } from "../../grammar/errors.js";
import { type SourceFile, type SourceRange, SourceText } from "../../grammar/source.js";
import { type RootSection, rootSection } from "./section.js";

/** What reading a command line needs of the world. */
export interface FileAccess {
  /** @throws CntkError "reading" if the file cannot be read */
  readText(path: string): SourceFile;
  /** @throws CntkError "reading" if there is no such directory */
  changeDirectory(path: string): void;
}

export interface CommandLine {
  readonly root: RootSection;
  /** paths as written */
  readonly configFiles: readonly string[];
  /** where BrainScript looks for included files: the directories of the config files as written */
  readonly includeDirectories: readonly string[];
  /** the arguments as CNTK logs them */
  readonly commandLineText: string;
}

type Log = (line: string) => void;

interface Reading {
  readonly access: FileAccess;
  readonly log: Log;
  /** paths read so far, as written */
  readonly paths: Set<string>;
}

/**
 * Later entries override earlier ones, so arguments before `configFile=` are defaults and those behind it override the
 * file.
 * @throws CntkError "reading" or "configuring"
 */
export function readCommandLine(
  args: readonly string[],
  access: FileAccess,
  log: Log,
): CommandLine {
  const reading: Reading = { access, log, paths: new Set() };
  const parts = args.flatMap((argument, position) => {
    const text = SourceText.of({ name: `argument ${position + 1}`, text: `${argument}\n` });
    if (/^currentDirectory=/i.test(argument)) changeDirectory(valueOf(text), reading);
    const isConfigFile = /^configFile=/i.test(argument);
    return isConfigFile ? readConfigFiles(text, reading) : [text];
  });
  const configFiles = [...reading.paths];
  const last = configFiles.at(-1);
  if (last === undefined) throw noConfigFile(args);
  return {
    root: rootSection(withIncludes(SourceText.concat(parts), reading), basename(last)),
    configFiles,
    includeDirectories: configFiles.map((path) => dirname(path)),
    commandLineText: args.join("  "),
  };
}

/** What stands between the `=` and the line end of an argument. */
function valueOf(argument: SourceText): SourceText {
  return argument.slice(argument.text.indexOf("=") + 1, argument.length - 1);
}

const whole = (text: SourceText): SourceRange => text.rangeOf(0, text.length);

function changeDirectory(directory: SourceText, { access, log }: Reading): void {
  try {
    access.changeDirectory(directory.text);
  } catch (error) {
    throw located(error, whole(directory));
  }
  log(`Changed current directory to ${directory.text}`);
}

function readConfigFiles(argument: SourceText, reading: Reading): SourceText[] {
  return splitPaths(valueOf(argument)).map((path) => {
    if (path.text === "") throw mistake("expected a file name behind 'configFile='", argument);
    if (reading.paths.has(path.text)) throw mistake(`${path.text} is given twice`, path);
    return readFile(path, reading);
  });
}

/** The parts of `a+b+c`. */
function splitPaths(paths: SourceText): SourceText[] {
  let start = 0;
  return paths.text.split("+").map((part) => {
    const path = paths.slice(start, start + part.length);
    start += part.length + 1;
    return path;
  });
}

/** The cleaned text of a file; its last line has an end in any case. */
function readFile(path: SourceText, { access, paths }: Reading): SourceText {
  let file: SourceFile;
  try {
    file = access.readText(path.text);
  } catch (error) {
    throw located(error, whole(path));
  }
  paths.add(path.text);
  const text = SourceText.of(file);
  const withoutMark = file.text.startsWith("\uFEFF") ? text.slice(1) : text;
  const lineEnd = SourceText.of({ name: file.name, text: "\n" });
  return SourceText.concat([cleanComments(withoutMark), lineEnd]);
}

/** Replaces every line `include=a+b` by the text of those files. */
function withIncludes(text: SourceText, reading: Reading): SourceText {
  const parts: SourceText[] = [];
  let done = 0;
  for (const match of text.text.matchAll(/(^|[\r\n])include=([^\r\n]*)/g)) {
    const [all, lineEnd = "", value = ""] = match;
    const end = match.index + all.length;
    const line = text.slice(match.index + lineEnd.length, end);
    if (value.trim() === "") throw mistake("expected a file name behind 'include='", line);
    if (value.includes("$")) throw mistake("variables are not possible in a line 'include='", line);
    parts.push(text.slice(done, match.index + lineEnd.length));
    parts.push(...includedFiles(text.slice(end - value.length, end), reading));
    done = end;
  }
  return parts.length === 0 ? text : SourceText.concat([...parts, text.slice(done)]);
}

function includedFiles(paths: SourceText, reading: Reading): SourceText[] {
  return splitPaths(paths).flatMap((part) => {
    const path = part.trim();
    if (path.text === "") throw mistake("expected a file name on either side of '+'", paths);
    if (!reading.paths.has(path.text)) return [withIncludes(readFile(path, reading), reading)];
    reading.log(`WARNING: include=${path.text} is skipped: the file has been read already`);
    return [];
  });
}

function mistake(message: string, place: SourceText): CntkError {
  return new CntkError("configuring", message, { ranges: [whole(place)] });
}

function noConfigFile(args: readonly string[]): CntkError {
  const found = args.length === 0 ? "no arguments" : args.join(" ");
  const message = `expected an argument configFile=FILE, found ${found}`;
  const file = args.find((argument) => argument.endsWith(".cntk") && !argument.includes("="));
  const hint = file === undefined ? undefined : `write configFile=${file}`;
  return new CntkError("configuring", message, { hint });
}
