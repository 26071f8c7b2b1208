/** The standard library: BrainScript files of ours, read from next to the program. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import type { Member } from "../../grammar/ast.js";
import { parseScript } from "../../grammar/brainscript/parser.js";
import { SourceText, type SourceFile } from "../../grammar/source.js";

/** The library's files in the order of their names. */
export function libraryFiles(): SourceFile[] {
  const folder = new URL("../library/", import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".bs"))
    .sort()
    .map((name) => ({
      name: `library/${name}`,
      text: readFileSync(new URL(name, folder), "utf8"),
      isLibrary: true,
    }));
}

let sharedMembers: readonly Member[] | undefined;

/** The members that the library adds to the global record. */
export function libraryMembers(): readonly Member[] {
  sharedMembers ??= libraryFiles().flatMap(membersOf);
  return sharedMembers;
}

/**
 * The members of a library file, each parsed when its value is first asked for: networks need few of them, and parsing all
 * takes longer than making most networks.
 */
function membersOf(file: SourceFile): Member[] {
  const text = SourceText.of(file);
  const names = memberNames(file.text);
  return names.map(({ name, start }, position) => {
    const definition = text.slice(start, names[position + 1]?.start);
    let member: Member | undefined;
    return {
      name,
      nameRange: text.rangeOf(start, start + name.length),
      get value() {
        member ??= onlyMember(definition);
        return member.value;
      },
    };
  });
}

/** Comments, strings, brackets, and names where a member may begin: in our files in the first column and behind `;`. */
const landmarks =
  /#[^\n]*|'[^']*'|"[^"]*"|(?<open>[[({])|(?<close>[\])}])|(?<=^|;[ \t]*)(?<name>[A-Za-z_]\w*)/gm;

/** Names outside of all brackets. */
function memberNames(text: string): { readonly name: string; readonly start: number }[] {
  let depth = 0;
  return Array.from(text.matchAll(landmarks)).flatMap(({ groups, index }) => {
    if (groups?.open !== undefined) depth++;
    if (groups?.close !== undefined) depth--;
    return groups?.name === undefined || depth > 0 ? [] : [{ name: groups.name, start: index }];
  });
}

function onlyMember(definition: SourceText): Member {
  const [member, ...others] = parseScript(definition, noInclude);
  assert(member !== undefined && others.length === 0, `no single member: ${definition.text}`);
  return member;
}

/** For texts that include no file. */
export function noInclude(path: string): SourceFile {
  throw new Error(`the library includes no file, but asks for ${path}`);
}
