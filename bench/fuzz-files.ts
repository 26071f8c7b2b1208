/** `npm run fuzz-files [-- --runs N --seed S KIND ...]`: reads damaged models, checkpoints and texts, N of each. */

import { parseArgs } from "node:util";
import { fuzzCheckpoints, fuzzModels } from "../test/faults/fuzz-models.js";
import { fuzzTexts } from "../test/faults/fuzz-texts.js";

const KINDS = { models: fuzzModels, checkpoints: fuzzCheckpoints, texts: fuzzTexts };

const { values, positionals } = parseArgs({
  options: {
    runs: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
  },
  allowPositionals: true,
});

for (const [kind, fuzz] of Object.entries(KINDS)) {
  if (positionals.length > 0 && !positionals.includes(kind)) continue;
  const { runs, refused, slowest, slowestRun, memory, failures } = fuzz(
    Number(values.runs),
    Number(values.seed),
  );
  const memoryText = `${(memory / 2 ** 20).toFixed(0)} MiB more memory at most`;
  console.log(
    `${kind}: ${runs} files, ${refused} refused, ${failures.length} failures; ` +
      `the slowest, run ${slowestRun}, took ${slowest.toFixed(0)} ms of processor time, ${memoryText}`,
  );
  for (const { run, error } of failures.slice(0, 10)) {
    console.log(
      `  run ${run}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
  if (failures.length > 0) process.exitCode = 1;
}
