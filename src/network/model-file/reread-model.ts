/** Values of a model file put back into the network they were saved from (model-format.md 2.1). CNTK: RereadPersistableParameters. */

import { CntkError } from "../../../grammar/errors.js";
import type { ComputationNetwork } from "../network.js";
import type { ComputationNode } from "../node.js";
import { quoted } from "./binary-reader.js";
import { openModel, readNodes } from "./read-nodes.js";
import type { ReadModelOptions } from "./read-options.js";
import { WRITTEN_VERSION } from "./settings-body.js";

/**
 * Reads the nodes of a model file of this network again: parameters, running statistics and what was computed before
 * training get the values of the file. Settings are left as training has set them, and inputs are not looked at.
 * @throws CntkError "reading" if the file is damaged or of another network; some values may be back then
 */
export function rereadModel(
  bytes: Uint8Array,
  fileName: string,
  network: ComputationNetwork,
  options: ReadModelOptions,
): void {
  const model = openModel(bytes, fileName, options);
  const { reader, version } = model;
  if (version < WRITTEN_VERSION) {
    throw reader.error(
      `expected a file that this program wrote, of version ${WRITTEN_VERSION} or later, found version ${version}`,
    );
  }
  const open = new Map(network.nodes.map((node) => [node.name, node]));
  readNodes(model, ({ node: saved }, at) => {
    const node = open.get(saved.name);
    open.delete(saved.name);
    if (node?.operation.name !== saved.operation.name) {
      const found = `a node ${quoted(saved.name)} of type ${saved.operation.name}`;
      throw reader.error(`${found}, which the network does not have`, at, ANOTHER_NETWORK);
    }
    if (!restore(node, saved)) {
      throw reader.error(`${quoted(saved.name)} has another size here`, at, ANOTHER_NETWORK);
    }
  });
  const [missing] = [...open.values()].filter(({ parameter }) => parameter?.value !== undefined);
  if (missing === undefined) return;
  throw new CntkError("reading", `${fileName}: there is no ${quoted(missing.name)}`, {
    hint: ANOTHER_NETWORK,
  });
}

const ANOTHER_NETWORK = "the model is not of the network in training";

/** In place: others hold the array. @returns false if there is no room for the value */
function restore({ parameter }: ComputationNode, saved: ComputationNode): boolean {
  const value = saved.parameter?.value;
  if (parameter === undefined || value === undefined) return true;
  parameter.value ??= value;
  if (parameter.value.length !== value.length) return false;
  parameter.value.set(value);
  return true;
}
