/** Every kind of mistake in a config, and what the user reads about it, in full. */

import { describe, expect, it } from "@jest/globals";
import { goldenCases } from "../golden-cases.js";
import { messageOfProgram, messageOfScript } from "./mistakes.js";

const SCRIPTS = [
  "words",
  "syntax",
  "names",
  "arguments",
  "kinds",
  "cycles",
  "shapes",
  "windows",
  "loops",
  "limits",
  "included",
];
const PROGRAMS = ["program-config", "program-data", "program-model"];

describe.each(SCRIPTS)("%s", (file) => {
  it.each(goldenCases(`errors/${file}.txt`))("$name", ({ source, expected }) => {
    expect(messageOfScript(source)).toBe(expected);
  });
});

describe.each(PROGRAMS)("%s", (file) => {
  it.each(goldenCases(`errors/${file}.txt`))("$name", async ({ source, expected }) => {
    expect(await messageOfProgram(source)).toBe(expected);
  });
});
