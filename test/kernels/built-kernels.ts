/** Groups of tests that need the kernels in some form: skipped loudly where that form is not built. */

import { describe, it } from "@jest/globals";
import { loadKernelLibrary, type KernelLibrary } from "../../src/kernels/library.js";

export function withKernels(
  form: "wasm" | "native",
  bytes: number,
  title: string,
  register: (library: KernelLibrary) => void,
): void {
  const library = loadKernelLibrary(form, bytes);
  if (library !== undefined) {
    describe(title, () => register(library));
    return;
  }
  console.warn(`SKIPPED: ${title}, for the kernels as ${form} have not been built here`);
  describe.skip(title, () => {
    it("needs kernels that have been built", () => undefined);
  });
}
