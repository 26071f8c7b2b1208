/** Evaluation of nodes over a data set: the action `test` and the validation after an epoch (actions.md 3). */

import type { Engine } from "../engine/engine.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import type { Reader } from "../readers/reader.js";
import { CriterionTotals } from "./criterion.js";
import { printf } from "../script/printf.js";
import { formatCriterion, type CriterionItem } from "./log-format.js";
import { isReportDue } from "./progress.js";
import { Programs } from "./programs.js";

export interface EvaluationRequest {
  readonly engine: Engine;
  readonly network: ComputationNetwork;
  /** scalar nodes, in the order in which they are reported */
  readonly nodes: readonly ComputationNode[];
  readonly reader: Reader;
  readonly minibatchSize: number;
  /** samples; 0 stands for all data */
  readonly epochSize: number;
  readonly numMBsToShowResult: number;
  readonly firstMBsToShowResult: number;
  /** false leaves the lines between out: only the final one is written */
  readonly showsIntermediate: boolean;
  readonly stampedLog: (text: string) => void;
}

/** Averages of the nodes over the data in inference mode; writes the result lines. Sums are kept in double. */
export function evaluateNodes(request: EvaluationRequest): CriterionItem[] {
  const { engine, network, nodes, reader, stampedLog } = request;
  const programs = new Programs(engine, { network, outputs: nodes });
  try {
    const totals = new CriterionTotals(nodes, "double");
    const report = new IntermediateReports(request, totals);
    engine.beginPass();
    reader.startEpoch({
      minibatchSize: request.minibatchSize,
      epoch: 0,
      epochSize: request.epochSize,
    });
    let minibatches = 0;
    for (let data = reader.nextMinibatch(); data !== undefined; data = reader.nextMinibatch()) {
      const program = programs.for(data.samples);
      program.run(data, { isTraining: false, dropoutRate: 0 });
      totals.add(program, data.samples);
      minibatches++;
      if (isReportDue(minibatches, request)) report.upTo(minibatches);
    }
    report.upTo(minibatches);
    const items = totals.items();
    stampedLog(finalLine(minibatches, items, nodes));
    return items;
  } finally {
    programs.dispose();
  }
}

/** Lines for parts of the data; each shows the average of its own part. */
class IntermediateReports {
  readonly #request: EvaluationRequest;
  readonly #totals: CriterionTotals;
  #shownTotals;
  #shown = 0;

  constructor(request: EvaluationRequest, totals: CriterionTotals) {
    this.#request = request;
    this.#totals = totals;
    this.#shownTotals = totals.totals;
  }

  upTo(minibatches: number): void {
    if (!this.#request.showsIntermediate || minibatches === this.#shown) return;
    const items = this.#totals.items(this.#shownTotals).map(formatCriterion).join("; ");
    this.#request.stampedLog(
      `${printf("Minibatch[%d-%d]", this.#shown + 1, minibatches)}: ${items}`,
    );
    this.#shown = minibatches;
    this.#shownTotals = this.#totals.totals;
  }
}

const WITH_PERPLEXITY = new Set([
  "CrossEntropyWithSoftmax",
  "CrossEntropy",
  "ClassBasedCrossEntropyWithSoftmax",
  "NCEBasedCrossEntropyWithSoftmax",
]);

function finalLine(
  minibatches: number,
  items: readonly CriterionItem[],
  nodes: readonly ComputationNode[],
): string {
  const texts = items.map((item, i) => {
    const hasPerplexity = WITH_PERPLEXITY.has(nodes[i]?.operation.name ?? "");
    const perplexity = hasPerplexity ? printf("; perplexity = %.8f", Math.exp(item.value)) : "";
    return formatCriterion(item) + perplexity;
  });
  return `Final Results: Minibatch[1-${minibatches}]: ${texts.join("; ")}`;
}
