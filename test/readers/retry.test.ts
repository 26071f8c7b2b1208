/** Disks and networks that do not answer for a moment. */

import { describe, expect, it } from "@jest/globals";
import { retried } from "../../src/readers/retry.js";

/** An action that fails in this way so many times. */
function failing(message: string, times: number) {
  const calls = { count: 0 };
  const action = () => {
    if (++calls.count <= times) throw new Error(`${message}: something, read`);
    return "done";
  };
  return { calls, action };
}

describe("retried", () => {
  it.each<[string, number, string, number]>([
    ["EIO", 0, "done", 0],
    ["EIO", 1, "done", 1],
    ["ESTALE", 4, "done", 4],
    ["EIO", 5, "EIO: something", 4],
    ["ENOENT", 1, "ENOENT: something", 0],
    ["malformed number", 1, "malformed number: something", 0],
  ])("%s, %i times: %s, after %i pauses", (message, times, result, pauses) => {
    const { action } = failing(message, times);
    const notes: string[] = [];
    const waited: number[] = [];
    let found = "";
    try {
      found = retried(
        action,
        (line) => notes.push(line),
        (milliseconds) => waited.push(milliseconds),
      );
    } catch (error) {
      found = error instanceof Error ? (error.message.split(", ")[0] ?? "") : "";
    }
    expect(found).toBe(result);
    expect(waited).toEqual(Array.from({ length: pauses }, () => 1000));
    expect(notes).toEqual(
      waited.map(
        (_, i) => `Retrying data access (attempt ${i + 2} of 5) after ${message}: something`,
      ),
    );
  });
});
