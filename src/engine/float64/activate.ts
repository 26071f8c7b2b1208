/** Makes everything compute in double. */

import { loadTensors, tf, useDoubles } from "../../operations/tensors.js";
import { activateFloat64 } from "./backend.js";
import { ELEMENTWISE } from "./elementwise.js";
import { exactFunctions } from "./exact-tensors.js";
import { LAYOUT } from "./layout.js";
import { REDUCTIONS } from "./reductions.js";

/** From now on TensorFlow.js's operations compute in double, on any machine. */
export async function computeInDouble(): Promise<void> {
  await loadTensors();
  tf.enableProdMode();
  await activateFloat64({ ...ELEMENTWISE, ...REDUCTIONS, ...LAYOUT });
  useDoubles(exactFunctions(tf));
}
