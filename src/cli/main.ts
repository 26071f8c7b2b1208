#!/usr/bin/env node
/** Entry point of `tscntk`. */

import { runProgram } from "./program.js";

// a reader of our output that has seen enough (`| head`) is no error
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(1);
  });
}

/** A terminal that does not know its width says 0. */
function terminalColumns(): number | undefined {
  if (!process.stderr.isTTY) return undefined;
  return process.stderr.columns > 0 ? process.stderr.columns : 80;
}

process.exitCode = await runProgram(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: {
    write: (text) => void process.stderr.write(text),
    columns: terminalColumns(),
  },
});
