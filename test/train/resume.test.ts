/** A training that is stopped at any moment and started again ends with the same files as one that nobody disturbed. */

import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { runProgram } from "../../src/cli/program.js";
import { MersenneTwister } from "../../src/random/mersenne-twister.js";
import { buildProgram } from "../cli/build-program.js";

const directory = mkdtempSync(path.join(os.tmpdir(), "tscntk-resume-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});
const inDirectory = (name: string) => path.join(directory, name);

const EPOCHS = 4;

/** Command `NAME` trains with one update rule; what is random while training comes from Dropout. */
const LEARNERS: Readonly<Record<string, string>> = {
  momentum: "momentumAsTimeConstant = 50",
  Nesterov: "momentumAsTimeConstant = 50 ; useNAG = true",
  AdaGrad: "gradUpdateType = adagrad",
  RmsProp: "gradUpdateType = rmsProp",
  FSAdaGrad: "gradUpdateType = fsAdagrad",
};

// Initial values are numbered within a process: a constant number makes them independent of which trainings it did.
const CONFIG = `
traceLevel = 1
forceConstantRandomSeed = true
reader = { readerType = CNTKTextFormatReader ; file = "${inDirectory("data.txt")}" ; input = {
  features = { dim = 4 ; format = dense } ; labels = { dim = 3 ; format = sparse }
} }
BrainScriptNetworkBuilder = {
  features = Input {4}
  labels = Input {3}
  h = Dropout (BatchNormalizationLayer {} (DenseLayer {6, activation = ReLU} (features)))
  z = LinearLayer {3} (h)
  ce = CrossEntropyWithSoftmax (labels, z)
  featureNodes = (features) ; labelNodes = (labels) ; criterionNodes = (ce) ; outputNodes = (z)
}
${Object.entries(LEARNERS)
  .map(
    ([name, keys]) =>
      `${name} = { action = train ; modelPath = "$to$/${name}" ; SGD = { ${keys} } }`,
  )
  .join("\n")}
maxEpochs = ${EPOCHS} ; minibatchSize = 8 ; learningRatesPerSample = 0.01*2:0.005 ; dropoutRate = 0.3
`;

beforeAll(() => {
  const random = new MersenneTwister(1);
  const row = () => Array.from({ length: 4 }, () => random.below(32) / 8).join(" ");
  const rows = Array.from({ length: 40 }, (_, i) => `|features ${row()} |labels ${i % 3}:1\n`);
  writeFileSync(inDirectory("data.txt"), rows.join(""));
  writeFileSync(inDirectory("resume.cntk"), CONFIG);
});

/** Arguments that train into the folder `to`. */
const argumentsFor = (to: string, ...more: readonly string[]) => [
  ...["--backend", "cpu", `configFile=${inDirectory("resume.cntk")}`, `to=${inDirectory(to)}`],
  ...more,
];

async function train(to: string, ...more: readonly string[]) {
  return trainAnd(() => undefined, to, ...more);
}

/** Trains, and shows everything that is logged to somebody. */
async function trainAnd(
  onText: (text: string) => void,
  to: string,
  ...more: readonly string[]
): Promise<{ status: number; log: string }> {
  let log = "";
  const status = await runProgram(argumentsFor(to, ...more), {
    stdout: () => undefined,
    stderr: {
      write: (text) => {
        log += text;
        onText(text);
      },
      columns: undefined,
    },
  });
  return { status, log };
}

/** Files of a folder with a digest of their bytes. */
const filesIn = (folder: string) =>
  Object.fromEntries(
    readdirSync(inDirectory(folder))
      .sort()
      .map((name) => [name, digest(readFileSync(path.join(inDirectory(folder), name)))]),
  );

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const commands = (...names: readonly string[]) => `command=${names.join(":")}`;
const ALL = commands(...Object.keys(LEARNERS));

let undisturbed: Record<string, string> = {};
beforeAll(async () => {
  const { status } = await train("all", ALL, "keepCheckPointFiles=true");
  expect(status).toBe(0);
  const files = Object.entries(filesIn("all"));
  undisturbed = Object.fromEntries(files.filter(([name]) => !/\.\d\.ckp$/.test(name)));
  expect(Object.keys(undisturbed).length).toBe(6 * Object.keys(LEARNERS).length);
}, 60_000);

/** The undisturbed files of one command. */
const filesOf = (name: string) =>
  Object.fromEntries(Object.entries(undisturbed).filter(([file]) => file.startsWith(name)));

/** A folder as a killed training leaves it: copies of files that were written, the last one perhaps in part. */
function leave(folder: string, files: readonly string[], half?: string): void {
  rmSync(inDirectory(folder), { recursive: true, force: true });
  mkdirSync(inDirectory(folder));
  for (const name of files)
    copyFileSync(inDirectory(`all/${name}`), inDirectory(`${folder}/${name}`));
  if (half === undefined) return;
  const temporary = inDirectory(`${folder}/${half}.tmp`);
  copyFileSync(inDirectory(`all/${half}`), temporary);
  truncateSync(temporary, 100);
}

describe("a training that was killed", () => {
  const afterTwo = ["momentum.0", "momentum.1", "momentum.2", "momentum.2.ckp"];

  it.each<{ when: string; files: readonly string[]; half?: string }>([
    { when: "before anything was saved", files: [] },
    { when: "while the first model was saved", files: [], half: "momentum.0" },
    { when: "in the first epoch", files: ["momentum.0"] },
    { when: "in the third epoch", files: afterTwo },
    { when: "while a checkpoint was saved", files: afterTwo, half: "momentum.3.ckp" },
    { when: "after a checkpoint was saved", files: [...afterTwo, "momentum.3.ckp"] },
    { when: "while a model was saved", files: [...afterTwo, "momentum.3.ckp"], half: "momentum.3" },
    {
      when: "before a checkpoint was removed",
      files: [...afterTwo, "momentum.3.ckp", "momentum.3"],
    },
    {
      when: "before the last checkpoint was removed",
      files: [...afterTwo.slice(0, 3), "momentum.3", "momentum.3.ckp", "momentum.ckp", "momentum"],
    },
  ])("$when ends with the same files", async ({ files, half }) => {
    leave("killed", files, half);
    const { status } = await train("killed", commands("momentum"));
    expect(status).toBe(0);
    expect(filesIn("killed")).toEqual(filesOf("momentum"));
  });

  it.each(Object.keys(LEARNERS))("goes on with the state of %s", async (name) => {
    leave("learner", [`${name}.0`, `${name}.1`, `${name}.2`, `${name}.2.ckp`]);
    const { status, log } = await train("learner", commands(name));
    expect(status).toBe(0);
    expect(log).toContain(`Loading network from '${inDirectory(`learner/${name}.2`)}'`);
    expect(filesIn("learner")).toEqual(filesOf(name));
  });

  it("keeps all checkpoints if asked to", async () => {
    leave("kept", ["AdaGrad.0", "AdaGrad.1", "AdaGrad.1.ckp", "AdaGrad.2", "AdaGrad.2.ckp"]);
    await train("kept", commands("AdaGrad"), "keepCheckPointFiles=true");
    expect(Object.keys(filesIn("kept")).filter((name) => name.endsWith(".ckp"))).toEqual(
      ["1.", "2.", "3.", ""].map((epoch) => `AdaGrad.${epoch}ckp`),
    );
  });

  it("starts over if the newest model is older than the one before it", async () => {
    leave("older", ["momentum.0", "momentum.2", "momentum.2.ckp"]);
    // written later than .2: it belongs to another training
    await new Promise((resolve) => setTimeout(resolve, 20));
    copyFileSync(inDirectory("all/momentum.1"), inDirectory("older/momentum.1"));
    const { log } = await train("older", commands("momentum"));
    expect(log).toContain(`Loading network from '${inDirectory("older/momentum.1")}'`);
    expect(log).toContain("Warning: Checkpoint file is missing.");
  });
});

describe("several trainings of one run", () => {
  const SEVERAL =
    CONFIG.replace("forceConstantRandomSeed = true", "") +
    `edited = { action = edit ; outputModelPath = "$to$/edited" }`;
  const ORDER = commands("momentum", "edited", "Nesterov", "AdaGrad");
  const more = [ORDER, "maxEpochs=2", "keepCheckPointFiles=true"];
  const several = async (to: string) => {
    writeFileSync(inDirectory("several.cntk"), SEVERAL);
    const args = argumentsFor(to, ...more).map((arg) => arg.replace("resume.cntk", "several.cntk"));
    let log = "";
    const write = (text: string) => (log += text);
    const streams = { stdout: () => undefined, stderr: { write, columns: undefined } };
    return { status: await runProgram(args, streams), log };
  };

  let whole: Record<string, string> = {};
  beforeAll(async () => {
    const { status } = await several("several");
    expect(status).toBe(0);
    whole = filesIn("several");
  });

  it("begin with different values", () => {
    expect(new Set([whole["momentum.0"], whole["Nesterov.0"], whole["AdaGrad.0"]]).size).toBe(3);
  });

  it.each([
    { when: "before the second command", files: /^momentum/, skipped: 1 },
    { when: "in the third command", files: /^(momentum|edited|Nesterov\.[01])/, skipped: 1 },
    { when: "after the third command", files: /^(momentum|edited|Nesterov)/, skipped: 2 },
    { when: "in the first command", files: /^momentum\.[01]/, skipped: 0 },
  ])("end with the same files if killed $when", async ({ files, skipped }) => {
    const folder = `again-${files.source.length}`;
    mkdirSync(inDirectory(folder));
    for (const name of Object.keys(whole).filter((file) => files.test(file))) {
      copyFileSync(inDirectory(`several/${name}`), inDirectory(`${folder}/${name}`));
      // a model must not be older than the one before it
      utimesSync(inDirectory(`${folder}/${name}`), 1, 1);
    }
    const { status, log } = await several(folder);
    expect(log).not.toContain("WARNING");
    expect(log.split("No further training is necessary.").length - 1).toBe(skipped);
    expect(status).toBe(0);
    expect(filesIn(folder)).toEqual(whole);
  });
});

describe("a training that cannot go on", () => {
  it.each<{ what: string; name: string; checkpoint: string; model?: string; message: RegExp }>([
    {
      what: "the state of another update rule",
      name: "AdaGrad",
      checkpoint: "RmsProp.2.ckp",
      message: /the checkpoint holds 3 numbers .* but gradUpdateType = adagrad keeps 1\n.*rmsProp/,
    },
    {
      what: "a model in place of a checkpoint",
      name: "momentum",
      checkpoint: "momentum.2",
      message: /momentum\.2\.ckp: byte 0: expected the marker "BCKP", found/,
    },
    {
      what: "a checkpoint in place of a model",
      name: "momentum",
      model: "momentum.2.ckp",
      checkpoint: "momentum.2.ckp",
      message: /momentum\.2: expected a model, found a training checkpoint/,
    },
  ])("says why: $what", async ({ name, checkpoint, model, message }) => {
    leave("wrong", [`${name}.0`, `${name}.1`]);
    copyFileSync(inDirectory(`all/${model ?? `${name}.2`}`), inDirectory(`wrong/${name}.2`));
    copyFileSync(inDirectory(`all/${checkpoint}`), inDirectory(`wrong/${name}.2.ckp`));
    const { status, log } = await train("wrong", commands(name));
    expect(log).toMatch(message);
    expect(log).not.toContain("error in tscntk itself");
    expect(status).toBe(1);
  });
});

describe("a training that cannot write", () => {
  const hasFullDevice = existsSync("/dev/full");
  if (!hasFullDevice) console.warn("There is no /dev/full: the full disk is not tested.");

  (hasFullDevice ? it : it.skip)(
    "says that the disk is full, and keeps what it saved",
    async () => {
      leave("full", ["momentum.0", "momentum.1", "momentum.2", "momentum.2.ckp"]);
      // what writes the next model writes to a device without room
      const file = inDirectory("full/momentum.3");
      const before = filesIn("full");
      const fill = (text: string) => {
        if (text.includes("Starting Epoch 3")) symlinkSync("/dev/full", `${file}.tmp`);
      };
      const { status, log } = await trainAnd(fill, "full", commands("momentum"));
      expect(log).toContain(
        `running: cannot write '${file}': ENOSPC: no space left on device\n  hint: the disk is full;`,
      );
      expect(status).toBe(1);
      const { "momentum.3.ckp": checkpoint, ...rest } = filesIn("full");
      expect(rest).toEqual(before);
      expect(checkpoint).toBeDefined();
      await train("full", commands("momentum"));
      expect(filesIn("full")).toEqual(filesOf("momentum"));
    },
  );

  const hasProc = existsSync("/proc/self");
  if (!hasProc) console.warn("There is no /proc: a system that refuses folders is not tested.");

  (hasProc ? it : it.skip)("says so where the system makes no folders", async () => {
    const elsewhere = "momentum=[modelPath=/proc/none/model]";
    const { status, log } = await train("proc", commands("momentum"), elsewhere);
    expect(log).toMatch(/running: cannot create the folder '.proc.none' for the model: E\w+: /);
    expect(status).toBe(1);
  });

  it("says so before it begins", async () => {
    writeFileSync(inDirectory("file"), "");
    const { status, log } = await train("file", commands("momentum"));
    expect(log).toMatch(/running: cannot create the folder '.*' for the model: E\w+: /);
    expect(status).toBe(1);
  });
});

describe("as a process", () => {
  let main = "";
  const build = path.join("output", `resume-${process.pid}`);
  beforeAll(() => {
    main = buildProgram(build);
  });
  afterAll(() => {
    rmSync(build, { recursive: true });
  });

  interface Ending {
    readonly code: number | null;
    readonly signal: string | null;
    readonly log: string;
  }

  /** Starts the program; `onEpoch` sees it when its `epoch`-th epoch of this run begins. */
  async function start(
    args: readonly string[],
    epoch: number,
    onEpoch: (child: ChildProcess) => void,
  ): Promise<Ending> {
    const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    let hasBegun = false;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (hasBegun || log.split("Starting minibatch loop").length <= epoch) return;
      hasBegun = true;
      onEpoch(child);
    });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => {
        resolve({ code, signal, log });
      });
    });
  }

  it("is killed again and again, and ends with the same files", async () => {
    const random = new MersenneTwister(7);
    for (let kills = 0; kills < 2; kills++) {
      const [epoch, milliseconds] = [1 + random.below(6), random.below(30)];
      const { signal } = await start(argumentsFor("process", ALL), epoch, (child) => {
        setTimeout(() => child.kill("SIGKILL"), milliseconds);
      });
      expect(signal).toBe("SIGKILL");
    }
    expect((await train("process", ALL)).status).toBe(0);
    expect(filesIn("process")).toEqual(undisturbed);
  }, 60_000);

  it("ends after the minibatch at Ctrl-C, says how to go on, and goes on", async () => {
    const { code, log } = await start(
      argumentsFor("stopped", ALL, "maxEpochs=4000"),
      2,
      (child) => {
        child.kill("SIGINT");
      },
    );
    expect(log).toMatch(
      /Ctrl-C: the run ends after this minibatch\. Once more ends it at once\.\n/,
    );
    expect(log).toMatch(
      /\nStopped in epoch \d+ of 4000, after \d+ minibatches\. What was trained up to epoch \d+ is in '.*stopped\/momentum\.\d+'\.\nTo go on, start the same command again\.\n$/,
    );
    expect(code).toBe(130);
    expect(Object.keys(filesIn("stopped")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  }, 60_000);

  it("ends at once at the second Ctrl-C, within a minibatch that takes seconds", async () => {
    const wide = CONFIG.replace(
      "(features)))",
      "(DenseLayer {3000} (DenseLayer {3000} (features)))))",
    );
    writeFileSync(
      inDirectory("wide.cntk"),
      wide.replace("minibatchSize = 8", "minibatchSize = 40"),
    );
    const twice = argumentsFor("twice", commands("momentum"), "maxEpochs=1");
    const args = twice.map((arg) => arg.replace("resume.cntk", "wide.cntk"));
    const { signal, log } = await start(args, 1, (child) => {
      child.stderr?.on("data", (text: string) => {
        if (text.includes("Ctrl-C")) child.kill("SIGINT");
      });
      // before the first minibatch it would be obeyed at once
      setTimeout(() => child.kill("SIGINT"), 300);
    });
    expect(log).toMatch(/Ctrl-C: .* Once more ends it at once\.\n$/);
    expect(signal).toBe("SIGINT");
    expect(Object.keys(filesIn("twice"))).toEqual(["momentum.0"]);
  }, 60_000);
});
