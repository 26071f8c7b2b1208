/** Runs a module of this repository in a page of a headless Chromium, and brings back what it computed. */

import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { transformFileSync } from "@swc/core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The program to start: from CHROME_PATH, or found on the PATH. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const places = folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  return [process.env.CHROME_PATH ?? "", ...places].find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A page: the head, and a module that hands its result to `report`. */
export interface Page {
  readonly head: string;
  readonly module: string;
  /** alone in its process, where pages may have threads that share memory */
  readonly isIsolated?: boolean;
}

const TIME_LIMIT = 60_000;

/** Loads the page until it reports. @returns what it reported. @throws Error with what went wrong in it */
export async function runPage(chromium: string, page: Page): Promise<unknown> {
  let report: (text: string) => void = () => undefined;
  const reported = new Promise<string>((resolve) => (report = resolve));
  const server = createServer((request, response) => answer(page, request, response, report));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const profile = mkdtempSync(path.join(tmpdir(), "chromium-"));
  // a group of its own, so that all its processes end together
  const browser = spawn(chromium, [...flags(profile), `http://127.0.0.1:${port}/`], {
    detached: true,
    stdio: "ignore",
  });
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<string>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the page did not report in time")), TIME_LIMIT);
  });
  try {
    const result = JSON.parse(await Promise.race([reported, tooLate])) as { error?: string };
    if (result.error !== undefined) throw new Error(`in the page: ${result.error}`);
    return result;
  } finally {
    clearTimeout(timer);
    const ended = new Promise((resolve) => browser.once("exit", resolve));
    // asked politely, some of its processes would go on writing into the profile
    if (browser.exitCode === null && browser.pid !== undefined) {
      process.kill(-browser.pid, "SIGKILL");
      await ended;
    }
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

const flags = (profile: string): string[] => [
  ...["--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"],
  // the sandbox does not start for root
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  `--user-data-dir=${profile}`,
];

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/** Serves the page, sources as JavaScript, and files of packages and of the build; takes the report. */
function answer(
  page: Page,
  request: IncomingMessage,
  response: ServerResponse,
  report: (text: string) => void,
): void {
  const place = new URL(request.url ?? "/", "http://localhost").pathname;
  if (place === "/report") {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      response.end();
      report(Buffer.concat(parts).toString());
    });
    return;
  }
  if (page.isIsolated === true) {
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
  }
  if (place === "/") {
    response.setHeader("Content-Type", "text/html");
    response.end(documentOf(page));
    return;
  }
  const content = read(place.slice(1));
  if (content === undefined) response.statusCode = 404;
  else response.setHeader("Content-Type", TYPES[path.extname(place)] ?? "text/plain");
  response.end(content);
}

/** A file by its place in the repository; `.js` files of ours are made from their sources. */
function read(place: string): Buffer | string | undefined {
  const source = place.replace(/\.js$/, ".ts");
  if (/^(src|test)\//.test(place) && source !== place && existsSync(source)) {
    return transformFileSync(source, {
      jsc: { target: "es2022", parser: { syntax: "typescript" } },
      module: { type: "es6" },
    }).code;
  }
  const file = place.startsWith("node_modules/@tensorflow/") ? place : path.join("dist", place);
  return existsSync(file) ? readFileSync(file) : undefined;
}

const documentOf = ({ head, module }: Page): string => `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<script>
  const report = (result) => fetch("/report", { method: "POST", body: JSON.stringify(result) });
  addEventListener("error", ({ message }) => report({ error: message || "a script is missing" }), true);
  addEventListener("unhandledrejection", ({ reason }) => report({ error: String(reason?.stack ?? reason) }));
</script>
${head}
<script type="module">
${module}
</script>
`;
