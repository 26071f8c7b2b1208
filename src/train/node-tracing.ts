/** Values of nodes in the log, at every minibatch: traceNodeNamesReal, -Category and -Sparse (training.md 3.3). */

import type { Program } from "../engine/engine.js";
import { expectNode, type ComputationNetwork } from "../network/network.js";
import type { ComputationNode, FloatArray } from "../network/node.js";
import { elementCount, printShape } from "../operations/shape.js";
import { printf } from "../script/printf.js";

/** How one sample is written. */
const FORMS = {
  real: (sample: FloatArray) => Array.from(sample, (value) => printf("%.8g", value)).join(" "),
  category: (sample: FloatArray) => String(sample.indexOf(Math.max(...sample))),
  sparse: (sample: FloatArray) =>
    Array.from(sample, (value, i) => (value === 0 ? "" : printf("%d:%.8g", i, value)))
      .filter((text) => text !== "")
      .join(" "),
} as const;

export type TraceForm = keyof typeof FORMS;

/** Which nodes the config asks for, by form. */
export type TracedNames = Readonly<Record<TraceForm, readonly string[]>>;

export class NodeTracing {
  readonly #traced: readonly { readonly node: ComputationNode; readonly form: TraceForm }[];
  readonly #log: (text: string) => void;

  /** @throws CntkError "running" if the network has no node of a name */
  constructor(network: ComputationNetwork, names: TracedNames, log: (text: string) => void) {
    const forms: readonly TraceForm[] = ["real", "category", "sparse"];
    this.#traced = forms.flatMap((form) =>
      names[form].map((name) => ({ node: expectNode(network, name), form })),
    );
    this.#log = log;
  }

  get nodes(): readonly ComputationNode[] {
    return this.#traced.map(({ node }) => node);
  }

  /** Writes what the program has just computed: a line for the node, and one for each sample. */
  write(program: Program, minibatch: number): void {
    for (const { node, form } of this.#traced) {
      const values = program.value(node);
      const size = elementCount(node.shape);
      this.#log(
        `Minibatch ${minibatch}: ${node.name} = ${node.operation.name} : [${printShape(node.shape)}]`,
      );
      for (let begin = 0; begin < values.length; begin += size) {
        this.#log(`\t${FORMS[form](values.subarray(begin, begin + size))}`);
      }
    }
  }
}
