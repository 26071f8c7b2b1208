/** What `tscntk check` does for actions that run networks: all that running it would do before it touches data. */

import { CntkError, located, nearestName } from "../../grammar/errors.js";
import type { Section } from "../config/section.js";
import { streamOf } from "../engine/streams.js";
import { findNode, type ComputationNetwork } from "../network/network.js";
import type { ComputationNode } from "../network/node.js";
import { evaluationOrder } from "../network/order.js";
import { configureReader, type ConfiguredReader } from "../readers/index.js";
import { trainingCriteria } from "../train/criterion.js";
import { sgdSection, sgdSettings } from "../train/settings.js";
import type { CheckAction, CheckedNetwork, Checking } from "./action.js";
import { obtainNetwork } from "./network-source.js";
import { originalNetwork, referenceNode } from "./original-network.js";
import { nodesToEvaluate, testSettings } from "./test.js";
import { nodesToWrite, writeSettings } from "./write.js";

export const checkTrain: CheckAction = (section, checking) =>
  checkTraining(section, checking, () => obtainNetwork(section, checking.run, "train", checking));

export const checkAdapt: CheckAction = (section, checking) => {
  const { attempt, run } = checking;
  const load = () => originalNetwork(section, run, checking);
  const weight = attempt(() => sgdSettings(sgdSection(section)).adaptationRegWeight) ?? 0;
  if (weight > 0) attempt(() => referenceNode(section, load()));
  return checkTraining(section, checking, load);
};

/** @param build the network before its first epoch */
function checkTraining(
  section: Section,
  checking: Checking,
  build: () => ComputationNetwork,
): CheckedNetwork | undefined {
  const { attempt } = checking;
  const sgd = attempt(() => sgdSection(section));
  if (sgd?.has("modelPath") === true) {
    attempt(() => checking.willMake(sgd.string("modelPath"), build));
  }
  const settings = attempt(() => sgd && sgdSettings(sgd));
  attempt(() => section.bool("makeMode", true));
  const readers = checkReaders(section, ["reader", "cvReader"], checking);
  const network = attempt(build);
  if (network === undefined) return undefined;
  // whoever cannot say which nodes are meant has been told so
  if (settings === undefined) return { network };
  const criteria = attempt(() => placed(section, () => trainingCriteria(network, settings)));
  if (criteria === undefined) return { network };
  checkInputs(criteria.reported, readers, checking);
  return { network, criterion: criteria.criterion };
}

export const checkTest: CheckAction = (section, checking) => {
  const { attempt } = checking;
  const settings = attempt(() => testSettings(section));
  const readers = checkReaders(section, ["reader"], checking);
  const network = attempt(() => obtainNetwork(section, checking.run, "use", checking));
  if (network === undefined) return undefined;
  if (settings === undefined) return { network };
  const names = settings.evalNodeNames;
  warnOfUnknownNodes(section, "evalNodeNames", names, { network, checking });
  const nodes = attempt(() =>
    placed(section, () => nodesToEvaluate(network, names, () => undefined)),
  );
  checkInputs(nodes ?? [], readers, checking);
  return { network };
};

export const checkWrite: CheckAction = (section, checking) => {
  const { attempt, run } = checking;
  const settings = attempt(() => writeSettings(section, run));
  const readers = checkReaders(section, ["reader"], checking);
  const network = attempt(() => obtainNetwork(section, run, "use", checking));
  if (network === undefined) return undefined;
  if (settings === undefined) return { network };
  const names = settings.outputNodeNames;
  warnOfUnknownNodes(section, "outputNodeNames", names, { network, checking });
  const nodes = attempt(() => placed(section, () => nodesToWrite(network, names, () => undefined)));
  checkInputs(nodes ?? [], readers, checking);
  return { network };
};

/** Errors about a network as a whole have no place of their own: they get that of the section. */
export function placed<Result>(section: Section, step: () => Result): Result {
  try {
    return step();
  } catch (error) {
    const hasPlace = error instanceof CntkError && error.ranges.length > 0;
    throw hasPlace ? error : located(error, section.range);
  }
}

/** The readers of those keys that are there and right; the first one must be there. */
export function checkReaders(
  section: Section,
  [required = "", ...optional]: readonly string[],
  { attempt }: Checking,
): readonly ConfiguredReader[] {
  const keys = [required, ...optional.filter((key) => section.has(key))];
  return keys.flatMap((key) => attempt(() => configureReader(section.section(key))) ?? []);
}

/** Every reader must have a stream for every input that the nodes need. */
export function checkInputs(
  nodes: readonly ComputationNode[],
  readers: readonly ConfiguredReader[],
  { attempt }: Checking,
): void {
  const inputs = evaluationOrder(nodes).filter(({ operation }) => operation.leaf === "input");
  for (const { streams } of readers) {
    for (const input of inputs) attempt(() => streamOf(input, streams));
  }
}

/** A run passes over names that the network does not have. */
export function warnOfUnknownNodes(
  section: Section,
  key: string,
  names: readonly string[],
  { network, checking }: { readonly network: ComputationNetwork; readonly checking: Checking },
): void {
  for (const name of names) {
    if (findNode(network, name) !== undefined) continue;
    const nearest = nearestName(
      name,
      network.nodes.map((node) => node.name),
    );
    const hint = nearest === undefined ? undefined : `did you mean '${nearest}'?`;
    const message = `the network has no node named '${name}': it is skipped`;
    checking.warn(section.error(key, message, hint));
  }
}
