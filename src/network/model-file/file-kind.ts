/** Which of CNTK's binary files one is, by its first bytes (model-format.md). */

import { CntkError } from "../../../grammar/errors.js";

const KINDS = [
  { kind: "model", starts: [[0x42, 0, 0x43, 0, 0x4e, 0, 0, 0]] },
  {
    kind: "checkpoint",
    starts: [
      [0x42, 0, 0x56, 0, 0x65, 0],
      [0x42, 0, 0x43, 0, 0x4b, 0, 0x50, 0],
    ],
  },
  {
    kind: "dictionary",
    starts: [
      [0x08, 0x01, 0x12],
      [0x08, 0x02, 0x12],
    ],
  },
] as const;

export type FileKind = (typeof KINDS)[number]["kind"];

/** undefined for anything else. */
export function fileKind(bytes: Uint8Array): FileKind | undefined {
  const known = KINDS.find(({ starts }) =>
    starts.some((start) => start.every((byte, index) => bytes[index] === byte)),
  );
  return known?.kind;
}

/** @throws CntkError "reading" that says what the file is instead of a model of version 1 */
export function expectModelFile(bytes: Uint8Array, fileName: string): void {
  const kind = fileKind(bytes);
  if (kind === "model") return;
  const fail = (message: string, hint?: string) =>
    new CntkError("reading", `${fileName}: ${message}`, { hint });
  if (kind === "checkpoint") {
    throw fail(
      "expected a model, found a training checkpoint",
      "the model stands in the file without the ending .ckp",
    );
  }
  if (bytes.length === 0) throw fail("expected a model, found an empty file");
  throw fail('byte 0: expected the marker "BCN" of a model, found something else');
}
