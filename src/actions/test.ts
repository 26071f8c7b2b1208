/** Actions `test` and `eval`: average criteria over a data set (actions.md 3). */

import { findNode, type ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { createReader } from "../readers/index.js";
import { expectScalar } from "../train/criterion.js";
import { evaluateNodes } from "../train/evaluation.js";
import { obtainNetwork } from "./network-source.js";

/** The keys of the section itself. @throws CntkError "configuring" */
export function testSettings(section: Section) {
  // even a section that builds its network must name a model
  section.string("modelPath");
  return {
    traceLevel: section.integer("traceLevel", 0),
    evalNodeNames: section.strings("evalNodeNames", []),
    minibatchSize: section.schedule("minibatchSize", "integer", [40960]).at(0),
    epochSize: section.integer("epochSize", 0),
    numMBsToShowResult: section.integer("numMBsToShowResult", 100),
    firstMBsToShowResult: section.integer("firstMBsToShowResult", 0),
  };
}

export async function testAction(section: Section, run: Run): Promise<void> {
  const { traceLevel, evalNodeNames, ...settings } = testSettings(section);
  const readerSection = section.section("reader");
  const reader = await createReader(readerSection, {
    log: run.log,
    traceLevel,
    // without a word about it in the reader's own section the data is read in file order
    ...(readerSection.hasOwn("randomize") ? {} : { randomize: false }),
  });
  const network = obtainNetwork(section, run, "use");
  const nodes = nodesToEvaluate(network, evalNodeNames, run.log);
  evaluateNodes({
    ...settings,
    engine: await run.engine(network),
    network,
    nodes,
    reader,
    showsIntermediate: traceLevel > 0,
    stampedLog: run.stampedLog,
  });
}

/** @throws CntkError "running" if one of them is no scalar */
export function nodesToEvaluate(
  network: ComputationNetwork,
  names: readonly string[],
  log: (text: string) => void,
): readonly ComputationNode[] {
  const nodes =
    names.length > 0 ? namedNodes(network, names, log) : defaultEvaluationNodes(network, log);
  for (const node of nodes) expectScalar(node);
  return nodes;
}

function defaultEvaluationNodes(
  { groups }: ComputationNetwork,
  log: (text: string) => void,
): readonly ComputationNode[] {
  log(
    "evalNodeNames are not specified, using all the default evalnodes and training criterion nodes.",
  );
  return [...new Set([...groups.evaluation, ...groups.criterion])];
}

/** Nodes by name; a name that is not in the network is reported and left out. */
export function namedNodes(
  network: ComputationNetwork,
  names: readonly string[],
  log: (text: string) => void,
): ComputationNode[] {
  return names.flatMap((name) => {
    const node = findNode(network, name);
    if (node !== undefined) return [node];
    log(`PatchOutputNodes: No node named '${name}'; skipping`);
    return [];
  });
}
