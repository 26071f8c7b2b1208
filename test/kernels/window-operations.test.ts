/** CNTK 2.7's numbers for convolution, pooling and unpooling once more, computed by our kernels on the wasm backend. */

import { expect, it } from "@jest/globals";
import { installKernels } from "../../src/engine/tensorflow-kernels.js";
import { Convolution } from "../../src/operations/convolution.js";
import { AveragePooling, MaxPooling, MaxUnpooling, Pooling } from "../../src/operations/pooling.js";
import { tf } from "../../src/operations/tensors.js";
import { checkCases, findBackends } from "../operations/harness.js";
import {
  convolutionPeerCases,
  legacyPoolingCases,
  poolingPeerCases,
} from "../operations/window-cases.js";

await findBackends();
await tf.setBackend("wasm");
const { installed, reason } = await installKernels();

if (installed) {
  checkCases(
    { Convolution, Pooling, MaxPooling, AveragePooling, MaxUnpooling },
    [...convolutionPeerCases, ...poolingPeerCases, ...legacyPoolingCases],
    ["wasm"],
  );
} else {
  console.warn(`our kernels are not tested: ${reason}`);
  it("says why there are no kernels", () => expect(reason).toContain("npm run build"));
}
