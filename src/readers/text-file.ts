/** The bytes of a data file, unpacked if its name ends in .gz, for as long as nobody changes it. */

import { spawnSync } from "node:child_process";
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  type Stats,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CntkError } from "../../grammar/errors.js";
import { systemReason } from "../config/system-error.js";
import { retried } from "./retry.js";

/** A stretch of the text, and where in a buffer its bytes are to go. */
export interface TextPart {
  readonly begin: number;
  readonly end: number;
  readonly target: number;
}

/** @throws CntkError "reading" if the file cannot be read, or is not any more what it was when it was opened */
export class TextFile {
  readonly name: string;
  /** bytes of the text */
  readonly size: number;
  readonly #log: (line: string) => void;
  readonly #found: Stats;
  /** the unpacked text; undefined where the file is the text */
  readonly #unpacked: number | undefined;

  /** @param log takes notes where the system has to be asked again */
  constructor(name: string, log: (line: string) => void) {
    this.name = name;
    this.#log = log;
    const descriptor = openText(name, log);
    try {
      this.#found = fstatSync(descriptor);
      this.#unpacked = /\.gz$/i.test(name) ? unpack(name, descriptor) : undefined;
    } finally {
      closeSync(descriptor);
    }
    this.size = this.#unpacked === undefined ? this.#found.size : fstatSync(this.#unpacked).size;
  }

  /** Reads stretches of the text into a buffer. */
  read(buffer: Uint8Array, parts: readonly TextPart[]): void {
    try {
      retried(() => {
        this.#read(buffer, parts);
      }, this.#log);
    } catch (error) {
      if (error instanceof CntkError) throw error;
      const reason = systemReason(error);
      const what = reason.startsWith("ENOENT:")
        ? "the file vanished while it was being read"
        : "cannot read the file";
      throw new CntkError("reading", `${this.name}: ${what}: ${reason}`);
    }
  }

  #read(buffer: Uint8Array, parts: readonly TextPart[]): void {
    const descriptor = this.#unpacked ?? openSync(this.name, "r");
    try {
      const isComplete = parts.every((part) => readPart(descriptor, buffer, part));
      // Looked at afterwards: a change while the bytes were read shows as well.
      const now = this.#unpacked === undefined ? fstatSync(descriptor) : statSync(this.name);
      const isSame = now.size === this.#found.size && now.mtimeMs === this.#found.mtimeMs;
      if (!isComplete || !isSame) throw changed(this.name);
    } finally {
      if (descriptor !== this.#unpacked) closeSync(descriptor);
    }
  }
}

function changed(name: string): CntkError {
  return new CntkError("reading", `${name}: the file changed while it was being read`, {
    hint: "write data to another name and rename it when it is complete",
  });
}

function openText(name: string, log: (line: string) => void): number {
  try {
    const descriptor = retried(() => openSync(name, "r"), log);
    if (!fstatSync(descriptor).isDirectory()) return descriptor;
    closeSync(descriptor);
  } catch (error) {
    throw new CntkError("reading", `cannot open the data file '${name}': ${systemReason(error)}`, {
      hint: `the current directory is ${process.cwd()}`,
    });
  }
  throw new CntkError("reading", `expected a text file, but '${name}' is a folder`);
}

/** The most bytes the system is asked for at once. */
const MOST_BYTES = 2 ** 30;

/** @returns false if the file ends before */
function readPart(descriptor: number, buffer: Uint8Array, { begin, end, target }: TextPart) {
  let filled = 0;
  while (filled < end - begin) {
    const wanted = Math.min(MOST_BYTES, end - begin - filled);
    const read = readSync(descriptor, buffer, target + filled, wanted, begin + filled);
    if (read === 0) return false;
    filled += read;
  }
  return true;
}

/** A program that unpacks its standard input, which is a file of any size, to its standard output. */
const UNPACKER = `
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
const [input, output] = [createReadStream("", { fd: 0 }), createWriteStream("", { fd: 1 })];
await pipeline(input, createGunzip(), output).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
`;

/**
 * Unpacks into a file without a name, which goes when the program ends: random access needs the whole text, and memory
 * might not hold it. A process of its own does it, because Node.js unpacks streams only asynchronously.
 * @returns the descriptor of the text
 */
function unpack(name: string, packed: number): number {
  const fail = (reason: string) =>
    new CntkError("reading", `cannot unpack the data file '${name}': ${reason}`, {
      hint: `a name that ends in .gz stands for a text packed with gzip; it is unpacked in ${tmpdir()}`,
    });
  let text: number;
  try {
    text = openNameless();
  } catch (error) {
    throw fail(systemReason(error));
  }
  const { status, stderr, error } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", UNPACKER],
    { stdio: [packed, text, "pipe"], encoding: "utf8" },
  );
  if (status === 0) return text;
  closeSync(text);
  throw fail(error === undefined ? stderr.trim() : systemReason(error));
}

/** Opens a new temporary file and takes its name away. */
function openNameless(): number {
  const folder = mkdtempSync(path.join(tmpdir(), "tscntk-"));
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  const descriptor = openSync(path.join(folder, "text"), "w+");
  try {
    remove();
  } catch {
    // Windows does not remove files that are open.
    process.once("exit", remove);
  }
  return descriptor;
}
