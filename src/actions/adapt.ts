/** Action `adapt`: goes on training a model with other data, held near what it was before (actions.md 7). */

import { located } from "../../grammar/errors.js";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { expectNode, type ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import type { Reference } from "../train/adapted-labels.js";
import type { SgdSettings } from "../train/settings.js";
import { networkOfModel, type Inspection } from "./network-source.js";
import { trainFrom } from "./train.js";

export async function adaptAction(section: Section, run: Run): Promise<void> {
  await trainFrom(section, run, {
    newNetwork: () => {
      run.stampedLog(`Load Network From the original model file ${originalModel(section)}.`);
      return originalNetwork(section, run);
    },
    reference: (settings) => referenceOf(section, run, settings),
  });
}

const originalModel = (section: Section): string => section.string("origModelFileName");

/** The validated network before any adaptation. @throws CntkError "reading", "validating" */
export function originalNetwork(
  section: Section,
  run: Run,
  inspection?: Inspection,
): ComputationNetwork {
  const file = originalModel(section);
  try {
    return (
      inspection?.futureModel(file) ?? networkOfModel(file, run, section.integer("traceLevel", 0))
    );
  } catch (error) {
    throw located(error, section.rangeOf("origModelFileName"));
  }
}

/** The node of the original network that the labels lean to. @throws CntkError "configuring", "running" */
export function referenceNode(section: Section, original: ComputationNetwork): ComputationNode {
  const name = section.string("refNodeName");
  try {
    return expectNode(original, name);
  } catch (error) {
    throw located(error, section.rangeOf("refNodeName"));
  }
}

function referenceOf(
  section: Section,
  run: Run,
  { adaptationRegWeight: weight }: SgdSettings,
): Reference | undefined {
  if (weight === 0) return undefined;
  const file = originalModel(section);
  run.stampedLog(`Load reference Network From the original model file ${file}.`);
  const network = originalNetwork(section, run);
  return { network, node: referenceNode(section, network), weight };
}
