/**
 * Compiles the kernels (*.c in this folder) to dist/src/kernels/kernels.wasm; part of `npm run build`. The compiler is
 * the development dependency @yowasp/clang, itself WebAssembly, so nothing else need be installed. The module lives in
 * another module's memory (TensorFlow.js's wasm backend), hence position-independent code without data and stack.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const source = import.meta.dirname;
const output = path.join(source, "..", "..", "dist", "src", "kernels");
const module = path.join(output, "kernels.wasm");
const stamp = path.join(output, "kernels.hash");
const table = path.join(output, "table.js");

const FLAGS = [
  ...["--target=wasm32", "-std=c11", "-nostdlib", "-O3", "-msimd128", "-mbulk-memory"],
  ...["-fno-builtin", "-fPIC", "-shared", "-Wall", "-Wextra"],
  ...["-Wl,--experimental-pic", "-Wl,--import-memory", "-Wl,--no-entry", "-Wl,--strip-debug"],
];

const say = (text) => console.log(`kernels: ${text}`);

/** What the module may ask of its host; anything else means that a kernel uses static data, a stack or a library. */
const KNOWN_IMPORTS = ["memory", "__memory_base", "__table_base", "__indirect_function_table"];

function check(bytes) {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  const unknown = imports.map(({ name }) => name).filter((name) => !KNOWN_IMPORTS.includes(name));
  if (unknown.length > 0)
    throw new Error(
      `a kernel needs ${unknown.join(", ")}: no static data, no arrays with addresses`,
    );
}

async function compile(files, names) {
  const { runClang, runLLVM } = await import("@yowasp/clang");
  // Without this the package reports every part of the compiler that it loads.
  await runLLVM(null, {}, { fetchProgress: () => undefined });
  const messages = [];
  const collect = (bytes) => bytes && messages.push(Buffer.from(bytes).toString());
  const sources = Object.keys(files).filter((name) => name.endsWith(".c"));
  const exported = names.map((name) => `-Wl,--export=${name}`);
  try {
    const result = await runClang(
      ["clang", ...FLAGS, ...exported, ...sources, "-o", "kernels.wasm"],
      files,
      { stdout: collect, stderr: collect },
    );
    if (messages.length > 0) console.error(messages.join(""));
    return result["kernels.wasm"];
  } catch (error) {
    throw new Error(`${messages.join("")}${error.message}`);
  }
}

async function build() {
  const names = readdirSync(source).filter((name) => /\.[ch]$/.test(name));
  const files = Object.fromEntries(
    names.map((name) => [name, readFileSync(path.join(source, name), "utf8")]),
  );
  const { kernelTable } = await import(pathToFileURL(table).href);
  const exported = Object.keys(kernelTable);
  const hash = createHash("sha256")
    .update(JSON.stringify([files, FLAGS, exported]))
    .digest("hex");
  if (existsSync(module) && existsSync(stamp) && readFileSync(stamp, "utf8") === hash)
    return say("up to date");
  const started = Date.now();
  const bytes = await compile(files, exported);
  check(bytes);
  mkdirSync(output, { recursive: true });
  writeFileSync(module, bytes);
  writeFileSync(stamp, hash);
  say(`compiled ${names.length} files to ${bytes.length} bytes in ${Date.now() - started} ms`);
}

try {
  await build();
} catch (error) {
  const isMissing =
    error.code === "ERR_MODULE_NOT_FOUND" && error.message.includes("@yowasp/clang");
  if (!isMissing) {
    console.error(`kernels: ${error.message}`);
    process.exitCode = 1;
  } else if (existsSync(module)) {
    say("the compiler @yowasp/clang is not installed; the kernels compiled earlier are used");
  } else {
    say(
      "the compiler @yowasp/clang is not installed; networks run without our own kernels, slower",
    );
  }
}
