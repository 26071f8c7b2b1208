/** What reading a model file depends on besides the file. */

import type { Operation } from "../../operations/operation.js";
import type { ElementType } from "./matrix.js";

export interface ReadModelOptions {
  /** elements of this run; the file may have others, which are converted */
  readonly precision: ElementType;
  /** operations by name and alias */
  readonly operations: ReadonlyMap<string, Operation>;
  /** takes what the user should know about an old file, or one of CNTK 2 */
  readonly log?: ((line: string) => void) | undefined;
}
