/** The network that `adapt` begins with and holds to, in a file of its own: checking a config needs no training. */

import { located } from "../../grammar/errors.js";
import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import { expectNode, type ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import { networkOfModel, type Inspection } from "./network-source.js";

export const originalModel = (section: Section): string => section.string("origModelFileName");

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
