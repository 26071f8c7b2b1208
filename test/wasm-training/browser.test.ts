/** Pages import `tscntk/wasm-training` and train networks of TensorFlow.js's layers, in a headless Chromium. */

import { beforeAll, expect, it } from "@jest/globals";
import * as tf from "@tensorflow/tfjs";
import { addedKernels } from "../../src/wasm-training/node.js";
import { findChromium, runPage, type Page } from "./headless-browser.js";
import { smallNetworks, trainSmallNetwork } from "./small-networks.js";

const PATIENCE = 120_000;

const folder = "/node_modules/@tensorflow";

/** TensorFlow.js as scripts, which set the global `tf`. */
const scripts = ["tfjs/dist/tf.min.js", "tfjs-backend-wasm/dist/tf-backend-wasm.min.js"]
  .map((name) => `<script src="${folder}/${name}"></script>`)
  .join("\n");

/** TensorFlow.js as modules, found by their packages' names as with a bundler; what is Node's own is left empty. */
const modules = (() => {
  const nothing = "data:text/javascript,export default {}";
  const nodes = ["fs", "path", "os", "perf_hooks", "worker_threads", "crypto", "util"];
  const imports = {
    "@tensorflow/tfjs": `${folder}/tfjs/dist/tf.fesm.min.js`,
    "@tensorflow/tfjs-core": `${folder}/tfjs/dist/tf.fesm.min.js`,
    "@tensorflow/tfjs-backend-wasm": `${folder}/tfjs-backend-wasm/dist/tf-backend-wasm.fesm.min.js`,
    ...Object.fromEntries(nodes.map((name) => [name, nothing])),
  };
  return `<script type="importmap">${JSON.stringify({ imports })}</script>`;
})();

const train = `
import { addedKernels } from "/src/wasm-training/browser.js";
import { trainSmallNetwork } from "/test/wasm-training/small-networks.js";
const losses = [];
for (const network of ${JSON.stringify(smallNetworks)})
  losses.push(await trainSmallNetwork(tf, "wasm", network));
const isShared = !(tf.backend().wasm.HEAP8.buffer instanceof ArrayBuffer);
report({ addedKernels, losses, isShared });
`;

const withModules = `
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
setWasmPaths("${folder}/tfjs-backend-wasm/dist/");
${train}`;

const pages: readonly (Page & { readonly note: string; readonly isShared: boolean })[] = [
  { note: "scripts", head: scripts, module: train, isShared: false },
  { note: "modules", head: modules, module: withModules, isShared: false },
  { note: "scripts and threads", head: scripts, module: train, isIsolated: true, isShared: true },
];

const chromium = findChromium();
let expected: readonly (readonly number[])[] = [];

if (chromium === undefined) {
  console.warn("SKIPPED: wasm-training in a browser, for there is no Chromium on the PATH");
  it.skip("trains as in Node", () => undefined);
} else {
  beforeAll(async () => {
    tf.enableProdMode();
    const losses: (readonly number[])[] = [];
    for (const network of smallNetworks) losses.push(await trainSmallNetwork(tf, "wasm", network));
    expected = losses;
  }, PATIENCE);

  it.each(pages)(
    "trains as in Node: $note",
    async ({ isShared, ...page }) => {
      const found = await runPage(chromium, page);
      const closeTo = (loss: number): unknown => expect.closeTo(loss, 4);
      expect(found).toEqual({
        addedKernels,
        isShared,
        losses: expected.map((losses) => losses.map(closeTo)),
      });
    },
    PATIENCE,
  );
}
