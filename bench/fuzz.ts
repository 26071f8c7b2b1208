/** `npm run fuzz -- --runs N --seed S [--run K]`: mutates configs and cases, and tells which texts the program cannot stand. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { readCorpus } from "./fuzz/corpus.js";
import { fuzz, mutant } from "./fuzz/run.js";

const MOST_MILLISECONDS = 2000;
const MOST_MEGABYTES = 512;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    /** only this run, with its text printed */
    run: { type: "string" },
  },
});
const seed = Number(values.seed);
const only = values.run === undefined ? undefined : Number(values.run);
const corpus = readCorpus(process.cwd());
if (only !== undefined) process.stdout.write(mutant({ corpus, seed }, only).bytes);
const folder = mkdtempSync(path.join(os.tmpdir(), "tscntk-fuzz-"));
const start = performance.now();
const outcome = await fuzz({
  corpus,
  seed,
  first: only ?? 0,
  last: only ?? Number(values.runs) - 1,
  folder,
  milliseconds: MOST_MILLISECONDS,
  onRun: (run, bytes) => {
    // if the process dies, the text that killed it stands in this file, behind the number of the run
    writeFileSync(path.join(folder, "run.txt"), Buffer.concat([Buffer.from(`${run}\n`), bytes]));
  },
});
const megabytes = process.resourceUsage().maxRSS / 1024;
for (const { run, name, problem } of outcome.findings) {
  console.log(
    `run ${run} (${name}): ${problem}\n  repeat it: npm run fuzz -- --seed ${seed} --run ${run}\n`,
  );
}
const { right, mistakes, slowest, findings } = outcome;
const seconds = ((performance.now() - start) / 1000).toFixed(1);
console.log(
  `seed ${seed}: ${right + mistakes + findings.length} runs, ${right} right, ${mistakes} with mistakes told, ${findings.length} findings; ` +
    `${seconds} s, slowest ${slowest.milliseconds.toFixed(0)} ms (run ${slowest.run}), ${megabytes.toFixed(0)} MB`,
);
if (megabytes > MOST_MEGABYTES) console.log(`more than ${MOST_MEGABYTES} MB`);
rmSync(folder, { recursive: true });
if (findings.length > 0 || megabytes > MOST_MEGABYTES) process.exitCode = 1;
