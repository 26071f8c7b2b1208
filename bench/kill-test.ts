/**
 * `npm run kill-test [-- --kills N --seed S NAME ...]`: trains, kills the process at random moments, starts it again until
 * it is done, and compares every file with those of a run that nobody disturbed.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { MersenneTwister } from "../src/random/mersenne-twister.js";

const PROGRAM = "dist/src/cli/main.js";
const EPOCHS = 60;

/** When a process is killed: milliseconds after that many epochs of it began; 0 epochs stands for its start. */
interface Moment {
  readonly epochs: number;
  readonly milliseconds: number;
}

/** One in four is killed at any moment, before it has begun to train perhaps; the others while they train and save. */
function randomMoment(random: MersenneTwister): Moment {
  if (random.below(4) === 0) return { epochs: 0, milliseconds: random.below(3000) };
  return { epochs: 1 + random.below(4), milliseconds: random.below(300) };
}

/** A training and what the command line adds to its config. */
interface Case {
  readonly name: string;
  readonly parameters: readonly string[];
  /** a file without which it cannot run */
  readonly needs?: string;
}

const CONFIG = `
command = train
traceLevel = 1
train = {
  action = train
  BrainScriptNetworkBuilder = {
    features = Input {8}
    labels = Input {3}
    h = Dropout (BatchNormalizationLayer {} (DenseLayer {12, activation = ReLU} (features)))
    z = LinearLayer {3} (h)
    ce = CrossEntropyWithSoftmax (labels, z)
    featureNodes = (features) ; labelNodes = (labels) ; criterionNodes = (ce) ; outputNodes = (z)
  }
  SGD = {
    maxEpochs = ${EPOCHS} ; epochSize = 1000 ; minibatchSize = 32 ; dropoutRate = 0.2
    learningRatesPerSample = 0.001*20:0.0005 ; momentumAsTimeConstant = 100
  }
  reader = { readerType = CNTKTextFormatReader ; file = "$dataFile$" ; input = {
    features = { dim = 8 ; format = dense } ; labels = { dim = 3 ; format = sparse }
  } }
}
`;

function learner(name: string, settings: string): Case {
  return { name, parameters: [`configFile=$folder/small.cntk`, `train=[SGD=[${settings}]]`] };
}

const CASES: readonly Case[] = [
  {
    name: "07",
    parameters: [
      "configFile=configs/07_Deconvolution_BS.cntk",
      "command=trainNetwork",
      `trainNetwork=[SGD=[maxEpochs=${EPOCHS};epochSize=2000]]`,
    ],
    needs: "data/MNIST/Train-28x28_cntk_text.txt",
  },
  learner("momentum", "gradUpdateType=none"),
  learner("Nesterov", "useNAG=true"),
  learner("AdaGrad", "gradUpdateType=adagrad"),
  learner("RmsProp", "gradUpdateType=rmsProp"),
  learner("FSAdaGrad", "gradUpdateType=fsAdagrad"),
];

/** The folder of everything that is written, and its files by name. */
const folder = mkdtempSync(path.join(tmpdir(), "kill-test-"));
const filesIn = (directory: string) =>
  new Map(
    readdirSync(directory)
      .sort()
      .map((name) => [name, readFileSync(path.join(directory, name)).toString("latin1")]),
  );

/** Samples of three classes. */
function writeData(random: MersenneTwister): void {
  const rows = Array.from({ length: 1000 }, () => {
    const values = Array.from({ length: 8 }, () => random.below(256) / 64);
    return `|features ${values.join(" ")} |labels ${Math.floor(random.below(768) / 256)}:1\n`;
  });
  writeFileSync(path.join(folder, "data.txt"), rows.join(""));
  writeFileSync(path.join(folder, "small.cntk"), CONFIG);
}

interface Ending {
  readonly wasKilled: boolean;
  readonly exitCode: number | null;
  readonly log: string;
}

/** @param moment when the process is killed; undefined lets it end */
async function run({ parameters }: Case, output: string, moment?: Moment): Promise<Ending> {
  const args = [
    ...parameters.map((parameter) => parameter.replace("$folder", folder)),
    ...[`dataFile=${folder}/data.txt`, `modelPath=${output}/m`, "makeMode=true"],
  ];
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  const kill = () => {
    setTimeout(() => child.kill("SIGKILL"), moment?.milliseconds);
  };
  if (moment?.epochs === 0) kill();
  let isWaiting = moment !== undefined && moment.epochs > 0;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
    const begun = log.split("Starting minibatch loop").length - 1;
    if (!isWaiting || begun < (moment?.epochs ?? 0)) return;
    isWaiting = false;
    kill();
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode, signal) => {
      resolve({ wasKilled: signal === "SIGKILL", exitCode, log });
    });
  });
}

/** What differs between two folders; empty if nothing does. */
function differences(expected: string, found: string): string[] {
  const [wanted, present] = [filesIn(expected), filesIn(found)];
  const names = [...new Set([...wanted.keys(), ...present.keys()])];
  return names.filter((name) => wanted.get(name) !== present.get(name));
}

/** Kills trainings of one case until there were enough. @returns whether all ended with the same files */
async function test(one: Case, kills: number, random: MersenneTwister): Promise<boolean> {
  const reference = path.join(folder, "undisturbed");
  rmSync(reference, { recursive: true, force: true });
  const { exitCode, log } = await run(one, reference);
  if (exitCode !== 0) {
    console.log(`${one.name}: FAILED without being killed\n${log.slice(-2000)}`);
    return false;
  }
  let killed = 0;
  let trainings = 0;
  while (killed < kills) {
    const output = path.join(folder, "killed");
    rmSync(output, { recursive: true, force: true });
    trainings++;
    let ending: Ending;
    do {
      ending = await run(one, output, killed < kills ? randomMoment(random) : undefined);
      if (ending.wasKilled) killed++;
    } while (ending.wasKilled);
    const changed = differences(reference, output);
    if (ending.exitCode === 0 && changed.length === 0) continue;
    console.log(`${one.name}: FAILED after ${killed} kills: ${changed.join(", ")}`);
    if (ending.exitCode !== 0) console.log(ending.log.slice(-2000));
    return false;
  }
  const files = filesIn(reference).size;
  console.log(
    `${one.name}: killed ${killed} times, trainings completed: ${trainings}; all ${files} files have the same bytes`,
  );
  return true;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      kills: { type: "string", default: "50" },
      seed: { type: "string", default: "1" },
    },
    allowPositionals: true,
  });
  const known = CASES.map(({ name }) => name);
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`unknown training ${unknown.join(", ")}; there are: ${known.join(", ")}`);
    process.exitCode = 1;
    return;
  }
  const random = new MersenneTwister(Number(values.seed));
  writeData(random);
  const wanted = CASES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  for (const one of wanted) {
    const isPossible = one.needs === undefined || existsSync(one.needs);
    if (!isPossible) console.log(`${one.name}: ${one.needs ?? ""} is missing`);
    if (!isPossible || !(await test(one, Number(values.kills), random))) process.exitCode = 1;
  }
  rmSync(folder, { recursive: true });
}

await main();
