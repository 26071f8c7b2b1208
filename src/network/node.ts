/** ComputationNode: one named node of the graph. */

import type { SourceRange } from "../../grammar/source.js";
import type { Operation } from "../operations/operation.js";
import type { Settings } from "../operations/settings.js";
import type { Shape } from "../operations/shape.js";
import type { FloatArray } from "../readers/float-array.js";

export type { FloatArray };

/** The groups a node can belong to. */
export type Tag = "feature" | "label" | "criterion" | "evaluation" | "output";

/** How a parameter gets its first value (nodes.md 13). */
export type Initialization =
  | {
      readonly kind: "random";
      /** glorotUniform, heNormal, ... */
      readonly distribution: string;
      readonly scale: number;
      readonly seed: number;
      readonly filterRank: number;
      readonly outputRank: number;
    }
  | { readonly kind: "constant"; readonly value: number }
  /** a text matrix: one row a line; `origin` is the file it came from, for messages */
  | { readonly kind: "text"; readonly text: string; readonly origin: string }
  /** already there, loaded from a model file; of a statistic, computed before training */
  | { readonly kind: "loaded" };

/** What only a LearnableParameter has. */
export interface ParameterState {
  /** 0 for constants */
  learningRateMultiplier: number;
  readonly initialization: Initialization;
  /** elements in memory order; undefined until all dimensions are known */
  value: FloatArray | undefined;
  /** sum over the minibatch of the criterion's gradient, as the engine left it */
  gradient: FloatArray | undefined;
}

export interface ComputationNode {
  name: string;
  readonly operation: Operation;
  readonly settings: Settings;
  inputs: readonly ComputationNode[];
  readonly tags: Set<Tag>;
  /** where the node was created in the config, innermost first */
  readonly ranges: readonly SourceRange[];
  /** sample shape; inferred by validation */
  shape: Shape;
  /** name of the dynamic axis (`*` is the default one), undefined without one; inferred by validation */
  dynamicAxis: string | undefined;
  /** inferred by validation */
  needsGradient: boolean;
  /** of parameters, and of statistics over the training data (Mean, InvStdDev) */
  readonly parameter?: ParameterState;
}
