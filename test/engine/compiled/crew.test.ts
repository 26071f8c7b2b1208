/** Threads that share a memory: every task is done once, and one that fails is an error, not a hang. */

import { afterAll, describe, expect, it } from "@jest/globals";
import { createCrew } from "../../../src/engine/compiled/crew.js";
import { controlBytes } from "../../../src/engine/compiled/tasks.js";
import { encodeCall, loadKernelLibrary, type KernelLibrary } from "../../../src/kernels/library.js";

const THREADS = 3;
/** Where the lists of the tasks, and where the numbers that they write begin. */
const [CONTROL, LISTS, NUMBERS] = [64, 4096, 8192];
const LIST_BYTES = 256;

function writeFill(library: KernelLibrary, rank: number, offset: number, value: number) {
  const list = encodeCall("fill_with", [offset, 1, value]);
  const at = LISTS + rank * LIST_BYTES;
  new Float64Array(library.memory.buffer, at, list.length).set(list);
  return { offset: at, count: 1 };
}

function start() {
  const library = loadKernelLibrary("wasm", 1 << 20);
  if (library === undefined) throw new Error("no kernels have been built here (npm run build)");
  if (controlBytes(THREADS) > LISTS - CONTROL) throw new Error("too little room for the tests");
  return { library, crew: createCrew(library, THREADS, CONTROL) };
}

describe("a crew", () => {
  const { library, crew } = start();
  afterAll(() => crew.dispose());

  it.each([
    ["together", false],
    ["alone", true],
  ])("does every task once, %s", (_, alone) => {
    const numbers = new Float32Array(library.memory.buffer, NUMBERS, THREADS);
    for (let round = 1; round <= 2000; round++) {
      const tasks = [0, 1, 2].map((rank) =>
        writeFill(library, rank, NUMBERS + 4 * rank, 10 * round + rank),
      );
      crew.run(tasks, alone);
      expect([...numbers]).toEqual([10 * round, 10 * round + 1, 10 * round + 2]);
    }
  });
});

it("fails when a thread fails", async () => {
  const { library, crew } = start();
  const beyond = library.memory.buffer.byteLength;
  const run = () => {
    const tasks = [NUMBERS, beyond, NUMBERS].map((offset, rank) =>
      writeFill(library, rank, offset, 1),
    );
    crew.run(tasks, false);
  };
  expect(run).toThrow(/failed|out of bounds/);
  // a thread that is gone is told at the next run, at the latest when the program has heard of it
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(run).toThrow(/failed|out of bounds/);
  crew.dispose();
});
