/** What stands at the beginning of a network: parameters, inputs, the environment (nodes.md 14.1). CNTK: InputAndParamNodes.h. */

import { CntkError } from "../../grammar/errors.js";
import { operation, type LeafKind } from "./operation.js";
import { setting } from "./settings.js";
import { tf } from "./tensors.js";

/** A node without inputs whose shape is what its record declares and whose value comes from elsewhere. */
function declaredLeaf(leaf: LeafKind) {
  return operation({ inputs: [], leaf, shape: ({ declared }) => declared });
}

/** A learned tensor, or a constant if its learningRateMultiplier is 0. CNTK: LearnableParameter. */
export const LearnableParameter = declaredLeaf("parameter");

/** What the reader delivers under the node's name. Shape: [dims x *]. CNTK: InputValue. */
export const InputValue = declaredLeaf("input");

/** As InputValue; sparse data mean the same as dense ones. CNTK: SparseInputValue. */
export const SparseInputValue = { ...declaredLeaf("input"), isSparse: true };

/** The name of a sequence axis; it has no value. CNTK: DynamicAxisNode. */
export const DynamicAxis = declaredLeaf("dynamicAxis");

/** isTraining: 1 in training, 0 otherwise. Shape: [1]. CNTK: EnvironmentInputNode. */
export const EnvironmentInput = operation({
  inputs: [],
  leaf: "environment",
  settings: { propertyName: setting.string() },
  shape({ settings: { propertyName }, isFinal }) {
    if (isFinal && propertyName !== "isTraining") {
      throw new CntkError(
        "validating",
        `EnvironmentInput: expected the property 'isTraining', found '${propertyName}'`,
      );
    }
    return [1];
  },
  forward: (_, { isTraining }) => tf.tensor2d([[isTraining ? 1 : 0]]),
});
