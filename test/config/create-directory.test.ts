/** Directories that are created, and those that cannot be. */

import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { createDirectory } from "../../src/config/create-directory.js";

const folder = mkdtempSync(path.join(tmpdir(), "create-directory-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(path.join(folder, "file"), "");
symlinkSync(path.join(folder, "nowhere"), path.join(folder, "dangling"));
symlinkSync(folder, path.join(folder, "link"));

describe("createDirectory", () => {
  it.each(["one", "two/three", "two/three/four", "two/../five", "link/six", ".", "seven/"])(
    "%s",
    (name) => {
      const directory = `${folder}/${name}`;
      createDirectory(directory);
      createDirectory(directory);
      expect(statSync(directory).isDirectory()).toBe(true);
    },
  );

  it("takes what is relative to the current directory", () => {
    createDirectory(".");
    createDirectory(path.relative(process.cwd(), path.join(folder, "relative/below")));
    expect(existsSync(path.join(folder, "relative/below"))).toBe(true);
  });

  it.each([
    ["file", "EEXIST"],
    ["file/below", "E(EXIST|NOTDIR)"],
    ["file/below/more", "E(EXIST|NOTDIR)"],
    ["dangling", "EEXIST"],
    ["dangling/below", "EEXIST"],
  ])("%s cannot be one", (name, code) => {
    expect(() => {
      createDirectory(path.join(folder, name));
    }).toThrow(new RegExp(`^${code}: `));
  });

  // where Node's own recursive mkdir hangs
  (existsSync("/proc/self") ? it : it.skip).each(["/proc/none", "/proc/none/below"])(
    "%s cannot be one",
    (directory) => {
      expect(() => {
        createDirectory(directory);
      }).toThrow(/^E\w+: /);
    },
  );
});
