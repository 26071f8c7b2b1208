/**
 * Compiles the kernels (*.c in this folder), part of `npm run build`: to kernels.wasm, which lives in the memory of
 * TensorFlow.js's wasm backend, to kernels-shared.wasm for a memory that threads share, and, where there is a C compiler,
 * to native modules kernels-<vectors>.node. The compiler for WebAssembly is the development dependency @yowasp/clang,
 * itself WebAssembly. A module in another module's memory must be position-independent code without data and stack.
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

const COMPILE_FLAGS = [
  ...["--target=wasm32", "-std=c11", "-nostdlib", "-O3", "-msimd128", "-mbulk-memory", "-matomics"],
  ...["-fno-builtin", "-fPIC", "-Wall", "-Wextra"],
];
const LINK_FLAGS = [
  ...["--target=wasm32", "-nostdlib", "-shared", "-Wl,--experimental-pic", "-Wl,--import-memory"],
  ...["-Wl,--no-entry", "-Wl,--strip-debug"],
];
/** Flags of each module; no kernel itself uses an atomic instruction. */
const MODULES = {
  "kernels.wasm": ["-Wl,--no-check-features"],
  "kernels-shared.wasm": ["-Wl,--shared-memory", "-Wl,--max-memory=4294967296"],
};

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

/** @returns the modules by name */
async function compile(files, names) {
  const { runClang, runLLVM } = await import("@yowasp/clang");
  // Without this the package reports every part of the compiler that it loads.
  await runLLVM(null, {}, { fetchProgress: () => undefined });
  const messages = [];
  const collect = (bytes) => bytes && messages.push(Buffer.from(bytes).toString());
  const clang = (flags, given) =>
    runClang(["clang", ...flags], given, { stdout: collect, stderr: collect });
  const sources = Object.keys(files).filter((name) => name.endsWith(".c"));
  const objects = sources.map((name) => name.replace(/c$/, "o"));
  const exported = names.map((name) => `-Wl,--export=${name}`);
  try {
    const compiled = await clang([...COMPILE_FLAGS, "-c", ...sources], files);
    const modules = {};
    for (const [name, flags] of Object.entries(MODULES)) {
      const linking = [...LINK_FLAGS, ...flags, ...exported, ...objects, "-o", name];
      modules[name] = (await clang(linking, compiled))[name];
    }
    if (messages.length > 0) console.error(messages.join(""));
    return modules;
  } catch (error) {
    throw new Error(`${messages.join("")}${error.message}`);
  }
}

async function build(files, kernelTable) {
  const exported = ["run_calls", "table_hash", ...Object.keys(kernelTable)];
  const hash = createHash("sha256")
    .update(JSON.stringify([files, COMPILE_FLAGS, LINK_FLAGS, MODULES, exported]))
    .digest("hex");
  if (existsSync(module) && existsSync(stamp) && readFileSync(stamp, "utf8") === hash)
    return say("up to date");
  const started = Date.now();
  const modules = await compile(files, exported);
  mkdirSync(output, { recursive: true });
  for (const [name, bytes] of Object.entries(modules)) {
    check(bytes);
    writeFileSync(path.join(output, name), bytes);
  }
  writeFileSync(stamp, hash);
  say(`compiled ${Object.keys(files).length} files in ${Date.now() - started} ms`);
}

/**
 * The module's entrance: runs a list of calls, each the number of a kernel and its arguments, all as doubles; offsets become
 * pointers into the memory at `base`.
 */
function dispatcher({ kernelTable, tableHash }) {
  const types = { number: "int", real: "float" };
  const lines = Object.entries(kernelTable).map(([name, signature], number) => {
    const parameters = signature.arguments.map((kind) => types[kind] ?? "void *").join(", ");
    const values = signature.arguments.map((kind, i) =>
      kind in types ? `(${types[kind]})c[${i + 1}]` : `base + (unsigned long)c[${i + 1}]`,
    );
    return {
      declaration: `${signature.returnsNumber ? "int" : "void"} ${name}(${parameters || "void"});`,
      case: `    case ${number}: ${name}(${values.join(", ")}); c += ${values.length + 1}; break;`,
    };
  });
  return `${lines.map(({ declaration }) => declaration).join("\n")}
int table_hash(void) { return ${tableHash()}; }
void run_calls(char *base, const double *calls, int count) {
  const double *c = calls;
  for (int i = 0; i < count; i++) switch ((int)*c) {
${lines.map((line) => line.case).join("\n")}
    default: return;
  }
}
`;
}

/** The sources by name, the generated one among them. */
function readSources(kernels) {
  const names = readdirSync(source).filter((name) => /\.[ch]$/.test(name));
  const texts = names.map((name) => [name, readFileSync(path.join(source, name), "utf8")]);
  return Object.fromEntries([...texts, ["dispatcher.c", dispatcher(kernels)]]);
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
  // -falign-loops: loops of a dozen instructions lose a fifth where they lie across a line of the instruction cache
  ...["-std=gnu11", "-O2", "-falign-loops=64", "-fPIC", "-fno-math-errno", "-fno-trapping-math"],
  ...["-Wall", "-Wextra", "-Wno-unknown-pragmas", "-DNAPI_VERSION=8"],
];

/**
 * The native module's front, for Node-API: `run(memory, offset, count)` runs a list of calls that stands in the memory, a
 * typed array; functions that return a number can be called by themselves; `prefer_large_pages(memory, bytes)` is advice for
 * the operating system.
 */
function front(kernelTable) {
  const isAsking = ([, signature]) => signature.returnsNumber;
  const asking = [
    ["table_hash", { arguments: [] }],
    ...Object.entries(kernelTable).filter(isAsking),
  ];
  const functions = asking.map(([name, signature]) => {
    const values = signature.arguments.map((_, i) => `(int)v[${i}]`).join(", ");
    const parameters = signature.arguments.map(() => "int").join(", ");
    return `int ${name}(${parameters || "void"});
static napi_value call_${name}(napi_env env, napi_callback_info info) {
  double v[${signature.arguments.length + 1}]; (void)v; numbers(env, info, ${signature.arguments.length}, v);
  napi_value result;
  napi_create_int32(env, ${name}(${values}), &result);
  return result;
}`;
  });
  return `#define _DEFAULT_SOURCE
#include <stddef.h>
#include <node_api.h>
#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#endif
void run_calls(char *base, const double *calls, int count);
static void numbers(napi_env env, napi_callback_info info, size_t count, double *v) {
  napi_value values[32];
  size_t given = count;
  napi_get_cb_info(env, info, &given, values, 0, 0);
  for (size_t i = 0; i < count; i++) napi_get_value_double(env, values[i], &v[i]);
}
static napi_value run(napi_env env, napi_callback_info info) {
  napi_value values[3];
  size_t given = 3;
  void *base = 0;
  double offset = 0, count = 0;
  napi_get_cb_info(env, info, &given, values, 0, 0);
  if (napi_get_typedarray_info(env, values[0], 0, 0, &base, 0, 0) != napi_ok) return 0;
  napi_get_value_double(env, values[1], &offset);
  napi_get_value_double(env, values[2], &count);
  run_calls(base, (const double *)((char *)base + (size_t)offset), (int)count);
  return 0;
}
/* Data that is read here and there costs a look at the table of pages for every page: the larger, the fewer. */
static napi_value prefer_large_pages(napi_env env, napi_callback_info info) {
  napi_value values[2];
  size_t given = 2;
  void *base = 0;
  double bytes = 0;
  napi_get_cb_info(env, info, &given, values, 0, 0);
  if (napi_get_typedarray_info(env, values[0], 0, 0, &base, 0, 0) != napi_ok) return 0;
  napi_get_value_double(env, values[1], &bytes);
#ifdef MADV_HUGEPAGE
  madvise(base, (size_t)bytes, MADV_HUGEPAGE);
#endif
  return 0;
}
${functions.join("\n")}
static void add(napi_env env, napi_value exports, const char *name, napi_callback kernel) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, kernel, 0, &function);
  napi_set_named_property(env, exports, name, function);
}
NAPI_MODULE_INIT() {
  add(env, exports, "run", run);
  add(env, exports, "prefer_large_pages", prefer_large_pages);
  ${asking.map(([name]) => `add(env, exports, "${name}", call_${name});`).join("\n  ")}
  return exports;
}
`;
}

/** Compiles the kernels for this processor where there is a C compiler; without one the WebAssembly form serves. */
async function buildNative(files, kernelTable) {
  const forms = NATIVE[process.arch] ?? [];
  const wanted = process.argv.includes("--all")
    ? forms
    : forms.filter(({ runs }) => runs()).slice(0, 1);
  const compiler = await run("cc", ["--version"]).catch(() => undefined);
  if (wanted.length === 0 || compiler === undefined)
    return say("no C compiler for this machine: the kernels run as WebAssembly");
  const texts = { ...files, "front.c": front(kernelTable) };
  const hash = createHash("sha256")
    .update(JSON.stringify([texts, wanted, NATIVE_FLAGS, compiler.stdout]))
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
  for (const [name, text] of Object.entries(texts)) writeFileSync(path.join(temporary, name), text);
  const sources = Object.keys(texts).filter((name) => name.endsWith(".c"));
  const compileForm = async ({ name, flags }) => {
    const object = (index) => path.join(temporary, `${name}-${index}.o`);
    const families = sources.map((family) => path.join(temporary, family));
    const compileOne = (from, index) =>
      run("cc", [...NATIVE_FLAGS, ...flags, "-I", headers, "-c", from, "-o", object(index)]);
    try {
      await Promise.all(families.map(compileOne));
      const target = path.join(output, `kernels-${name}.node`);
      await run("cc", ["-shared", ...families.map((_, index) => object(index)), "-o", target]);
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
  const kernels = await import(pathToFileURL(table).href);
  const { kernelTable } = kernels;
  const files = readSources(kernels);
  await Promise.all([build(files, kernelTable), buildNative(files, kernelTable)]);
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
