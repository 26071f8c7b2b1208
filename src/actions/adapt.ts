/** Action `adapt`: goes on training a model with other data, held near what it was before (actions.md 7). */

import type { Section } from "../config/section.js";
import type { Run } from "../engine/run.js";
import type { Reference } from "../train/adapted-labels.js";
import type { SgdSettings } from "../train/settings.js";
import { originalModel, originalNetwork, referenceNode } from "./original-network.js";
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
