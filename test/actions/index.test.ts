/** The table of actions: every name of CNTK is known, and the others are told apart from misspelt ones. */

import { describe, expect, it } from "@jest/globals";
import { findAction, isTraining } from "../../src/actions/index.js";
import { sectionOf } from "./run-action.js";

const find = (name: string) => findAction(name, "com", sectionOf(`action = ${name}`));

const AVAILABLE = [
  ...["train", "trainRNN", "adapt", "test", "eval", "cv", "write", "edit", "bnstat"],
  ...["dumpNodes", "dumpNode", "dumpnode", "plot", "SVD", "writeWordAndClass", "createLabelMap"],
];

describe("actions", () => {
  it.each(AVAILABLE)("%s can be run and checked", async (name) => {
    const { run, check } = find(name);
    expect([typeof run, typeof (await check())]).toEqual(["function", "function"]);
    expect(isTraining(name)).toBe(name.startsWith("train"));
  });

  it.each([
    { name: "exportdbn", message: /"exportdbn" is not available: .*speech tools/ },
    { name: "convertdbn", message: /"convertdbn" is not available: .*speech tools/ },
    { name: "devtest", message: /"devtest" is not available: .*self tests/ },
    { name: "Train", message: /unknown action: Train {2}in command set: com$/ },
    { name: "toString", message: /unknown action: toString {2}in command set: com$/ },
  ])("$name cannot", ({ name, message }) => {
    expect(() => find(name)).toThrow(message);
  });
});
