import { describe, expect, it } from "@jest/globals";
import { selectBackend } from "../../src/engine/backend.js";
import { createEngine } from "../../src/engine/index.js";
import { tf } from "../../src/operations/tensors.js";

const quiet = () => undefined;

/** The message of what `action` rejects with; empty if it does not. */
async function failure(action: () => Promise<unknown>): Promise<string> {
  try {
    await action();
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("selectBackend", () => {
  it.each(["wasm", "cpu", "wasm"])("makes %s the current one", async (name) => {
    const backend = await selectBackend(name);
    expect(backend.name).toBe(name);
    expect(backend.why).toMatch(/^as requested; /);
    expect(tf.getBackend()).toBe(name);
    const product = tf.tidy(() => tf.matMul([[1, 2]], [[3], [4]]).dataSync());
    expect([...product]).toEqual([11]);
  });

  it("takes the first that starts and says which ones did not", async () => {
    const { name, why } = await selectBackend("auto");
    const native = await failure(() => selectBackend("tensorflow"));
    if (native === "") {
      expect(name).toBe("tensorflow");
    } else {
      expect(name).toBe("wasm");
      expect(why).toMatch(/^WebAssembly; .*; tensorflow is not available: ./);
      expect(native).toMatch(/^backend "tensorflow" cannot start: ./);
    }
  });

  it("rejects unknown names", async () => {
    await expect(selectBackend("wsam")).rejects.toMatchObject({
      phase: "configuring",
      message: 'unknown backend "wsam": expected auto, tensorflow, wasm, cpu',
      hint: 'did you mean "wasm"?',
    });
  });
});

describe("createEngine", () => {
  it("describes itself", async () => {
    const engine = await createEngine("cpu", quiet);
    expect(engine.description).toBe(
      "portable engine, TensorFlow.js 4.22.0 on backend cpu (as requested; plain JavaScript), computing in float",
    );
    engine.dispose();
  });
});
