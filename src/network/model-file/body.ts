/** The body of a node: what a model file stores of it besides its name and inputs (model-format.md 4). */

import type { Operation } from "../../operations/operation.js";
import type { Settings } from "../../operations/settings.js";
import type { Shape } from "../../operations/shape.js";
import type { ComputationNode, ParameterState } from "../node.js";
import type { BinaryReader, ElementSize } from "./binary-reader.js";
import type { BinaryWriter } from "./binary-writer.js";
import type { ElementType } from "./matrix.js";

/** A body about to be read. */
export interface BodySource {
  readonly reader: BinaryReader;
  readonly version: number;
  readonly operation: Operation;
  readonly nodeName: string;
  /** elements of this node in the file */
  readonly elementSize: ElementSize;
  /** elements in this run */
  readonly precision: ElementType;
}

/** What a body says about its node. */
export interface Body {
  readonly settings: Settings;
  readonly shape?: Shape;
  readonly dynamicAxis?: string;
  readonly parameter?: ParameterState;
  /** batch normalisation before version 19: the sample count that later versions keep in an input */
  readonly sampleCount?: number;
  /** settings of nodes to put in front: later releases do in one node what takes several here */
  readonly before?: readonly Settings[];
}

/** A node about to be written. */
export interface BodyTarget {
  readonly writer: BinaryWriter;
  /** of the file; not an old one */
  readonly version: number;
  readonly node: ComputationNode;
  readonly elementSize: ElementSize;
}

/** How bodies of one operation are stored where its list of settings alone does not say it. */
export interface BodyFormat {
  readonly read: (source: BodySource) => Body;
  readonly write: (target: BodyTarget) => void;
}
