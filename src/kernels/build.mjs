/**
 * Compiles the kernels (*.c in this folder) to dist/src/kernels/kernels.wasm and, where there is a C compiler, to native
 * modules kernels-<vectors>.node; part of `npm run build`. The
 * compiler for WebAssembly is the development dependency @yowasp/clang, itself WebAssembly. The module lives in
 * another module's memory (TensorFlow.js's wasm backend), hence position-independent code without data and stack.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
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

const run = promisify(execFile);

/** True where /proc/cpuinfo names all these features. */
const hasFeatures = (...features) => {
  const info = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const flags = new Set(/^flags\s*:(.*)$/m.exec(info)?.[1]?.split(" "));
  return features.every((feature) => flags.has(feature));
};

/**
 * Forms of native code by processor, widest vectors first. Compiling one takes a while, so that only the best for this
 * machine is made; `--all`, for the published package, makes all of them.
 */
const NATIVE = {
  x64: [
    {
      name: "avx512",
      flags: ["-march=x86-64-v4", "-mprefer-vector-width=512", "-DLANES=16"],
      runs: () => hasFeatures("avx512f", "avx512bw", "avx512dq", "avx512vl"),
    },
    {
      name: "avx2",
      flags: ["-march=x86-64-v3", "-DLANES=8"],
      runs: () => hasFeatures("avx2", "fma"),
    },
  ],
  arm64: [{ name: "neon", flags: ["-DLANES=4"], runs: () => true }],
};

const NATIVE_FLAGS = [
  // -O3 takes twice as long and gains nothing: the kernels spell out their vectors and unrolled blocks
  ...["-std=gnu11", "-O2", "-fPIC", "-fno-math-errno", "-fno-trapping-math"],
  ...["-Wall", "-Wextra", "-Wno-unknown-pragmas", "-DNAPI_VERSION=8"],
];

/** C types of the arguments as the front reads them. */
const CAST = { number: "(int)", real: "(float)" };

/** The module's front: every kernel as a function of Node-API, offsets made pointers into the memory attached last. */
function front(kernelTable) {
  const parameter = (kind) => ({ number: "int", real: "float" })[kind] ?? "void *";
  const declarations = Object.entries(kernelTable).map(([name, signature]) => {
    const parameters = signature.arguments.map(parameter).join(", ") || "void";
    return `${signature.returnsNumber ? "int" : "void"} ${name}(${parameters});`;
  });
  const functions = Object.entries(kernelTable).map(([name, signature]) => {
    const values = signature.arguments.map(
      (kind, i) =>
        (CAST[kind] ?? "(void *)(base + (size_t)") + `v[${i}]` + (kind in CAST ? "" : ")"),
    );
    const count = signature.arguments.length;
    const call = `${name}(${values.join(", ")})`;
    const body = signature.returnsNumber ? `return number(env, ${call});` : `${call}; return 0;`;
    return `static napi_value call_${name}(napi_env env, napi_callback_info info) {
  double v[${count + 1}]; (void)v; arguments(env, info, ${count}, v); ${body}\n}`;
  });
  const table = Object.keys(kernelTable).map(
    (name) => `add(env, exports, "${name}", call_${name});`,
  );
  return `#include <stddef.h>
#include <node_api.h>
${declarations.join("\n")}
static char *base;
static void arguments(napi_env env, napi_callback_info info, size_t count, double *v) {
  napi_value values[32];
  size_t given = count;
  napi_get_cb_info(env, info, &given, values, 0, 0);
  for (size_t i = 0; i < count; i++) napi_get_value_double(env, values[i], &v[i]);
}
static napi_value number(napi_env env, int value) {
  napi_value result;
  napi_create_int32(env, value, &result);
  return result;
}
static napi_value attach(napi_env env, napi_callback_info info) {
  napi_value buffer;
  size_t count = 1;
  void *data = 0;
  napi_get_cb_info(env, info, &count, &buffer, 0, 0);
  napi_get_arraybuffer_info(env, buffer, &data, 0);
  base = data;
  return 0;
}
${functions.join("\n")}
static void add(napi_env env, napi_value exports, const char *name, napi_callback kernel) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, kernel, 0, &function);
  napi_set_named_property(env, exports, name, function);
}
NAPI_MODULE_INIT() {
  add(env, exports, "attach", attach);
  ${table.join("\n  ")}
  return exports;
}
`;
}

/** Compiles the kernels for this processor where there is a C compiler; without one the WebAssembly form serves. */
async function buildNative() {
  const forms = NATIVE[process.arch] ?? [];
  const wanted = process.argv.includes("--all")
    ? forms
    : forms.filter(({ runs }) => runs()).slice(0, 1);
  const compiler = await run("cc", ["--version"]).catch(() => undefined);
  if (wanted.length === 0 || compiler === undefined)
    return say("no C compiler for this machine: the kernels run as WebAssembly");
  const names = readdirSync(source).filter((name) => /\.[ch]$/.test(name));
  const { kernelTable } = await import(pathToFileURL(table).href);
  const text = front(kernelTable);
  const contents = names.map((name) => readFileSync(path.join(source, name), "utf8"));
  const hash = createHash("sha256")
    .update(JSON.stringify([contents, text, wanted, NATIVE_FLAGS, compiler.stdout]))
    .digest("hex");
  const nativeStamp = path.join(output, "kernels-native.hash");
  if (existsSync(nativeStamp) && readFileSync(nativeStamp, "utf8") === hash)
    return say("native form up to date");
  const headers = path.join(
    path.dirname(createRequire(import.meta.url).resolve("node-api-headers/package.json")),
    "include",
  );
  const started = Date.now();
  const temporary = mkdtempSync(path.join(tmpdir(), "kernels-"));
  const file = path.join(temporary, "front.c");
  writeFileSync(file, text);
  const sources = names.filter((name) => name.endsWith(".c"));
  const compileForm = async ({ name, flags }) => {
    const object = (index) => path.join(temporary, `${name}-${index}.o`);
    const files = [file, ...sources.map((family) => path.join(source, family))];
    const compileOne = (from, index) =>
      run("cc", [...NATIVE_FLAGS, ...flags, "-I", headers, "-c", from, "-o", object(index)]);
    try {
      await Promise.all(files.map(compileOne));
      const target = path.join(output, `kernels-${name}.node`);
      await run("cc", ["-shared", ...files.map((_, index) => object(index)), "-o", target]);
      return name;
    } catch (error) {
      say(`the native form ${name} does not compile here: ${error.stderr?.split("\n")[0]}`);
      return undefined;
    }
  };
  mkdirSync(output, { recursive: true });
  const built = await Promise.all(wanted.map(compileForm));
  rmSync(temporary, { recursive: true });
  writeFileSync(nativeStamp, hash);
  const done = built.filter(Boolean).join(", ");
  if (done !== "") say(`compiled native form ${done} in ${Date.now() - started} ms`);
}

try {
  await Promise.all([build(), buildNative()]);
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
