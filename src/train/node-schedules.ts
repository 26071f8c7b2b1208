/** What the SGD section changes in the nodes of the network before and during training (training.md 3.2 and 5.6). */

import { printf } from "../script/printf.js";
import type { ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import type { SgdSettings } from "./settings.js";

/** Writes scheduled values into the nodes' settings at the start of every epoch, and says so in the log. */
export class NodeSchedules {
  readonly #settings: SgdSettings;
  readonly #log: (text: string) => void;
  readonly #dropouts: readonly ComputationNode[];
  readonly #normalizations: readonly ComputationNode[];
  #dropoutRate = 0;
  #timeConstant = 0;
  #blendTimeConstant = 0;

  constructor(network: ComputationNetwork, settings: SgdSettings, log: (text: string) => void) {
    this.#settings = settings;
    this.#log = log;
    this.#dropouts = nodesWith(network, "Dropout");
    this.#normalizations = nodesWith(network, "BatchNormalization");
    for (const node of nodesWith(network, "MaxUnpooling")) {
      Object.assign(node.settings, { unpoolingGradient: settings.unpoolingGradient });
    }
  }

  /** @returns true if settings of nodes have changed */
  enter(epoch: number): boolean {
    this.#announceDropout(this.#settings.dropoutRate(epoch));
    const timeConstant = this.#settings.batchNormalizationTimeConstant(epoch);
    const blendTimeConstant = this.#settings.batchNormalizationBlendTimeConstant(epoch);
    // a value in the network's description outlives the default 0
    const isNew = timeConstant !== this.#timeConstant;
    const isBlendNew = blendTimeConstant !== this.#blendTimeConstant;
    if (isNew) {
      this.#log(printf("Setting batch normalization time constant to %.8g.", timeConstant));
      this.#setAll({ normalizationTimeConstant: timeConstant });
    }
    if (isBlendNew) {
      this.#log(
        printf("Setting batch normalization blend time constant to %.8g.", blendTimeConstant),
      );
      this.#setAll({ blendTimeConstant });
    }
    this.#timeConstant = timeConstant;
    this.#blendTimeConstant = blendTimeConstant;
    return isNew || isBlendNew;
  }

  /** The rate itself is handed to every run of a program. */
  #announceDropout(rate: number): void {
    if (rate === this.#dropoutRate) return;
    this.#dropoutRate = rate;
    this.#log(printf("Setting dropout rate to %.8g.", rate));
    if (this.#dropouts.length === 0 && rate > 0) {
      this.#log(
        "WARNING: there is no Dropout node in the network; the dropout rate has no effect.",
      );
    }
  }

  #setAll(values: Readonly<Record<string, number>>): void {
    for (const node of this.#normalizations) Object.assign(node.settings, values);
  }
}

function nodesWith(network: ComputationNetwork, operation: string): ComputationNode[] {
  return network.nodes.filter((node) => node.operation.name === operation);
}

/** Scale and bias of batch normalizations where disableRegInBatchNormalization takes them out of L1 and L2. */
export function unregularizedParameters(
  network: ComputationNetwork,
  settings: Pick<SgdSettings, "disableRegInBatchNormalization">,
): Set<ComputationNode> {
  if (!settings.disableRegInBatchNormalization) return new Set();
  return new Set(
    nodesWith(network, "BatchNormalization").flatMap((node) => node.inputs.slice(1, 3)),
  );
}
